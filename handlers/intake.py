"""What clients ask to be done: row, idempotency record and command in one transaction, answered after it.

Many requests share a transaction, so that a rush pays for few commits; at light load a transaction is one
request's. What is answered with a 2xx is committed (P4): the command lies in the outbox, whoever dies next.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from bookingd.actor.batching import Batcher
from bookingd.domain.access import whose
from bookingd.domain.audit import AuditEntry, Plain, Subject, seal
from bookingd.domain.booking.facts import BookingMessage
from bookingd.domain.ids import AccountId
from bookingd.domain.references import new_reference
from bookingd.messages.envelope import Origin
from bookingd.sources import Sources
from bookingd.storage import bookings, erasure, idempotency
from bookingd.storage.bookings import NewBooking
from bookingd.storage.database import Database, is_unavailable
from bookingd.storage.idempotency import Key, Record
from bookingd.storage.transactions import Transaction, Transactions
from handlers.errors import Problem
from handlers.principals import session_required

log = logging.getLogger(__name__)

ATTEMPTS = 3
"""A key that another process used between our look and our insert is found at the next look."""


class Raced(Exception):
    """Another process used one of the keys at the same moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A key and the request that uses it."""

    key: Key
    fingerprint: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What one request asks for."""

    claim: Claim | None
    """None where repeating the request does no harm and the client sent no key."""
    origin: Origin
    messages: tuple[BookingMessage, ...]
    answer: Callable[[NewBooking | None, datetime], bytes]
    """The body, less any token, for the booking as it was recorded and the time of recording."""
    location: Callable[[NewBooking | None], str]
    booking: NewBooking | None = None


