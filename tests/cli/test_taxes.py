"""`bookingd taxes` and `bookingd documents`, as an operator runs them."""

import json
from pathlib import Path

from bookingd.domain.documents.document import Party
from bookingd.storage import bookings
from bookingd.storage.database import Connection, Database
from bookingd.storage.taxes import COLUMNS
from tests import factories
from tests.cli.conftest import Run, trail
from tests.fakes.documents import plant_invoice
from tests.fakes.sources import START, fake_sources


def file_of(tmp_path: Path, *lines: str) -> str:
    file = tmp_path / "taxes.csv"
    file.write_text("\n".join((",".join(COLUMNS), *lines)) + "\n")
    return str(file)


async def test_a_file_is_imported_once_and_in_the_operators_name(
    run: Run, tmp_path: Path, connection: Connection
) -> None:
    file = file_of(tmp_path, "DE,hotel,anybody,standard,7,2026-01-01,,a law")

    tried = await run("taxes", "import", file, "--dry-run")
    first = await run("taxes", "import", file)
    again = await run("taxes", "import", file, "--json")

    assert (tried.exit_code, first.exit_code, again.exit_code) == (0, 0, 0), first.output
    assert "1 would be written" in tried.stdout
    assert first.stdout.splitlines()[1] == "  DE/hotel/anybody/2026-01-01@1"
    assert json.loads(again.stdout)["written"] == []
    (entry,) = await trail(connection)
    assert entry["action"] == "taxes.imported"
    assert entry["principal"].startswith("operator:")
    assert entry["details"]["rules"] == ["DE/hotel/anybody/2026-01-01@1"]


async def test_a_bad_file_is_refused_whole(run: Run, tmp_path: Path, connection: Connection) -> None:
    good = "DE,hotel,anybody,standard,7,2026-01-01,,"
    file = file_of(tmp_path, good, "DE,flight,anybody,standard,much,2026-01-01,,")

    done = await run("taxes", "import", file)

    assert done.exit_code == 1
    assert "line 3, column percent: 'much' is no number" in done.stderr
    assert await connection.fetchval("SELECT count(*) FROM tax_rules") == 0


async def test_rules_are_listed_as_they_count(run: Run, tmp_path: Path) -> None:
    shipped = json.loads((await run("taxes", "list", "--country", "ee", "--json")).stdout)
    await run(
        "taxes",
        "import",
        file_of(
            tmp_path,
            "DE,hotel,anybody,standard,7,2020-01-01,2020-12-31,",
            "DE,hotel,anybody,standard,19,2021-01-01,,",
        ),
    )

    own = json.loads((await run("taxes", "list", "--json")).stdout)
    every = json.loads((await run("taxes", "list", "--all", "--json")).stdout)
    table = await run("taxes", "list")
    none = await run("taxes", "list", "--country", "US")

    assert shipped["shipped"] is True
    assert [rule["percent"] for rule in shipped["rules"] if rule["percent"]] == ["24"]
    assert [rule["percent"] for rule in own["rules"]] == ["19"]
    assert [rule["percent"] for rule in every["rules"]] == ["7", "19"]
    assert "standard 19 %" in " ".join(table.stdout.split())
    assert "There is no tax rule of US" in none.stdout


async def test_documents_that_are_all_there_are_found_so(run: Run) -> None:
    done = await run("documents", "verify")

    assert (done.exit_code, done.stdout) == (
        0,
        "Every series is without a gap, and every document as it was issued.\n",
    )


async def test_a_document_that_is_missing_is_told(
    run: Run, database: Database, connection: Connection, owner_connection: Connection
) -> None:
    booking = factories.booking()
    await bookings.insert(connection, bookings=[factories.new_booking(booking)], now=START)
    await plant_invoice(database, fake_sources(), booking, Party(name="Anna"), now=START)
    await owner_connection.execute("UPDATE document_series SET last = 2 WHERE name = 'INV-2026'")

    done = await run("documents", "verify")
    data = json.loads((await run("documents", "verify", "--json")).stdout)

    told = "INV-2026 was numbered up to 2, and has 1 documents, the highest number is 1"
    assert (done.exit_code, done.stdout) == (1, f"{told}\n")
    assert data == {"gaps": [told], "changed": []}
