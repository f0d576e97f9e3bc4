"""Price rules are versions: read as they are, as they were, and as they will be."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import asyncpg
import pytest

from bookingd.domain.flights import Cabin
from bookingd.domain.money import Money
from bookingd.domain.price_matches import Match
from bookingd.domain.price_rules import Per, Rule, RuleKind, RuleVersion
from bookingd.storage import prices
from bookingd.storage.database import Connection
from tests.fakes.sources import ManualClock

RULE = Rule(
    id="markup-summer",
    version=1,
    kind=RuleKind.MARKUP,
    label="Summer markup",
    match=Match(
        supplier="inventory",
        origin="airport:FRA",
        destination="city:LON",
        place="country:GB",
        product="flight",
        airline="LH",
        cabin=Cabin.BUSINESS,
        channel="web",
        party_from=2,
        party_to=9,
        sold_from=date(2026, 11, 1),
        sold_to=date(2027, 2, 28),
        travel_from=date(2027, 6, 1),
        travel_to=date(2027, 8, 31),
    ),
    percent=Decimal("3.1234"),
    per=Per.BOOKING,
    minimum=Money(300, "EUR"),
    maximum=Money(0, "EUR") + Money(9900, "EUR"),
    priority=7,
    add=True,
)
FIXED = Rule(
    id="fee",
    version=1,
    kind=RuleKind.SERVICE_FEE,
    label="Service fee",
    fixed=Money(900, "EUR"),
    per=Per.BOOKING,
)


async def write(
    connection: Connection,
    clock: ManualClock,
    *rules: Rule,
    after: timedelta = timedelta(),
    withdrawn: bool = False,
) -> None:
    now = clock.now()
    versions = [RuleVersion(rule=rule, valid_from=now + after, withdrawn=withdrawn) for rule in rules]
    await prices.add(connection, versions=versions, now=now)


async def test_a_rule_comes_back_as_it_was_written(connection: Connection, clock: ManualClock) -> None:
    await write(connection, clock, RULE, FIXED)

    book = await prices.load(connection, now=clock.now())

    assert book.rules == (FIXED, RULE)
    assert book.version == 2


async def test_without_rules_there_is_an_empty_book(connection: Connection, clock: ManualClock) -> None:
    book = await prices.load(connection, now=clock.now())

    assert (book.version, book.rules) == (0, ())


async def test_a_changed_rule_is_a_new_version_and_the_old_one_stays(
    connection: Connection, clock: ManualClock
) -> None:
    dearer = replace(FIXED, version=2, fixed=Money(1200, "EUR"))
    await write(connection, clock, FIXED)
    clock.advance(60)
    await write(connection, clock, dearer)

    assert (await prices.load(connection, now=clock.now())).rules == (dearer,)
    assert (await prices.load_version(connection, version=1)).rules == (FIXED,)
    assert (await prices.load_version(connection, version=2)).rules == (dearer,)
    assert await prices.load_rules(connection, references=["fee@1", "fee@2", "fee@3"]) == {
        "fee@1": FIXED,
        "fee@2": dearer,
    }


async def test_a_rule_for_later_comes_into_effect_by_itself(
    connection: Connection, clock: ManualClock
) -> None:
    later = replace(FIXED, version=2, fixed=Money(1200, "EUR"))
    urgent = replace(FIXED, version=3, fixed=Money(100, "EUR"))
    await write(connection, clock, FIXED)
    await write(connection, clock, later, after=timedelta(hours=1))
    clock.advance(60)
    await write(connection, clock, urgent)

    assert (await prices.load(connection, now=clock.now())).rules == (urgent,)
    clock.advance(timedelta(hours=1))
    assert (await prices.load(connection, now=clock.now())).rules == (later,)


async def test_a_withdrawn_rule_is_none(connection: Connection, clock: ManualClock) -> None:
    await write(connection, clock, FIXED)
    await write(connection, clock, replace(FIXED, version=2), withdrawn=True)

    book = await prices.load(connection, now=clock.now())

    assert (book.version, book.rules) == (2, ())
    assert (await prices.load_version(connection, version=1)).rules == (FIXED,)


async def test_a_version_that_never_was_is_refused(connection: Connection, clock: ManualClock) -> None:
    await write(connection, clock, FIXED)

    with pytest.raises(prices.UnknownRules):
        await prices.load_version(connection, version=2)


async def test_a_version_is_never_written_over(connection: Connection, clock: ManualClock) -> None:
    await write(connection, clock, FIXED)

    with pytest.raises(prices.RuleVersionTaken, match="fee@1"):
        await write(connection, clock, replace(FIXED, label="Other"))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("UPDATE price_rules SET fixed = 0")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("DELETE FROM price_rules")


async def test_no_rule_is_in_effect_before_it_was_written(connection: Connection, clock: ManualClock) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await write(connection, clock, FIXED, after=timedelta(seconds=-1))


async def test_what_no_rule_is_called_is_left_out(connection: Connection) -> None:
    found = await prices.load_rules(connection, references=["", "YBACK", "@1", "fee@", "fee@x", "fee@1"])

    assert found == {}


async def test_the_shipped_rules_are_written_once_and_a_change_of_them_stays(
    connection: Connection, clock: ManualClock
) -> None:
    await prices.seed_rules(connection, clock.now())
    changed = replace(prices.DEFAULT_RULES[-1], version=2, fixed=Money(500, "EUR"))
    clock.advance(1)
    await write(connection, clock, changed)
    clock.advance(1)

    await prices.seed_rules(connection, clock.now())

    assert (await prices.load(connection, now=clock.now())).rules == (*prices.DEFAULT_RULES[:-1], changed)


async def test_the_process_keeps_its_book_until_the_version_changes(
    connection: Connection, clock: ManualClock
) -> None:
    current = prices.CurrentRules()
    await write(connection, clock, FIXED)
    await write(connection, clock, RULE, after=timedelta(hours=1))
    first = await current.get(connection, now=clock.now())

    assert await current.get(connection, now=clock.now()) is first
    clock.advance(timedelta(hours=1))
    assert (await current.get(connection, now=clock.now())).rules == (FIXED, RULE)
