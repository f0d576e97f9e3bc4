"""Proofs in the database: good once, for one thing, for a while, and for few tries."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from bookingd.domain.ids import ProofId
from bookingd.storage import proofs
from bookingd.storage.database import Connection, Database
from bookingd.storage.proofs import MOST_TRIES, WAY_BACK, Proof, ProofPurpose, Settled
from tests.fakes.sources import START

ID = ProofId(UUID(int=5))
ACCOUNT = UUID(int=9)
PROOF = Proof(
    id=ID,
    purpose=ProofPurpose.RESET,
    subject=ACCOUNT,
    address="zoe@example.org",
    details={"reference": "KV7Q2M"},
    created_at=START,
    expires_at=START + timedelta(hours=1),
)
OPEN_QUESTION = replace(PROOF, purpose=ProofPurpose.ACCESS, subject=ID)


async def used(connection: Connection, *, after: timedelta = timedelta(0)) -> Proof | None:
    return await proofs.use(connection, proof_id=ID, purpose=ProofPurpose.RESET, now=START + after)


async def tried(connection: Connection) -> Proof | None:
    return await proofs.try_code(connection, proof_id=ID, purpose=ProofPurpose.RESET, now=START)


async def test_a_proof_is_kept_as_it_is(connection: Connection) -> None:
    await proofs.add(connection, proof=PROOF)

    assert await proofs.find(connection, proof_id=ID) == PROOF
    assert PROOF.good(START)
    assert not PROOF.good(PROOF.expires_at)


async def test_a_proof_is_used_once(connection: Connection) -> None:
    await proofs.add(connection, proof=PROOF)

    assert await used(connection) == replace(PROOF, used_at=START)
    assert await used(connection) is None


async def test_of_two_who_use_it_at_once_one_does(database: Database) -> None:
    async with database.transaction() as connection:
        await proofs.add(connection, proof=PROOF)

    async def use() -> Proof | None:
        async with database.transaction() as connection:
            return await used(connection)

    assert sum(one is not None for one in await asyncio.gather(use(), use(), use())) == 1


async def test_a_proof_is_good_until_its_time_is_over(connection: Connection) -> None:
    await proofs.add(connection, proof=PROOF)

    assert await used(connection, after=timedelta(hours=1)) is None
    assert await used(connection, after=timedelta(minutes=59)) is not None


@pytest.mark.parametrize("purpose", sorted(set(ProofPurpose) - {ProofPurpose.RESET}))
async def test_a_proof_is_good_for_nothing_else(connection: Connection, purpose: ProofPurpose) -> None:
    await proofs.add(connection, proof=PROOF)

    assert await proofs.use(connection, proof_id=ID, purpose=purpose, now=START) is None
    assert await proofs.try_code(connection, proof_id=ID, purpose=purpose, now=START) is None


async def test_what_is_not_known_to_open_anything_opens_nothing(connection: Connection) -> None:
    await proofs.add(connection, proof=OPEN_QUESTION)
    before = await proofs.use(connection, proof_id=ID, purpose=ProofPurpose.ACCESS, now=START)

    await proofs.settle(connection, settled=[Settled(ID, ACCOUNT, "zoe@example.org")])

    found = await proofs.use(connection, proof_id=ID, purpose=ProofPurpose.ACCESS, now=START)
    assert before is None
    assert found is not None
    assert (found.subject, found.settled) == (ACCOUNT, True)


async def test_codes_can_be_tried_a_few_times_only(connection: Connection) -> None:
    await proofs.add(connection, proof=PROOF)

    tries = [await tried(connection) for _ in range(MOST_TRIES + 2)]

    assert [one is not None for one in tries] == [True] * MOST_TRIES + [False] * 2


async def test_a_right_code_at_the_last_try_is_still_good(connection: Connection) -> None:
    await proofs.add(connection, proof=replace(PROOF))
    for _ in range(MOST_TRIES):
        await tried(connection)

    assert await used(connection) is not None


async def test_all_proofs_of_a_kind_end_together(connection: Connection) -> None:
    other = replace(PROOF, id=ProofId(UUID(int=6)), subject=UUID(int=10))
    for proof in (PROOF, other):
        await proofs.add(connection, proof=proof)

    await proofs.end_all(connection, subject=ACCOUNT, purpose=ProofPurpose.RESET, now=START)

    assert await used(connection) is None
    assert await proofs.find(connection, proof_id=other.id) == other


@pytest.mark.parametrize("purpose", [ProofPurpose.RESET, ProofPurpose.SIGN_IN, ProofPurpose.EMAIL_CHANGE])
async def test_what_was_asked_for_in_an_accounts_name_ends_together(
    connection: Connection, purpose: ProofPurpose
) -> None:
    own = replace(PROOF, purpose=purpose)
    others = replace(PROOF, id=ProofId(UUID(int=6)), subject=UUID(int=10))
    await proofs.add_all(connection, new=[own, others])

    await proofs.end_asked(connection, account=ACCOUNT, now=START)

    assert await proofs.use(connection, proof_id=ID, purpose=purpose, now=START) is None
    assert await proofs.find(connection, proof_id=others.id) == others


@pytest.mark.parametrize("purpose", [ProofPurpose.VERIFY, ProofPurpose.ACCESS])
async def test_what_is_of_another_kind_goes_on(connection: Connection, purpose: ProofPurpose) -> None:
    await proofs.add(connection, proof=replace(PROOF, purpose=purpose))

    await proofs.end_asked(connection, account=ACCOUNT, now=START)

    assert await proofs.use(connection, proof_id=ID, purpose=purpose, now=START) is not None


@pytest.mark.parametrize(
    ("since", "good"),
    [(None, True), (START, True), (START - timedelta(seconds=1), False), (START + timedelta(days=1), True)],
)
async def test_a_way_back_ends_only_with_those_that_were_made_after_one(
    connection: Connection, since: datetime | None, good: bool
) -> None:
    way_back = replace(PROOF, purpose=ProofPurpose.EMAIL_CHANGE, details={WAY_BACK: "yes"})
    await proofs.add(connection, proof=way_back)

    await proofs.end_asked(connection, account=ACCOUNT, now=START, ways_back_since=since)

    used_now = await proofs.use(connection, proof_id=ID, purpose=ProofPurpose.EMAIL_CHANGE, now=START)
    assert (used_now is not None) is good


async def test_many_are_settled_and_dropped_at_once(connection: Connection) -> None:
    ids = [ProofId(UUID(int=number)) for number in range(20, 24)]
    await proofs.add_all(
        connection, new=[replace(OPEN_QUESTION, id=one, subject=one, address=None) for one in ids]
    )
    settled = [Settled(one, UUID(int=number), f"{number}@x.example") for number, one in enumerate(ids[:2])]

    await proofs.settle(connection, settled=settled)
    await proofs.drop(connection, ids=ids[2:])

    found = await proofs.lock(connection, ids=ids)
    assert [(one.subject.int, one.address) for one in found.values()] == [
        (0, "0@x.example"),
        (1, "1@x.example"),
    ]
    having = await proofs.having(connection, subjects=[UUID(int=0), UUID(int=5)], purpose=ProofPurpose.ACCESS)
    assert having == {UUID(int=0)}


async def test_what_is_over_is_forgotten(connection: Connection) -> None:
    await proofs.add(connection, proof=PROOF)

    early = await proofs.forget(connection, before=START, limit=10)
    late = await proofs.forget(connection, before=START + timedelta(days=1), limit=10)

    assert (early, late) == (0, 1)


def test_an_address_is_not_in_what_is_logged() -> None:
    assert "zoe" not in repr(PROOF)
