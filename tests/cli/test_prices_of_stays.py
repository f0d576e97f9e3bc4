"""`bookingd prices explain` of a hotel stay."""

import json
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from bookingd.domain import cancellation
from bookingd.domain.hotels import FREE, Charge, ChargePer, Deadline
from bookingd.domain.money import Money
from bookingd.domain.price_matches import Endpoint, Match, PriceContext, Stayed
from bookingd.domain.price_rules import Per, Rule, RuleBook, RuleKind, RuleVersion
from bookingd.domain.stay_prices import EXACT, RoomNights, compose_stay
from bookingd.domain.stays import Board, PaidAt, RoomGuests, StayOffer, StayTerms
from bookingd.storage import offers, prices
from bookingd.storage.database import Connection
from tests import factories
from tests.cli.test_prices import Run, run
from tests.fakes.sources import START
from tests.hotels import plan

__all__ = ["run"]

ROOMS = (RoomGuests(adults=2, children=(5, 9)), RoomGuests(adults=1))
NETS = (10_001, 6000)
RULES = (
    Rule(
        id="markup",
        version=2,
        kind=RuleKind.MARKUP,
        label="Markup on stays",
        match=Match(product="stay", hotel="1", stars_from=4),
        percent=Decimal(8),
        minimum=Money(200, "EUR"),
        per=Per.NIGHT,
    ),
    Rule(
        id="shared",
        version=1,
        kind=RuleKind.MARKUP,
        label="On top",
        percent=Decimal(1),
        per=Per.PASSENGER,
        add=True,
    ),
)
CITY_TAX = Charge(
    code="city_tax", label="City tax", per=ChargePer.ROOM_NIGHT, amount=300, paid_at=PaidAt.PROPERTY
)


@pytest.fixture
async def offer(connection: Connection) -> StayOffer:
    """Two rooms for three nights."""
    versions = [RuleVersion(rule=rule, valid_from=START) for rule in RULES]
    await prices.add(connection, versions=versions, now=START)
    wish = factories.wanted_stay(nights=3, rooms=ROOMS)
    price = compose_stay(
        rooms=[
            RoomNights(guests=guests, nights=(net * EXACT,) * 3, label="Double")
            for guests, net in zip(ROOMS, NETS, strict=True)
        ],
        charges=(CITY_TAX,),
        paid_at=PaidAt.BOOKING,
        rules=RuleBook(version=1, rules=RULES),
        context=PriceContext(
            supplier="inventory",
            stay=Stayed(place=Endpoint(city="NYC", country="US"), hotel="1", stars=4),
            heads=5,
            starts_on=wish.check_in,
            sold_on=START.date(),
        ),
        currency="EUR",
    )
    flexible = plan(deadlines=(Deadline(days_before=2, until=time(18), fee=FREE),))
    steps = cancellation.steps(
        flexible,
        check_in=wish.check_in,
        zone="America/New_York",
        total=price.total,
        nights=(1, 1, 1),
        now=START,
    )
    made = replace(
        factories.stay(wish=wish), price=price, terms=StayTerms(board=Board.BREAKFAST, cancellation=steps)
    )
    (kept,) = await offers.save(
        connection,
        kind=offers.STAYS,
        set_id=UUID(int=8),
        criteria=wish,
        found=[made],
        now=START,
        expires_at=START + timedelta(minutes=30),
    )
    return kept


async def test_a_stay_is_shown_room_by_room_and_with_its_deadlines(run: Run, offer: StayOffer) -> None:
    result = await run(offer.id)

    assert result.exit_code == 0, result.output
    until = offer.terms.free_until()
    assert until == datetime.combine(offer.check_in - timedelta(days=2), time(23), UTC)
    for said in (
        "Hotel 1, New York",
        "nights: 3",
        "room 1: Double, 2 adults, children of 5 and 9",
        "room 2: Double, 1 adult",
        f"cancelling until {until.date()} 18:00 (America/New_York): 0.00 EUR",
        "cancelling in the end: ",
        "product stay, hotel 1, stars from 4 in EUR; priority 0",
        "8 % of 300.03 EUR / 3 = 8.0008, rounded 8.00 EUR",
        "room 1, 3 times",
        "1 % of 480.03 EUR / 5 = 0.96006, rounded 0.96 EUR",
        "booking, 6 times, at the hotel",
        "given by the supplier",
    ):
        assert said in result.output


async def test_json_adds_up_to_the_total(run: Run, offer: StayOffer) -> None:
    told = json.loads((await run(offer.id, "--json")).output)

    assert told["hotel"] == "Hotel 1"
    assert told["rooms"] == [{"adults": 2, "children": [5, 9]}, {"adults": 1, "children": []}]
    due = [Decimal(line["amount"]) for line in told["lines"] if line["in_total"]]
    assert sum(due) == Decimal(told["total"])
    assert sum(Decimal(line["amount"]) for line in told["traveller"]["lines"]) == Decimal(told["total"])
    assert [line.get("room") for line in told["lines"]] == [1, 2, 1, 2, None, None]
    assert [line["at_property"] for line in told["lines"] if "at_property" in line] == [True]
