"""Which offers are the like of one that was refused."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bookingd.domain.flights import Cabin
from bookingd.domain.unsellable import GONE, SOLD_OUT, fare, refusal, takes, wanted
from tests import factories
from tests.fakes.sources import START

LIGHT, FLEX = (factories.offer(1, 2, family=family) for family in ("Light", "Flex"))


def test_fares_of_the_same_seats_are_sold_out_together_and_gone_one_by_one() -> None:
    assert takes(LIGHT) == takes(FLEX)
    assert fare(LIGHT) != fare(FLEX)
    sold_out, gone = (refusal(LIGHT, reason, at=START) for reason in (SOLD_OUT, GONE))
    assert sold_out is not None
    assert gone is not None
    assert (sold_out.key, gone.key) == (takes(LIGHT), fare(LIGHT))


@pytest.mark.parametrize(
    "other",
    [
        factories.offer(2, 1),
        factories.offer(1),
        factories.offer(1, 2, supplier="acme"),
        factories.offer(1, 2, cabin=Cabin.BUSINESS),
    ],
    ids=["other flights", "less of them", "another supplier", "another cabin"],
)
def test_other_seats_are_others(other: object) -> None:
    assert isinstance(other, type(LIGHT))
    assert takes(other) != takes(LIGHT)


def test_how_many_were_wanted_is_part_of_a_refusal_and_not_of_what_it_is_about() -> None:
    family = factories.offer(1, 2, for_party=factories.party(2, 1, 1))

    refused = refusal(family, SOLD_OUT, at=START)

    assert takes(family) == takes(LIGHT)
    assert refused is not None
    assert (refused.number, wanted(LIGHT)) == (3, 1)


def test_what_was_about_who_asked_is_not_remembered() -> None:
    assert refusal(LIGHT, "not_allowed", at=START) is None


def test_a_stay_is_its_hotel_its_nights_its_rooms_and_their_rates() -> None:
    stay = factories.stay(1)
    others = [
        factories.stay(2),
        factories.stay(1, supplier="acme"),
        factories.stay(1, rate="saver"),
        replace(stay, check_out=stay.check_out + timedelta(days=1)),
        replace(stay, rooms=(*stay.rooms, *stay.rooms)),
    ]

    assert takes(stay) == takes(factories.stay(1, total=factories.TOTAL)) == fare(stay)
    assert takes(stay) not in {takes(other) for other in others}
    assert len({takes(other) for other in others}) == len(others)
