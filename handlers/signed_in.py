"""Whose a session is, and whether it is open: read for all who ask together, and known for a moment.

A notice drops what is known of an account at once; one that got lost costs the moment. So whoever signs out,
is suspended or gets another role is somebody else everywhere after that.
"""

from collections.abc import Sequence

from aiohttp import web

from bookingd.actor.batching import Batcher
from bookingd.domain.accounts.who import Who
from bookingd.domain.ids import SessionId
from bookingd.messages.catalogue import Message
from bookingd.messages.live import AccountChanged
from bookingd.sources import Clock
from bookingd.storage import sessions
from bookingd.storage.database import Database
from handlers.remembered import Remembered


class SignedIn:
    """Finds out whose sessions are."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._known: Remembered[SessionId, Who] = Remembered(clock)
        self._looks: Batcher[SessionId, Who | None] = Batcher(self._look)

    async def run(self) -> None:
        """Look until cancelled."""
        await self._looks.run()

    def hear(self, notice: Message) -> None:
        """A notice of the bus."""
        if isinstance(notice, AccountChanged):
            self._known.forget(notice.account_id)

    async def find(self, session: SessionId) -> Who | None:
        """Who it is; None where the session is over, or the account is not open."""
        if (known := self._known.recall(session)) is not None:
            return known
        look = self._known.look()
        who = await self._looks.submit(session)
        if who is not None:
            self._known.keep(session, who, account=who.account, look=look)
        return who

    async def _look(self, wanted: Sequence[SessionId]) -> Sequence[Who | None]:
        async with self._database.connection() as connection:
            found = await sessions.who(connection, ids=set(wanted), now=self._clock.now())
        return [found.get(session) for session in wanted]


SIGNED_IN = web.AppKey("signed_in", SignedIn)
