"""A tiny world to book in: a few airports and airlines, and departures with as many seats as a test wants.

It is loaded by the owner's role, as an inventory is; prices are made by the rules that bookingd ships.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import asyncpg

from bookingd.storage.database import analyze
from bookingd.storage.prices import seed_rules
from tests.fakes.inventory import Planted, plant, plant_world

FROM, TO = "FRA", "LHR"
"""The way that `bookingd trip` goes when it is told no other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Departures from FRA to LHR, all on one day, two weeks from now."""

    day: date
    departures: Sequence[int]
    """Their ids, the earliest first."""


async def make_world(owner_dsn: str, *seats: int) -> World:
    """Plant one departure for each number of seats, two hours apart; all cost the same."""
    now = datetime.now(UTC)
    day = now.date() + timedelta(days=14)
    departures = [
        Planted(
            id=number,
            origin=FROM,
            destination=TO,
            leaves=datetime.combine(day, time(6)) + timedelta(hours=2 * (number - 1)),
            minutes=100,
            seats=capacity,
        )
        for number, capacity in enumerate(seats, start=1)
    ]
    owner = await asyncpg.connect(owner_dsn)
    try:
        await plant_world(owner)
        await plant(owner, *departures)
        await seed_rules(owner, now)
        await analyze(owner)
    finally:
        await owner.close()
    return World(day=day, departures=[one.id for one in departures])
