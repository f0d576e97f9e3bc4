"""Keeps from a set what has proved unsellable since it was made.

Its one rule: an offer is hidden when what it takes, or its fare, was refused, unless it was made after that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from bookingd.domain.offers import Offer
from bookingd.domain.stays import StayOffer
from bookingd.domain.unsellable import keys
from bookingd.results.columns import Columns, Mask

LAYOUT = ("takes", "fare", "made")
"""The columns that every set has for it; `made` in milliseconds since 1970."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def numbers_of(offer: Offer | StayOffer) -> tuple[int, int, int]:
    """An offer's entries of these columns."""
    return *keys(offer), (offer.made_at - _EPOCH) // timedelta(milliseconds=1)


def touching(columns: Columns, refused: Mapping[int, int]) -> dict[int, int]:
    """Of what was refused that which the set has something of."""
    keys = np.array(sorted(refused), np.int64)
    there = np.zeros(len(keys), bool)
    for name in LAYOUT[:2]:
        there |= np.isin(keys, columns.numbers[name])
    return {key: refused[key] for key in keys[there].tolist()}


def only_sellable(refused: Mapping[int, int]) -> tuple["Sellable", ...]:
    """The filter, where anything was refused."""
    return (Sellable(refused=refused),) if refused else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sellable:
    """Those that nobody was refused: a filter that belongs to no facet, and so holds for all of them."""

    refused: Mapping[int, int]
    """By key, until when an offer has to have been made to be hidden, as `Unsellable.refused` tells it."""
    facet: str = "sellable"

    def mask(self, columns: Columns) -> Mask:
        keys = np.array(sorted(self.refused), np.int64)
        until = np.array([self.refused[key] for key in keys.tolist()], np.int64)
        hidden = np.zeros(columns.size, bool)
        for name in LAYOUT[:2]:
            own = columns.numbers[name]
            place = np.minimum(np.searchsorted(keys, own), len(keys) - 1)
            hidden |= (keys[place] == own) & (columns.numbers["made"] <= until[place])
        passes: Mask = ~hidden
        return passes
