"""What the broker gives up is in the table of dead letters, once, and an operator is told."""

from dataclasses import replace

import pytest

from bookingd.messages import codec
from bookingd.messages.catalogue import CATALOGUE
from bookingd.sources import Sources
from bookingd.storage import dead_letters, inbox
from bookingd.storage.database import Connection, Database
from bookingd.storage.transactions import Transactions
from bookingd.wiring.burials import Burials
from tests.fakes.sources import ManualClock, SeededChance, SequentialIds
from tests.storage.test_inbox import envelope
from tests.storage.test_transactions import Outlet

OPEN = "SELECT subject_kind, reason, detail FROM attention WHERE closed_at IS NULL"


@pytest.fixture
def burials(database: Database, clock: ManualClock, ids: SequentialIds, chance: SeededChance) -> Burials:
    sources = Sources(clock=clock, ids=ids, chance=chance)
    transactions = Transactions(database=database, sources=sources, catalogue=CATALOGUE, outlet=Outlet())
    return Burials(transactions=transactions, sources=sources)


async def test_each_message_of_a_bundle_is_kept_with_the_brokers_reason(
    burials: Burials, connection: Connection
) -> None:
    bundle = codec.pack([envelope(1), replace(envelope(2), name="unknown.name")])

    await burials.keep("booking", bundle, "delivery_limit")
    await burials.keep("booking", bundle, "delivery_limit")

    letters = await dead_letters.newest(connection, limit=9)
    assert {letter.name for letter in letters} == {envelope(1).name, "unknown.name"}
    assert {letter.actor for letter in letters} == {"booking"}
    assert {letter.reason for letter in letters} == {"GivenUp: RabbitMQ delivers it no more (delivery_limit)"}
    assert len(letters) == len(await connection.fetch(OPEN)) == 2


async def test_what_was_handled_before_is_no_dead_letter(burials: Burials, connection: Connection) -> None:
    await inbox.take(connection, actor="booking", envelopes=[envelope(1)])

    await burials.keep("booking", codec.pack([envelope(1)]), "delivery_limit")

    assert await dead_letters.newest(connection, limit=9) == []


async def test_bytes_that_are_no_bundle_are_kept_as_they_are(
    burials: Burials, connection: Connection
) -> None:
    for _ in range(2):
        await burials.keep("booking", b"\x00 what", "rejected")

    [letter] = await dead_letters.newest(connection, limit=9)
    assert (letter.actor, letter.raw, letter.envelope) == ("booking", b"\x00 what", None)
    assert letter.reason == "RabbitMQ brought what is no bundle of ours (rejected)"
    [entry] = await connection.fetch(OPEN)
    assert (entry["subject_kind"], entry["reason"]) == ("dead_letter", "dead_letter")