class Intake:
    """Takes in what clients ask."""

    def __init__(self, *, transactions: Transactions, database: Database, sources: Sources) -> None:
        self._transactions = transactions
        self._database = database
        self._sources = sources
        self._batcher: Batcher[Work, bytes | Exception] = Batcher(self._take)
        self._recalls: Batcher[Key, tuple[bytes, bytes] | None] = Batcher(self._load)
        self._running: set[Key] = set()

    async def run(self) -> None:
        """Take in until cancelled."""
        await asyncio.gather(self._batcher.run(), self._recalls.run())

    async def submit(self, work: Work) -> bytes:
        """The answer, when it is committed. Raises Problem for a key in use or used for something else."""
        if work.claim is None:
            return _given(await self._batcher.submit(work))
        key = work.claim.key
        if key in self._running:
            told = "A request with this Idempotency-Key is being worked on."
            raise Problem("request-running", told, headers={"Retry-After": "1"})
        self._running.add(key)
        try:
            return _given(await self._batcher.submit(work))
        finally:
            self._running.discard(key)

    async def recall(self, claim: Claim) -> bytes | None:
        """What was answered to the same request before; None if it is new. Raises Problem."""
        answer = _replay(claim, await self._recalls.submit(claim.key))
        return None if answer is None else _given(answer)

    async def _load(self, keys: Sequence[Key]) -> Sequence[tuple[bytes, bytes] | None]:
        async with self._database.connection() as connection:
            known = await idempotency.load(connection, keys=keys)
        return [known.get(key) for key in keys]

    async def _take(self, batch: Sequence[Work]) -> Sequence[bytes | Exception]:
        """With the database away everybody is told at once, instead of one after the other."""
        for _ in range(ATTEMPTS):
            try:
                async with self._transactions.begin() as transaction:
                    return await self._record(transaction, batch)
            except Raced:
                log.info("a request was sent to two processes at once")
            except Exception as error:
                if is_unavailable(error):
                    return [error] * len(batch)
                raise
        told = "A request with this Idempotency-Key is being worked on."
        return [Problem("request-running", told)] * len(batch)

    async def _record(self, transaction: Transaction, batch: Sequence[Work]) -> list[bytes | Exception]:
        keys = [work.claim.key for work in batch if work.claim]
        known = await idempotency.load(transaction.connection, keys=keys) if keys else {}
        repeated = [_replay(work.claim, known.get(work.claim.key)) if work.claim else None for work in batch]
        repeated = await self._without_nobodys(transaction, batch, repeated)
        new = [work for work, answer in zip(batch, repeated, strict=True) if answer is None]
        answers = iter(await self._do(transaction, new))
        return [next(answers) if answer is None else answer for answer in repeated]

    async def _without_nobodys(
        self, transaction: Transaction, batch: Sequence[Work], answers: list[bytes | Exception | None]
    ) -> list[bytes | Exception | None]:
        """The same, where accounts that are not open any more get no booking: of one that was erased at this
        moment nothing would ever be erased again.
        """
        owners = {one for work in batch if (one := _owner(work)) is not None}
        if not owners:
            return answers
        there = await erasure.open_owners(transaction.connection, accounts=owners)
        gone = session_required("This account is not open.")
        return [
            gone if answer is None and (owner := _owner(work)) and owner not in there else answer
            for work, answer in zip(batch, answers, strict=True)
        ]

    async def _do(self, transaction: Transaction, new: Sequence[Work]) -> list[bytes]:
        """Rows, records and commands; the answers in the same order."""
        done = await self._insert_bookings(transaction, new)
        answers = [work.answer(work.booking, transaction.now) for work in done]
        records = [
            Record(
                key=work.claim.key,
                fingerprint=work.claim.fingerprint,
                location=work.location(work.booking),
                answer=answer,
            )
            for work, answer in zip(done, answers, strict=True)
            if work.claim
        ]
        if records:
            free = await idempotency.insert(transaction.connection, records=records, now=transaction.now)
            if len(free) < len(records):
                raise Raced
        for work in done:
            if work.booking:
                transaction.audit(self._entry(transaction, work, work.booking))
            for message in work.messages:
                transaction.send(message, origin=work.origin)
        return answers

    def _entry(self, transaction: Transaction, work: Work, made: NewBooking) -> AuditEntry:
        """Who asked to book for whom; the people as commitments, so that they can be erased."""
        travellers = [f"{one.given_name} {one.surname}" for one in made.travellers]
        people: dict[str, Plain] = {"email": made.contact.email, "travellers": travellers}
        return AuditEntry(
            id=self._sources.ids.new(),
            at=transaction.now,
            principal=work.origin.principal,
            action="booking.requested",
            subject=Subject.of("booking", made.booking.id),
            correlation_id=work.origin.correlation_id,
            details={
                "reference": made.booking.reference,
                **whose(work.origin.principal, made.booking),
            },
            personal=seal(people, self._sources.chance.token),
        )

    async def _insert_bookings(self, transaction: Transaction, new: Sequence[Work]) -> list[Work]:
        """The same, with references that are free: one that is taken is drawn again."""
        done = list(new)
        left = [place for place, work in enumerate(done) if work.booking]
        while left:
            wanted = [booking for place in left if (booking := done[place].booking)]
            inserted = await bookings.insert(transaction.connection, bookings=wanted, now=transaction.now)
            left = [
                place
                for place, new_booking in zip(left, wanted, strict=True)
                if new_booking.booking.id not in inserted
            ]
            for place in left:
                done[place] = self._renamed(done[place])
        return done

    def _renamed(self, work: Work) -> Work:
        if work.booking is None:
            return work
        reference = new_reference(self._sources.chance.choice)
        renamed = replace(work.booking.booking, reference=reference)
        return replace(work, booking=replace(work.booking, booking=renamed))


def _owner(work: Work) -> AccountId | None:
    """The account that a new booking is to be of; None where it is a guest's, or there is none."""
    kind, _, name = work.booking.booking.owner.partition(":") if work.booking else ("", "", "")
    return AccountId(UUID(name)) if kind == "account" else None


def _replay(claim: Claim, known: tuple[bytes, bytes] | None) -> bytes | Exception | None:
    """The recorded answer to the same request; None to a new one."""
    if known is None:
        return None
    fingerprint, answer = known
    if fingerprint != claim.fingerprint:
        return Problem("key-reused", "This Idempotency-Key was sent with another request before.")
    return answer


def _given(result: bytes | Exception) -> bytes:
    if isinstance(result, Exception):
        raise result
    return result
