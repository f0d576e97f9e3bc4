"""The rights that links and codes in mails stand for: short-lived, good once, and few tries.

The one rule: nothing here opens a door by itself. A link is the proof's id signed by us, a code is derived
from it by the signing key; so whoever reads this table can make neither.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from bookingd.domain.ids import ProofId
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

ADD = query("proofs.add")
FIND = query("proofs.find")
LOCK = query("proofs.lock")
HAVE = query("proofs.have")
SETTLE = query("proofs.settle")
DROP = query("proofs.drop")
USE = query("proofs.use")
TRY = query("proofs.try")
END_ALL = query("proofs.end_all")
END_ASKED = query("proofs.end_asked")
FORGET = query("proofs.forget")

MOST_TRIES = 5
"""Codes that may be shown for one proof: a guess of six digits succeeds once in 200,000 proofs."""

WAY_BACK = "way_back"
"""Stands in the details of a change of address that undoes another one."""

UNGUARDED = "unguarded"
"""Stands there besides where the account had no second factor when its address was changed."""


class ProofPurpose(StrEnum):
    """What a proof is good for."""

    VERIFY = "verify"
    """That a registration's address is theirs who registered."""
    RESET = "reset"
    """To set an account's password anew."""
    EMAIL_CHANGE = "email_change"
    """That the address is theirs whose account it is to be: the new one, or the former one to go back."""
    ACCESS = "access"
    """To open a booking by a code."""
    SIGN_IN = "sign_in"
    """A password was right, and a second factor is waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A right, and whether it was used."""

    id: ProofId
    purpose: ProofPurpose
    subject: UUID
    """The registration, account or booking that it opens; its own id while that is still to be found out, and
    then it opens nothing.
    """
    address: str | None = field(default=None, repr=False)
    """Where its link or code is sent; of a change of address, the address that the account then has."""
    details: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What its purpose needs besides."""
    created_at: datetime
    expires_at: datetime
    tries: int = 0
    used_at: datetime | None = None

    @property
    def settled(self) -> bool:
        """Whether it is known what it opens."""
        return self.subject != self.id

    @property
    def way_back(self) -> bool:
        """Whether it puts a former address back."""
        return WAY_BACK in self.details

    @property
    def unguarded(self) -> bool:
        """Whether whatever second factor there is came after it."""
        return UNGUARDED in self.details

    def good(self, now: datetime) -> bool:
        """Whether it opens something now."""
        return self.settled and self.used_at is None and now < self.expires_at


class Settled(NamedTuple):
    """It is known what a proof opens, and where its link or code goes."""

    proof_id: ProofId
    subject: UUID
    address: str


async def add(connection: Connection, *, proof: Proof) -> None:
    """Record a new proof."""
    await add_all(connection, new=[proof])


async def add_all(connection: Connection, *, new: Collection[Proof]) -> None:
    """Record new proofs."""
    await connection.execute(
        ADD,
        [proof.id for proof in new],
        [proof.purpose for proof in new],
        [proof.subject for proof in new],
        [proof.address for proof in new],
        [json.dumps(dict(proof.details)) for proof in new],
        [proof.created_at for proof in new],
        [proof.expires_at for proof in new],
    )


async def find(connection: Connection, *, proof_id: ProofId) -> Proof | None:
    """The proof as it is."""
    return _proof(await connection.fetchrow(FIND, proof_id))


async def lock(connection: Connection, *, ids: Collection[ProofId]) -> dict[ProofId, Proof]:
    """Those of the proofs that are there, which nobody else changes until the end of the transaction."""
    return {ProofId(row["id"]): from_row(dict(row)) for row in await connection.fetch(LOCK, list(ids))}


async def having(connection: Connection, *, subjects: Collection[UUID], purpose: ProofPurpose) -> set[UUID]:
    """Those of the subjects that have a proof of that kind, whatever became of it."""
    return {row["subject"] for row in await connection.fetch(HAVE, list(subjects), purpose)}


async def settle(connection: Connection, *, settled: Collection[Settled]) -> None:
    """They open that from now on."""
    ids, subjects, addresses = ([one[column] for one in settled] for column in range(3))
    await connection.execute(SETTLE, ids, subjects, addresses)


async def drop(connection: Connection, *, ids: Collection[ProofId]) -> None:
    """They open nothing, and nobody is told."""
    await connection.execute(DROP, list(ids))


async def use(
    connection: Connection, *, proof_id: ProofId, purpose: ProofPurpose, now: datetime
) -> Proof | None:
    """Use it, once; None where it is for something else, opens nothing, was used before or is too old."""
    return _proof(await connection.fetchrow(USE, proof_id, purpose, now))


async def try_code(
    connection: Connection, *, proof_id: ProofId, purpose: ProofPurpose, now: datetime
) -> Proof | None:
    """Count a try before the code is looked at, and then `use` it if that was right.

    None where it cannot be used any more, be it for too many tries. Commit also if the code was wrong.
    """
    return _proof(await connection.fetchrow(TRY, proof_id, purpose, now, MOST_TRIES))


async def end_all(connection: Connection, *, subject: UUID, purpose: ProofPurpose, now: datetime) -> None:
    """None of the subject's proofs of this kind can be used from now on."""
    await connection.execute(END_ALL, subject, purpose, now)


async def end_asked(
    connection: Connection, *, account: UUID, now: datetime, ways_back_since: datetime | None = None
) -> None:
    """None of what was asked for in the account's name can be used from now on: whoever asked may be another.

    The ways back to its former addresses stay, but for those that were made after then.
    """
    await connection.execute(END_ASKED, account, now, ways_back_since)


async def forget(connection: Connection, *, before: datetime, limit: int) -> int:
    """Drop up to `limit` proofs that were over before then; how many went."""
    return len(await connection.fetch(FORGET, before, limit))


def from_row(row: Mapping[str, Any]) -> Proof:
    """A row of the table, all of its columns."""
    values = dict(row)
    details, purpose = json.loads(values.pop("details")), ProofPurpose(values.pop("purpose"))
    return Proof(purpose=purpose, details=details, **values)


def _proof(row: asyncpg.Record | None) -> Proof | None:
    return None if row is None else from_row(dict(row))
