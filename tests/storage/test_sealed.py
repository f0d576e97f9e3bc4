"""One field key replaces another: everything is sealed anew, and what cannot be opened stays."""

from uuid import UUID

import pytest

from bookingd.security.keyring import CannotOpen, Keyring
from bookingd.storage import sealed, second_factors, travellers
from bookingd.storage.database import Connection
from bookingd.storage.sealed import FIRST, VAULTS, Kept
from bookingd.storage.second_factors import totp_place
from tests.fakes.sealed import OLGA, keyring_of, plant_sealed
from tests.fakes.sources import SequentialIds

KINDS = ("authenticators.pending", "authenticators.sealed", "travellers.documents", "travellers.sealed")


async def reseal(
    connection: Connection, keyring: Keyring, *, limit: int = sealed.BITE
) -> tuple[int, list[str]]:
    """Everything; how many values, and what could not be opened."""
    resealed = 0
    unreadable: list[str] = []
    for vault in VAULTS:
        after: UUID | None = FIRST
        while after is not None:
            bite = await sealed.reseal(connection, vault, keyring=keyring, after=after, limit=limit)
            resealed, after = resealed + bite.resealed, bite.last
            unreadable += bite.unreadable
    return resealed, unreadable


@pytest.mark.parametrize("limit", [1, 2, 3, 500])
async def test_everything_opens_with_the_new_key_alone(
    connection: Connection, ids: SequentialIds, limit: int
) -> None:
    accounts = [
        await plant_sealed(connection, keyring_of("old"), number=number, ids=ids) for number in (1, 2, 3)
    ]

    assert await reseal(connection, keyring_of("new", "old"), limit=limit) == (12, [])

    alone = keyring_of("new")
    for account in accounts:
        (one,) = await travellers.page(connection, keyring=alone, account=account, limit=9)
        assert (one.data, one.version) == (OLGA, 1)
        app = await second_factors.totp(connection, account=account)
        assert app is not None
        assert app.sealed is not None
        assert app.pending is not None
        place = totp_place(account)
        assert (alone.open(app.sealed, place=place), alone.open(app.pending, place=place)) == (
            b"counts",
            b"pending",
        )
        with pytest.raises(CannotOpen):
            keyring_of("old").open(app.sealed, place=place)


async def test_what_is_sealed_with_it_already_is_left_alone(
    connection: Connection, ids: SequentialIds
) -> None:
    await plant_sealed(connection, keyring_of("new"), number=1, ids=ids)
    before = await connection.fetch("SELECT * FROM travellers")

    assert await reseal(connection, keyring_of("new", "old")) == (0, [])
    assert await connection.fetch("SELECT * FROM travellers") == before


async def test_what_no_key_opens_stays_as_it_is_and_is_named(
    connection: Connection, ids: SequentialIds
) -> None:
    await plant_sealed(connection, keyring_of("old"), number=1, ids=ids)
    lost = await plant_sealed(connection, keyring_of("other"), number=2, ids=ids)
    before = await connection.fetchrow("SELECT * FROM authenticators WHERE account_id = $1", lost)

    resealed, unreadable = await reseal(connection, keyring_of("new", "old"))

    assert (resealed, len(unreadable)) == (4, 4)
    assert f"authenticators/{lost}: there is no key b'other'" in unreadable
    assert await connection.fetchrow("SELECT * FROM authenticators WHERE account_id = $1", lost) == before


async def test_a_row_is_sealed_anew_as_far_as_it_can_be_opened(
    connection: Connection, ids: SequentialIds
) -> None:
    await plant_sealed(connection, keyring_of("old"), number=1, ids=ids)
    await connection.execute("UPDATE travellers SET documents = 'torn'")

    resealed, unreadable = await reseal(connection, keyring_of("new", "old"))

    assert (resealed, len(unreadable)) == (3, 1)
    assert await connection.fetchval("SELECT documents FROM travellers") == b"torn"


async def test_each_key_is_counted_by_what_it_has_sealed(connection: Connection, ids: SequentialIds) -> None:
    await plant_sealed(connection, keyring_of("old"), number=1, ids=ids)
    await plant_sealed(connection, keyring_of("new"), number=2, ids=ids)
    await plant_sealed(connection, keyring_of("new"), number=3, ids=ids)

    assert await sealed.by_key(connection) == [
        Kept(kind=kind, key=key, number=number) for kind in KINDS for key, number in (("new", 2), ("old", 1))
    ]


@pytest.mark.parametrize("garbage", [b"", b"\xff", b"\xffshort", b"\x00"])
async def test_what_was_never_sealed_is_counted_under_no_key(
    connection: Connection, ids: SequentialIds, garbage: bytes
) -> None:
    await plant_sealed(connection, keyring_of("old"), number=1, ids=ids)
    await connection.execute("UPDATE travellers SET documents = $1", garbage)

    found = {one.kind: one.key for one in await sealed.by_key(connection)}

    assert found["travellers.documents"] == ""


async def test_every_column_that_can_be_sealed_is_counted(connection: Connection) -> None:
    """Whoever adds one to the database adds it to the vaults."""
    rows = await connection.fetch(
        "SELECT table_name || '.' || column_name AS name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND data_type = 'bytea'"
        " AND column_name IN ('sealed', 'pending', 'documents')"
    )

    assert sorted(row["name"] for row in rows) == sorted(KINDS)
