"""Webhooks of a stand-in: sent in the background, and sent again until they are accepted.

The one rule: an event stays undelivered until the endpoint said 2xx, over restarts too.
"""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeAlias, TypeVar

import aiohttp

from bookingd.sandbox.agenda import Agenda
from bookingd.sandbox.misbehaviour import Choice, How
from bookingd.sources import Clock

WORKERS = 8
"""Webhooks on their way at the same time; so they come in any order, as the vendors' do."""

FIRST_RETRY = timedelta(milliseconds=500)
LONGEST_RETRY = timedelta(minutes=1)
GIVE_UP = timedelta(days=3)
"""Stripe and PayPal try for up to three days."""

PATIENCE = 10.0
"""Seconds for which an endpoint may take its time."""


class Told(Protocol):
    """Something that happened, as far as its delivery is concerned."""

    @property
    def id(self) -> str: ...

    @property
    def type(self) -> str: ...


E = TypeVar("E", bound=Told)

Letter: TypeAlias = tuple[bytes, dict[str, str]]
"""Body and headers of one attempt."""


@dataclass(slots=True, kw_only=True)
class _Parcel(Generic[E]):
    event: E
    since: datetime
    attempts: int = 0


class Courier(Generic[E]):
    """Delivers events to one URL; without one it does nothing."""

    def __init__(
        self,
        *,
        url: str | None,
        compose: Callable[[E], Letter],
        events: Collection[str] | None,
        clock: Clock,
        agenda: Agenda,
        delivered: Callable[[str], None],
    ) -> None:
        """`compose` writes and signs an event; `events` are the kinds to send (None: all);
        `delivered` hears of each event that needs no more care, accepted or given up.
        """
        self._url = url
        self._compose = compose
        self._events = None if events is None else frozenset(events)
        self._clock = clock
        self._agenda = agenda
        self._delivered = delivered
        self._ready: asyncio.Queue[_Parcel[E]] = asyncio.Queue()
        self._waiting: dict[str, _Parcel[E]] = {}
        self._count = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._session: aiohttp.ClientSession | None = None

    def wants(self, kind: str) -> bool:
        """Whether events of this kind are delivered, as an endpoint subscribes to them."""
        return self._url is not None and (self._events is None or kind in self._events)

    async def start(self) -> None:
        if self._url is None:
            return
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE))
        self._tasks = [asyncio.create_task(self._work()) for _ in range(WORKERS)]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        if self._session is not None:
            await self._session.close()
            self._session = None

    def send(self, event: E, choice: Choice | None = None) -> None:
        """Have `event` delivered, as wrongly as `choice` says."""
        if not self.wants(event.type):
            return
        parcel = _Parcel(event=event, since=self._clock.now())
        match choice and choice.how:
            case How.WEBHOOK_NEVER:
                self._delivered(event.id)
            case How.WEBHOOK_LATE if choice:
                self._later(parcel, timedelta(seconds=choice.seconds))
            case How.WEBHOOK_TWICE:
                self._ready.put_nowait(parcel)
                self._ready.put_nowait(_Parcel(event=event, since=parcel.since))
            case _:
                self._ready.put_nowait(parcel)

    async def deliver_at_once(self, event: E) -> None:
        """Deliver before going on; what the endpoint does not accept is tried again later."""
        if self.wants(event.type):
            await self._handle(_Parcel(event=event, since=self._clock.now()))

    async def _work(self) -> None:
        while True:
            await self._handle(await self._ready.get())

    async def _handle(self, parcel: _Parcel[E]) -> None:
        accepted = await self._post(parcel.event)
        parcel.attempts += 1
        if accepted or self._clock.now() - parcel.since > GIVE_UP:
            self._delivered(parcel.event.id)
        else:
            self._later(parcel, min(FIRST_RETRY * 2 ** min(parcel.attempts - 1, 10), LONGEST_RETRY))

    async def _post(self, event: E) -> bool:
        if self._session is None or self._url is None:
            return False
        body, headers = self._compose(event)
        try:
            async with self._session.post(
                self._url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                return 200 <= answer.status < 300
        except (aiohttp.ClientError, TimeoutError):
            return False

    def _later(self, parcel: _Parcel[E], delay: timedelta) -> None:
        self._count += 1
        name = str(self._count)
        self._waiting[name] = parcel
        self._agenda.note(self._clock.now() + delay, self._due, name)

    def _due(self, name: str) -> None:
        self._ready.put_nowait(self._waiting.pop(name))
