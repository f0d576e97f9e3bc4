"""`bookingd rates`, as an operator runs it."""

import json
from datetime import date
from pathlib import Path

from bookingd.domain.exchange import MADE_UP, age_of, last_business_day
from bookingd.sources import SystemClock
from bookingd.storage.database import Connection
from tests.cli.conftest import Run, trail
from tests.config.arrange import PRODUCTION, Bench
from tests.rates import PER_EURO, xml

NOW = SystemClock().now().date()
TODAY = last_business_day(NOW)


def file_of(path: Path, content: bytes) -> str:
    file = path / "rates.xml"
    file.write_bytes(content)
    return str(file)


def today(**rates: str) -> bytes:
    return xml({TODAY.isoformat(): PER_EURO | rates})


async def test_a_file_is_imported_once(run: Run, tmp_path: Path, connection: Connection) -> None:
    file = file_of(tmp_path, today())

    first = await run("rates", "import", file)
    again = await run("rates", "import", file, "--json")

    assert first.exit_code == 0, first.output
    assert first.stdout == (
        f"Rates of {TODAY} (European Central Bank)\n1 business day imported, 0 known already\n"
    )
    data = json.loads(again.stdout)
    assert (data["added"], data["known"]) == ([], 1)
    (entry,) = [one for one in await trail(connection) if one["action"] == "rates.imported"]
    assert entry["principal"].startswith("operator:")


async def test_standard_input_is_read_too(run: Run) -> None:
    done = await run("rates", "import", "-", "--json", says=today().decode())

    assert done.exit_code == 0, done.output
    assert len(json.loads(done.stdout)["added"]) == 1


async def test_a_bad_file_is_refused_whole(run: Run, tmp_path: Path) -> None:
    both = xml({"2026-11-26": PER_EURO, "2026-11-25": PER_EURO | {"USD": "much"}})
    file = file_of(tmp_path, both)

    done = await run("rates", "import", file)

    assert done.exit_code == 1
    assert done.stderr == (
        f"Error: {file}: line 20, <Cube currency='USD' rate='much'>: 'much' is no rate: a number above zero,"
        " as 1.0876. Nothing was imported.\n"
    )
    listed = await run("rates", "list", "--json")
    assert json.loads(listed.stdout) == {"sheets": []}


async def test_a_file_that_is_not_there_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    done = await run("rates", "import", str(tmp_path / "none.xml"))

    assert done.exit_code == 2
    assert "No such file" in done.stderr


async def test_sheets_are_listed_also_those_that_were_replaced(run: Run, tmp_path: Path) -> None:
    nothing = await run("rates", "list")
    assert nothing.stdout == "No exchange rates: bookingd rates import FILE.\n"
    for usd in ("1.08", "1.09"):
        await run("rates", "import", file_of(tmp_path, today(USD=usd)))

    page = await run("rates", "list", COLUMNS="160")
    sheets = json.loads((await run("rates", "list", "--json")).stdout)["sheets"]

    assert page.stdout.count(TODAY.isoformat()) >= 2
    assert page.stdout.count("(replaced)") == 1
    assert [sheet["counts"] for sheet in sheets] == [True, False]
    assert {sheet["age_business_days"] for sheet in sheets} == {0}


async def test_a_rate_is_shown_with_its_origin(run: Run, tmp_path: Path) -> None:
    await run("rates", "import", file_of(tmp_path, today()))

    page = await run("rates", "show", "GBP", "usd")
    shown = json.loads((await run("rates", "show", "GBP", "USD", "--json")).stdout)

    assert "1 GBP = 1.329839" in page.stdout
    assert "0.8342 GBP, 1.0876 USD" in page.stdout
    assert "100.00 GBP is sold for 132.98 USD" in page.stdout
    assert (shown["rate"], shown["margin_percent"]) == ("1.329839367", "2.0")
    assert shown["day"] == TODAY.isoformat()


async def test_a_rate_that_does_not_count_is_refused(run: Run, tmp_path: Path) -> None:
    missing = await run("rates", "show", "EUR", "USD")
    await run("rates", "import", file_of(tmp_path, xml({"2026-01-05": PER_EURO})))

    old = await run("rates", "show", "EUR", "USD")

    assert missing.exit_code == old.exit_code == 1
    assert "no exchange rate from EUR into USD" in missing.stderr
    age = age_of(date(2026, 1, 5), NOW)
    assert f"of 2026-01-05 is too old: {age} business days, and 3 are allowed" in old.stderr


async def test_wrong_usage_of_show(run: Run) -> None:
    for arguments in (("EUR", "XXX"), ("EUR", "EUR"), ("EUR",)):
        done = await run("rates", "show", *arguments)
        assert done.exit_code == 2, arguments


async def test_production_takes_no_made_up_rates(run: Run, tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    file = file_of(tmp_path, xml({TODAY.isoformat(): PER_EURO}, sender=MADE_UP))
    production = ("--config", str(bench.file))
    bench.file.write_text(PRODUCTION)
    bench.production_secrets()

    here = await run("rates", "import", file)
    there = await run("rates", "import", file, *production)

    assert here.exit_code == 0, here.output
    assert there.exit_code == 1
    assert "made up" in there.stderr
    assert (await run("rates", "show", "EUR", "USD")).exit_code == 0
    assert (await run("rates", "show", "EUR", "USD", *production)).exit_code == 1
