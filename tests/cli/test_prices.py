"""`bookingd prices explain`, as an operator runs it, and the database that a command works on."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import click
import pytest
from click.testing import CliRunner, Result

from bookingd.cli import cli
from bookingd.cli.database import engine_directory, open_database
from bookingd.config import Settings, load_settings
from bookingd.domain.conversion import converted
from bookingd.domain.flight_prices import NetFare, Tax, compose
from bookingd.domain.flights import Cabin, Conditions, Itinerary, Segment, Slice
from bookingd.domain.ids import OfferId
from bookingd.domain.money import Money
from bookingd.domain.offers import Offer
from bookingd.domain.passengers import Party, PassengerType
from bookingd.domain.price_matches import Endpoint, Flown, Match, PriceContext
from bookingd.domain.price_rules import Per, Rule, RuleKind, RuleVersion
from bookingd.domain.prices import Price
from bookingd.engine import DAEMON, OWNER, Engine
from bookingd.sources import SystemClock
from bookingd.storage import migrations, offers, prices
from bookingd.storage.database import Connection, Database
from bookingd.storage.offers import Halves, package_id
from tests.factories import wanted
from tests.fakes.sources import START, ManualClock
from tests.rates import frozen

Run = Callable[..., Awaitable[Result]]

FAMILY = Party(adults=2, children=1)
RULES = (
    Rule(
        id="markup",
        version=1,
        kind=RuleKind.MARKUP,
        label="Markup",
        match=Match(supplier="inventory", party_from=2, party_to=9),
        percent=Decimal("2.5"),
        minimum=Money(300, "EUR"),
        priority=5,
    ),
    Rule(
        id="fee",
        version=1,
        kind=RuleKind.SERVICE_FEE,
        label="Service fee",
        fixed=Money(900, "EUR"),
        per=Per.BOOKING,
    ),
    Rule(id="own", version=1, kind=RuleKind.COMMISSION, label="Commission", percent=Decimal(1)),
)
DEPARTS = datetime(2027, 3, 10, 8, tzinfo=UTC)


def euro(text: str) -> Money:
    return Money.of(text, "EUR")


async def price(connection: Connection) -> Price:
    context = PriceContext(
        supplier="inventory",
        flight=Flown(
            origin=Endpoint(airport="FRA"),
            destination=Endpoint(airport="LHR"),
            airline="LH",
            cabin=Cabin.ECONOMY,
        ),
        heads=FAMILY.size,
        starts_on=DEPARTS.date(),
        sold_on=START.date(),
    )
    return compose(
        net=[
            NetFare(passenger=PassengerType.ADULT, each=euro("133.33"), rule="YCLASSIC", label="Classic"),
            NetFare(passenger=PassengerType.CHILD, each=euro("99.30"), rule="YCLASSIC", label="Classic"),
        ],
        taxes=[Tax(code="DE", label="Air transport tax", each=euro("12.88"))],
        rules=await prices.load(connection, now=START),
        context=context,
        party=FAMILY,
        currency="EUR",
    )


def itinerary() -> Itinerary:
    flight = Segment(
        supplier_key="1",
        airline="LH",
        number=441,
        origin="FRA",
        destination="LHR",
        departs_at=DEPARTS,
        arrives_at=DEPARTS + timedelta(hours=2),
        origin_zone="Europe/Berlin",
        destination_zone="Europe/London",
        aircraft="A320",
    )
    classic = Conditions(family="Classic", carry_on_bags=1, checked_bags=1, change_fee=0, cancel_fee=None)
    return Itinerary(slices=(Slice(segments=(flight,)),), cabin=Cabin.ECONOMY, conditions=classic)


@pytest.fixture
async def offer(connection: Connection) -> Offer:
    versions = [RuleVersion(rule=rule, valid_from=START) for rule in RULES]
    await prices.add(connection, versions=versions, now=START)
    made = Offer(
        id=OfferId(""),
        supplier="inventory",
        itinerary=itinerary(),
        party=FAMILY,
        price=await price(connection),
        seats_left=9,
        made_at=START,
        expires_at=START + timedelta(minutes=30),
    )
    criteria = wanted("FRA", "LHR", DEPARTS.date(), party=FAMILY)
    saved = await offers.save(
        connection,
        kind=offers.FLIGHTS,
        set_id=UUID(int=7),
        criteria=criteria,
        found=[made],
        now=made.made_at,
        expires_at=made.expires_at,
    )
    return saved[0]


@pytest.fixture
def run(database_dsn: str, tmp_path: Path) -> Run:
    """The command, in a thread: it runs a loop of its own."""
    env = {
        "BOOKINGD_DATABASE__URL": database_dsn,
        "BOOKINGD_PATHS__VAR": str(tmp_path),
        "BOOKINGD_CONFIG": None,
        "COLUMNS": "140",
    }

    async def invoke(*arguments: str) -> Result:
        return await asyncio.to_thread(
            CliRunner().invoke, cli, ["prices", "explain", *arguments], env=env, prog_name="bookingd"
        )

    return invoke


async def test_every_line_is_shown_with_its_rule_and_its_rounding(run: Run, offer: Offer) -> None:
    result = await run(offer.id)

    assert result.exit_code == 0, result.output
    for said in (
        "LH 441  FRA to LHR  2027-03-10 09:00",
        "markup@1",
        "supplier inventory, party from 2 to 9 in EUR; priority 5",
        "2.5 % of 133.33 EUR = 3.33325, rounded 3.33 EUR",
        "2.5 % of 99.30 EUR = 2.4825, rounded 2.48 EUR, at least 3.00 EUR",
        "1 % of 99.30 EUR = 0.993, rounded 0.99 EUR",
        "fixed amount",
        "Air transport tax",
        "given by the supplier",
        "2 adults",
        "What the traveller sees",
        "273.32 EUR",
        "423.26 EUR",
    ):
        assert said in result.output


async def test_json_gives_the_same_to_a_program(run: Run, offer: Offer) -> None:
    result = await run(offer.id, "--json")

    told = json.loads(result.output)
    assert told["total"] == "423.26"
    assert told["commission"] == "3.65"
    assert told["traveller"] | {"lines": []} == {
        "lines": [],
        "fare": "375.62",
        "fees": "9.00",
        "taxes": "38.64",
        "total": "423.26",
    }
    due = [Decimal(line["amount"]) for line in told["lines"] if line["in_total"]]
    assert sum(due) == Decimal(told["total"])
    assert sum(Decimal(line["amount"]) for line in told["traveller"]["lines"]) == Decimal(told["total"])
    assert told["lines"][2] == {
        "kind": "markup",
        "label": "Markup",
        "passenger": "adult",
        "count": 2,
        "each": "3.33",
        "amount": "6.66",
        "currency": "EUR",
        "rule": "markup@1",
        "matched": "supplier inventory, party from 2 to 9 in EUR; priority 5",
        "working": "2.5 % of 133.33 EUR = 3.33325, rounded 3.33 EUR",
        "in_total": True,
    }


@pytest.fixture
async def in_dollars(connection: Connection, offer: Offer) -> Offer:
    saved = await offers.save(
        connection,
        kind=offers.FLIGHTS,
        set_id=UUID(int=8),
        criteria=wanted("FRA", "LHR", DEPARTS.date(), party=FAMILY, currency="USD"),
        found=converted([offer], frozen()),
        now=START,
        expires_at=offer.expires_at,
    )
    return saved[0]


async def test_a_converted_price_is_shown_in_both_currencies_with_its_rate(
    run: Run, offer: Offer, in_dollars: Offer
) -> None:
    page = await run(in_dollars.id)
    told = json.loads((await run(in_dollars.id, "--json")).output)

    for said in (
        "1 EUR = 1.109352 USD: 1.0876 USD / 1 EUR for a euro, and 2 %",
        "rates of 2026-11-27, version 7",
        "2.5 % of 133.33 EUR = 3.33325, rounded 3.33 EUR",
        "Sold for",
        "423.26 EUR",
        str(in_dollars.total),
    ):
        assert said in page.output
    assert told["exchange"]["total"] == "423.26"
    assert (told["currency"], told["total"]) == ("USD", f"{in_dollars.total.decimal():f}")
    assert told["lines"][2]["amount"] == "6.66"
    assert told["lines"][2]["sold"] == {"each": "3.69", "amount": "7.38", "currency": "USD"}
    due = [Decimal(line["sold"]["amount"]) for line in told["lines"] if line["in_total"]]
    assert sum(due) == Decimal(told["total"])
    assert sum(Decimal(line["amount"]) for line in told["traveller"]["lines"]) == Decimal(told["total"])


async def test_a_rule_that_changed_since_changes_nothing(
    run: Run, offer: Offer, connection: Connection, clock: ManualClock
) -> None:
    clock.advance(timedelta(days=1))
    dearer = replace(RULES[1], version=2, fixed=euro("50.00"))
    version = RuleVersion(rule=dearer, valid_from=clock.now())
    await prices.add(connection, versions=[version], now=clock.now())

    told = json.loads((await run(offer.id, "--json")).output)

    fee = next(line for line in told["lines"] if line["kind"] == "service_fee")
    assert (fee["rule"], fee["amount"], told["total"]) == ("fee@1", "9.00", "423.26")


@pytest.mark.parametrize("name", ["of_AAAAAAAAAAAAAAAAAAAAAAAA", "nonsense"])
async def test_an_offer_that_is_not_there_is_told_in_a_sentence(run: Run, name: str) -> None:
    result = await run(name)

    assert result.exit_code == 1
    assert "offer" in result.output
    assert "Traceback" not in result.output


async def test_of_a_package_the_halves_are_named(run: Run, offer: Offer) -> None:
    stay = OfferId(f"st_{offer.id.removeprefix('of_')}")
    package = package_id(Halves(flight=offer.id, stay=stay, rules=3))

    result = await run(package)

    assert result.exit_code == 1
    assert f"its halves: {offer.id} and {stay}" in result.output.replace("\n", " ")


async def test_a_database_that_cannot_be_reached_is_told_in_a_sentence(tmp_path: Path) -> None:
    settings = configured(tmp_path, url=f"postgresql://bookingd@/bookingd?host={tmp_path}")

    with pytest.raises(click.ClickException, match=r"cannot be reached.*database\.url"):
        async with open_database(settings):
            pass


async def test_a_database_without_a_schema_says_that_it_is_to_be_migrated(
    database_dsn: str, tmp_path: Path
) -> None:
    settings = configured(tmp_path, url=database_dsn)

    with pytest.raises(click.ClickException, match="bookingd migrate"):
        async with open_database(settings) as database, database.connection() as connection:
            await connection.execute("SELECT FROM price_rules_of_old")


async def test_the_owner_needs_an_address_of_its_own(
    database_dsn: str, owner_dsn: str, tmp_path: Path
) -> None:
    with pytest.raises(click.ClickException, match=r"database\.owner_url"):
        async with open_database(configured(tmp_path, url=database_dsn), role=OWNER):
            pass
    async with open_database(
        configured(tmp_path, url=database_dsn, owner_url=owner_dsn), role=OWNER
    ) as database:
        assert await role_of(database) == OWNER


async def test_an_embedded_database_is_the_running_one_or_one_for_the_time_of_the_command(
    tmp_path: Path,
) -> None:
    settings = configured(tmp_path)
    async with open_database(settings, role=OWNER) as database, database.connection() as connection:
        await migrations.migrate(connection, clock=SystemClock())

    assert not served(settings)

    async with Engine(engine_directory(settings)):
        async with open_database(settings) as database:
            assert await role_of(database) == DAEMON
        assert served(settings)


def served(settings: Settings) -> bool:
    return any(engine_directory(settings).glob("**/postmaster.pid"))


async def role_of(database: Database) -> str:
    async with database.connection() as connection:
        found: str = await connection.fetchval("SELECT current_user::text")
        return found


def configured(var: Path, **database: str) -> Settings:
    lines = [f'{key} = "{value}"' for key, value in database.items()]
    file = var / "bookingd.toml"
    file.write_text("\n".join(["[paths]", f'var = "{var}"', "[database]", *lines, ""]))
    return load_settings(file)
