"""The audit actor: gives every recorded entry its place in the chain, and has the chain signed.

It accepts no messages and sends none: what it works on is recorded by everybody else's transactions. It
changes no entry and decides nothing about bookings. Any number of processes may run it; an advisory lock
lets one work at a time.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import ClassVar, Protocol

from bookingd.actor.kinds import Acting, Answer, Decide, Reading
from bookingd.sources import Clock
from bookingd.storage import audit, checkpoints
from bookingd.storage.checkpoints import CheckpointFile, Ends, Signer
from bookingd.storage.database import Database

BATCH = 1000
"""Entries a transaction. Each hash waits for the one before it, so more at once gains nothing."""

PAUSE = 1.0
"""Seconds between two looks for new entries when there were few."""

TELL_EVERY = 5.0
"""Seconds between two measurements of the lag."""


class Gauge(Protocol):
    """A figure for the operator."""

    def set(self, value: float) -> None: ...


class Chainer:
    """Extends the chain, and signs it every `every`, or after `entries` entries if that is sooner."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        signer: Signer,
        file: CheckpointFile,
        every: timedelta = timedelta(minutes=1),
        entries: int = 10_000,
    ) -> None:
        self._database = database
        self._clock = clock
        self._signer = signer
        self._file = file
        self._every = every
        self._entries = entries
        self._caught_up = False

    async def chain_once(self) -> int:
        """Chain one batch; how many entries it had.

        Less than BATCH means that nothing is left to do, or that another process does it.
        """
        async with self._database.transaction() as connection:
            return await audit.extend(connection, limit=BATCH)

    async def sign_if_due(self) -> None:
        """Sign the end of the chain if it is time, and bring the file up to date.

        Raises DatabaseSetBack when the checkpoints outside are ahead of the database.
        """
        async with self._database.connection() as connection:
            ends = await checkpoints.ends(connection)
        if self._due(ends):
            await checkpoints.check_not_set_back(self._file, ends.last)
            await self._sign()
            await self._publish()
        elif not self._caught_up:
            await self._publish()

    async def oldest_unchained_age(self) -> timedelta:
        """How long the oldest entry has waited for its place."""
        async with self._database.connection() as connection:
            return await audit.oldest_unchained_age(connection, self._clock.now())

    async def _sign(self) -> None:
        """Under the lock all is read again: another process may have signed meanwhile."""
        async with self._database.transaction() as connection:
            await audit.lock(connection)
            ends = await checkpoints.ends(connection)
            if self._due(ends):
                place = (ends.number, ends.hash)
                now = self._clock.now()
                await checkpoints.sign(connection, signer=self._signer, place=place, at=now, last=ends.last)

    async def _publish(self) -> None:
        async with self._database.connection() as connection:
            await checkpoints.publish(connection, file=self._file)
        self._caught_up = True

    def _due(self, ends: Ends) -> bool:
        if not ends.unsigned:
            return False
        if ends.last is None or ends.unsigned >= self._entries:
            return True
        return self._clock.now() - ends.last.at >= self._every


class AuditActor:
    """The chainer as an actor: loops beside an empty mailbox."""

    name: ClassVar[str] = "audit"
    accepts: ClassVar[tuple[type, ...]] = ()

    def __init__(self, *, chainer: Chainer, clock: Clock, lag: Gauge, pause: float = PAUSE) -> None:
        self._chainer = chainer
        self._clock = clock
        self._lag = lag
        self._pause = pause

    @property
    def deciding(self) -> Mapping[type, Decide]:
        return {}

    @property
    def acting(self) -> Mapping[type, Acting | Reading]:
        return {}

    @property
    def answering(self) -> Mapping[type, Answer]:
        return {}

    @property
    def loops(self) -> Sequence[Callable[[], Awaitable[None]]]:
        """Apart from each other: what keeps one from its work must not stop the others."""
        return (self.keep_chaining, self.keep_signing, self.tell_lag)

    async def keep_chaining(self) -> None:
        """Chain as long as there is something to chain, then look again after a pause; for good."""
        while True:
            if await self._chainer.chain_once() < BATCH:
                await self._clock.sleep(self._pause)

    async def keep_signing(self) -> None:
        """Look at every pause whether it is time to sign."""
        while True:
            await self._chainer.sign_if_due()
            await self._clock.sleep(self._pause)

    async def tell_lag(self) -> None:
        """Tell the operator how far chaining is behind."""
        while True:
            self._lag.set((await self._chainer.oldest_unchained_age()).total_seconds())
            await self._clock.sleep(TELL_EVERY)
