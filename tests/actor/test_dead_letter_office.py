"""A dead letter is replayed or dropped once, together with all that hangs on it, or nothing changes."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from bookingd.actor.dead_letter_office import CannotReplay, DeadLetterOffice
from bookingd.messages import codec
from bookingd.messages.catalogue import Kind, Lane
from bookingd.sources import Sources
from bookingd.storage import attention, dead_letters, inbox, outbox
from bookingd.storage.database import Connection, Database
from bookingd.storage.dead_letters import DeadLetterNotFound
from bookingd.storage.transactions import Transactions
from tests.cli.conftest import trail
from tests.fakes.sources import START, ManualClock, SeededChance, SequentialIds
from tests.storage.test_dead_letters import GARBAGE, letter, tell
from tests.toy.actors import TOPOLOGY
from tests.toy.house import House
from tests.toy.messages import CATALOGUE, Deposit

ACCOUNT = UUID(int=5)
LETTER = UUID(int=1)


@dataclass(slots=True)
class Fault:
    """Every decision fails while it is there."""

    broken: bool = True

    def __call__(self, point: str) -> None:
        if self.broken:
            raise ZeroDivisionError("a defect of this release")


def office_of(database: Database, sources: Sources, principal: str = "operator:ada") -> DeadLetterOffice:
    transactions = Transactions(database=database, sources=sources, catalogue=CATALOGUE)
    return DeadLetterOffice(
        transactions=transactions, ids=sources.ids, actors=TOPOLOGY.actors, principal=principal
    )


@pytest.fixture
def office(
    database: Database, clock: ManualClock, ids: SequentialIds, chance: SeededChance
) -> DeadLetterOffice:
    return office_of(database, Sources(clock=clock, ids=ids, chance=chance))


async def bury(connection: Connection, number: int = 1, **changed: Any) -> None:
    """As the runtime does: the message counts as handled, and a person is told."""
    dead = letter(number)
    dead = replace(dead, envelope=replace(dead.envelope, **changed))
    await inbox.take(connection, actor="bank", envelopes=[dead.envelope])
    await dead_letters.bury(connection, letter=dead)
    await tell(connection, dead.id)


async def test_what_is_replayed_takes_effect(bank_database: Database) -> None:
    fault = Fault()
    async with House(bank_database, fault=fault) as house:
        await house.send(Deposit(account=ACCOUNT, amount=7))
        await house.rest()
        async with bank_database.connection() as connection:
            [letter_id] = await dead_letters.ids(connection)
        fault.broken = False

        await office_of(bank_database, house.sources).replay(letter_id)
        await house.rest()

        assert await house.value("SELECT balance FROM toy_accounts WHERE id = $1", ACCOUNT) == 7
        assert await house.value("SELECT count(*) FROM dead_letters") == 0
        assert await house.value("SELECT count(*) FROM attention WHERE closed_at IS NULL") == 0


async def test_two_operators_replay_one_letter_once(
    database: Database, connection: Connection, office: DeadLetterOffice
) -> None:
    await bury(connection)

    ended = await asyncio.gather(
        *(replace(office, principal=f"operator:{n}").replay(LETTER) for n in range(5)), return_exceptions=True
    )

    assert sorted(isinstance(end, DeadLetterNotFound) for end in ended) == [False] + [True] * 4
    assert await connection.fetchval("SELECT count(*) FROM outbox") == 1
    assert len(await trail(connection)) == 1


async def test_it_goes_to_its_actor_alone_as_a_first_attempt_in_its_lane(
    connection: Connection, office: DeadLetterOffice, clock: ManualClock
) -> None:
    await bury(connection, 1, name="bank.finish", deadline=START - timedelta(hours=1))

    await office.replay(LETTER)

    [bundle] = await outbox.claim(connection, now=clock.now(), until=clock.now(), limit=9)
    assert (bundle.kind, bundle.destination, bundle.lane) == (Kind.COMMAND, "bank", Lane.FINISHING)
    [sent] = codec.unpack(bundle.payload)
    assert sent == replace(letter(1).envelope, name="bank.finish", attempt=1, deadline=None)
    assert await connection.fetchval("SELECT count(*) FROM inbox") == 0


async def test_a_name_of_another_release_waits_for_it_in_the_normal_lane(
    connection: Connection, office: DeadLetterOffice, clock: ManualClock
) -> None:
    await bury(connection, 1, name="bank.tomorrow")

    await office.replay(LETTER)

    [bundle] = await outbox.claim(connection, now=clock.now(), until=clock.now(), limit=9)
    assert bundle.lane is Lane.NORMAL


async def test_what_killed_its_process_is_handled_apart_again(
    connection: Connection, office: DeadLetterOffice, clock: ManualClock
) -> None:
    await bury(connection, 1, abandoned=4)

    await office.replay(LETTER)

    [bundle] = await outbox.claim(connection, now=clock.now(), until=clock.now(), limit=9)
    [sent] = codec.unpack(bundle.payload)
    assert sent.abandoned == 4


async def test_who_replayed_what_is_in_the_audit_trail_and_nobody_needs_to_look_any_more(
    connection: Connection, office: DeadLetterOffice
) -> None:
    await bury(connection)
    await tell(connection, UUID(int=99))

    await office.replay(LETTER)

    [entry] = await trail(connection)
    assert (entry["principal"], entry["action"]) == ("operator:ada", "dead_letter.replayed")
    assert entry["subject"] == {"kind": "dead_letter", "id": str(LETTER)}
    assert entry["correlation_id"] == str(letter(1).envelope.correlation_id)
    assert entry["details"] == {"actor": "bank", "message": "bank.deposit", "message_id": str(UUID(int=1))}
    assert [one.subject.int for one in await attention.oldest(connection, limit=9)] == [99]


async def test_what_is_dropped_stays_handled_and_the_trail_says_why(
    connection: Connection, office: DeadLetterOffice
) -> None:
    await bury(connection)

    dropped = await office.drop(LETTER, reason="booked by\0hand")

    assert dropped.id == LETTER
    assert await connection.fetchval("SELECT count(*) FROM outbox") == 0
    assert await connection.fetchval("SELECT count(*) FROM dead_letters") == 0
    assert await connection.fetchval("SELECT message_id FROM inbox WHERE actor = 'bank'") == UUID(int=1)
    assert await attention.oldest(connection, limit=9) == []
    [entry] = await trail(connection)
    assert entry["action"] == "dead_letter.dropped"
    assert entry["details"]["reason"] == "booked by\N{REPLACEMENT CHARACTER}hand"


async def test_what_is_no_message_cannot_be_replayed_but_dropped(
    connection: Connection, office: DeadLetterOffice
) -> None:
    await dead_letters.bury_unreadable(
        connection, id=LETTER, actor="bank", payload=GARBAGE, reason="no bundle", died_at=START
    )
    await tell(connection, LETTER)

    with pytest.raises(CannotReplay, match="no message"):
        await office.replay(LETTER)
    assert len(await dead_letters.ids(connection)) == 1
    assert await trail(connection) == []

    await office.drop(LETTER, reason="garbage")
    assert await dead_letters.ids(connection) == []
    [entry] = await trail(connection)
    assert entry["details"] == {"actor": "bank", "message": None, "message_id": None, "reason": "garbage"}


async def test_what_lay_with_an_actor_that_is_no_more_cannot_be_replayed(
    connection: Connection, office: DeadLetterOffice
) -> None:
    await bury(connection)

    with pytest.raises(CannotReplay, match="'bank'"):
        await replace(office, actors={"post"}).replay(LETTER)

    assert await connection.fetchval("SELECT count(*) FROM outbox") == 0
    assert len(await attention.oldest(connection, limit=9)) == 1


async def test_who_opens_a_letter_is_written_down(connection: Connection, office: DeadLetterOffice) -> None:
    await bury(connection)

    opened = await office.open(LETTER)

    assert opened.envelope == letter(1).envelope
    [entry] = await trail(connection)
    assert (entry["principal"], entry["action"]) == ("operator:ada", "dead_letter.read")
    assert len(await dead_letters.ids(connection)) == 1
