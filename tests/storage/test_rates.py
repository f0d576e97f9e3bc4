"""Sheets of rates are added and never changed; the newest day's last one counts."""

from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from bookingd.domain.exchange import MADE_UP, RateSheet
from bookingd.storage import rates
from bookingd.storage.database import Connection, Database
from bookingd.storage.rates import CurrentRates, Imported, UnknownSheet
from tests.cli.conftest import trail
from tests.fakes.sources import START
from tests.rates import FRIDAY, sheet

MONDAY = FRIDAY + timedelta(days=3)


async def add(connection: Connection, *sheets: RateSheet) -> Imported:
    return await rates.add(connection, sheets=sheets, now=START, principal="operator:ada", entry_id=uuid4())


async def test_a_sheet_comes_back_as_it_was_imported(connection: Connection) -> None:
    done = await add(connection, sheet(KWD="0.33410"))

    kept = await rates.load(connection, version=done.added[FRIDAY])
    assert kept == sheet(version=done.added[FRIDAY])
    assert str(kept.rates["KWD"]) == "0.33410"


async def test_the_same_rates_again_add_nothing(connection: Connection) -> None:
    await add(connection, sheet())

    again = await add(connection, sheet(USD="1.08760"), sheet(MONDAY))

    assert (list(again.added), again.known) == ([MONDAY], 1)
    assert await add(connection, sheet(), sheet(MONDAY)) == Imported(added={}, known=2)
    assert len(await rates.newest(connection, limit=10)) == 2


async def test_other_rates_of_the_same_day_are_a_new_version(connection: Connection) -> None:
    first = await add(connection, sheet())

    second = await add(connection, sheet(USD="1.0900"))

    old, new = first.added[FRIDAY], second.added[FRIDAY]
    assert new > old
    counts = await CurrentRates(made_up=True).get(connection, today=FRIDAY)
    assert counts == await rates.load(connection, version=new)
    assert await rates.load(connection, version=old) == sheet(version=old)
    assert [(one.version, one.counts) for one in await rates.newest(connection, limit=10)] == [
        (new, True),
        (old, False),
    ]


async def test_back_to_the_first_rates_is_a_version_too(connection: Connection) -> None:
    for usd in ("1.08", "1.09", "1.08"):
        assert (await add(connection, sheet(USD=usd))).added

    assert len(await rates.newest(connection, limit=10)) == 3


async def test_the_newest_day_that_has_come_counts(connection: Connection) -> None:
    current = CurrentRates(made_up=True)
    assert await current.get(connection, today=MONDAY) is None
    await add(connection, sheet(MONDAY), sheet(FRIDAY))

    assert (await current.get(connection, today=MONDAY)) is not None
    days = [await rates.current_day(connection, today=day, made_up=True) for day in (FRIDAY, MONDAY)]
    assert days == [FRIDAY, MONDAY]
    found = await current.get(connection, today=FRIDAY)
    assert found is not None
    assert found.day == FRIDAY


async def test_an_older_day_that_is_imported_later_does_not_count(connection: Connection) -> None:
    current = CurrentRates(made_up=True)
    await add(connection, sheet(MONDAY))
    await add(connection, sheet(FRIDAY))

    found = await current.get(connection, today=MONDAY)

    assert found is not None
    assert found.day == MONDAY


async def test_production_does_not_see_made_up_rates(connection: Connection) -> None:
    await add(connection, sheet(MONDAY, source=MADE_UP))

    assert await CurrentRates(made_up=False).get(connection, today=MONDAY) is None
    assert await CurrentRates(made_up=True).get(connection, today=MONDAY)
    assert await rates.current_day(connection, today=MONDAY, made_up=False) is None
    assert not await rates.any_real(connection)
    await add(connection, sheet(FRIDAY))
    assert await rates.any_real(connection)


@pytest.mark.parametrize("made_up", [True, False])
async def test_real_rates_count_before_made_up_ones(connection: Connection, *, made_up: bool) -> None:
    await add(connection, sheet(MONDAY, source=MADE_UP))
    await add(connection, sheet(FRIDAY))

    found = await CurrentRates(made_up=made_up).get(connection, today=MONDAY)

    assert found is not None
    assert found.day == await rates.current_day(connection, today=MONDAY, made_up=made_up) == FRIDAY


async def test_an_import_is_in_the_audit_trail_and_one_of_nothing_new_is_not(connection: Connection) -> None:
    await add(connection, sheet())
    await add(connection, sheet())
    await add(connection, sheet(USD="1.09"), sheet(MONDAY))

    told = [entry for entry in await trail(connection) if entry["action"] == "rates.imported"]
    told.sort(key=lambda one: one["details"]["sheets"])  # both are of one instant

    assert [(one["details"]["sheets"], one["details"]["replaced_days"]) for one in told] == [
        (1, []),
        (2, ["2026-11-27"]),
    ]
    assert all(one["principal"] == "operator:ada" for one in told)
    assert told[0]["details"]["sha256"] == rates.digest(sheet()).hex()


async def test_an_unknown_version_is_said_to_be_one(connection: Connection) -> None:
    with pytest.raises(UnknownSheet):
        await rates.load(connection, version=2**31 - 1)


@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET version = DEFAULT", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
@pytest.mark.parametrize("table", ["rate_sheets", "exchange_rates"])
async def test_the_daemon_changes_no_rate(database: Database, statement: str, table: str) -> None:
    async with database.connection() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement.format(table))
