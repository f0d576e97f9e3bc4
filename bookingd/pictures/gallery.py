"""The gallery: a picture in a width and a format, from the shelf, or else made once for all who ask.

Its one rule: nobody makes anything in the daemon itself, and nobody waits for ever. Whether there is such a
picture is asked of the database for all who ask together; what has to be made is made by workers that give
way to everything else, in a line of bounded length. Who would have to wait for long is told to come again.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bookingd.actor.batching import Batcher
from bookingd.domain.pictures import PictureId, State
from bookingd.pictures.line import LineFull
from bookingd.pictures.making import SOON, Maker, NoSuchPicture, PictureAway
from bookingd.pictures.shelf import Kept, Shelf
from bookingd.pictures.sizes import MADE_ANEW, WIDTHS, Format, made_with
from bookingd.pictures.work import Made
from bookingd.sources import Clock
from bookingd.storage import pictures
from bookingd.storage.database import Database
from bookingd.storage.pictures import Picture
from bookingd.telemetry.metrics import PictureMetrics

KNOWN_FOR = 15.0
"""Seconds for which a process believes what it has read of a picture: so long one that was removed elsewhere
is served here."""
REMEMBERED = 10_000
"""Pictures, some 1 KB each."""
PATIENCE = 20.0
"""Seconds for which a request waits for a picture to be made."""


class _Wanted(NamedTuple):
    """What is made in one go."""

    picture: PictureId
    form: Format
    widths: tuple[int, ...]


class _Known(NamedTuple):
    picture: Picture | None
    since: float


class Gallery:
    """Serves pictures, while `run` runs."""

    def __init__(
        self,
        *,
        database: Database,
        shelf: Shelf,
        maker: Maker,
        clock: Clock,
        metrics: PictureMetrics,
        patience: float = PATIENCE,
    ) -> None:
        self._database = database
        self._shelf = shelf
        self._maker = maker
        self._clock = clock
        self._metrics = metrics
        self._patience = patience
        self._known: OrderedDict[PictureId, _Known] = OrderedDict()
        self._looks: Batcher[PictureId, Picture | None] = Batcher(self._look)
        self._under_way: dict[_Wanted, asyncio.Task[Mapping[int, bytes]]] = {}

    async def run(self) -> None:
        """Look pictures up until cancelled; what is being made then is left."""
        try:
            await self._looks.run()
        finally:
            left = list(self._under_way.values())
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def show(self, picture: PictureId, width: int, form: Format) -> Kept:
        """The picture in one of WIDTHS, with its SHA-256. Raises NoSuchPicture, PictureAway."""
        try:
            found = await self._find(picture)
            kept = await self._shelf.take(_name(picture, width, form))
            outcome = "kept" if kept else "made"
            if kept is None:
                kept = await self._make_in_time(found, width, form)
        except NoSuchPicture:
            self._metrics.served("unknown").inc()
            raise
        except PictureAway:
            self._metrics.served("away").inc()
            raise
        self._metrics.served(outcome).inc()
        return kept

    async def take_in(self, given: bytes, form: Format) -> Made:
        """Make an original of foreign bytes. Raises Unreadable, WorkerFailed, LineFull."""
        return await self._maker.take_in(given, form, WIDTHS)

    async def put(self, picture: PictureId, renditions: Mapping[int, bytes], form: Format) -> None:
        """Have them ready, by width: somebody will ask soon."""
        self.forget(picture)
        for width, content in renditions.items():
            await self._shelf.put(_name(picture, width, form), content)

    async def drop(self, picture: PictureId) -> None:
        """It was removed."""
        self.forget(picture)
        for form in Format:
            for width in WIDTHS:
                await self._shelf.drop(_name(picture, width, form))

    def forget(self, picture: PictureId) -> None:
        """What is known of it has changed."""
        self._known.pop(picture, None)

    async def _find(self, id_: PictureId) -> Picture:
        """What is known of it, if there is or will be something to show."""
        known = self._known.get(id_)
        if known is None or self._clock.monotonic() - known.since >= KNOWN_FOR:
            since = self._clock.monotonic()
            known = _Known(await self._looks.submit(id_), since)
            self._remember(id_, known)
        found = known.picture
        if found is None or found.state is State.REFUSED:
            raise NoSuchPicture(id_)
        return found

    def _remember(self, id_: PictureId, known: _Known) -> None:
        self._known[id_] = known
        self._known.move_to_end(id_)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    async def _look(self, ids: Sequence[PictureId]) -> Sequence[Picture | None]:
        async with self._database.connection() as connection:
            found = await pictures.by_ids(connection, ids=set(ids))
        return [found.get(one) for one in ids]

    async def _make_in_time(self, found: Picture, width: int, form: Format) -> Kept:
        making = self._making(found, _Wanted(found.id, form, made_with(width)))
        done, _ = await asyncio.wait([making], timeout=self._patience)
        if not done:
            raise PictureAway(SOON)
        content = making.result()[width]
        return Kept(content, hashlib.sha256(content).digest())

    def _making(self, found: Picture, wanted: _Wanted) -> "asyncio.Task[Mapping[int, bytes]]":
        """One for all who ask; it goes on when whoever began it has gone."""
        task = self._under_way.get(wanted)
        if task is None:
            task = asyncio.create_task(self._make(found, wanted), name=f"picture {found.id}")
            self._under_way[wanted] = task
            task.add_done_callback(lambda done: self._end(wanted, done))
        return task

    def _end(self, wanted: _Wanted, task: "asyncio.Task[Mapping[int, bytes]]") -> None:
        del self._under_way[wanted]
        if not task.cancelled():
            task.exception()  # who still waits is told; where nobody does, metrics and log have told it

    async def _make(self, found: Picture, wanted: _Wanted) -> Mapping[int, bytes]:
        """And put it onto the shelf."""
        try:
            made = await self._maker.make(found, wanted.form, wanted.widths)
        except LineFull as error:
            self._metrics.turned_away.inc()
            raise PictureAway(SOON) from error
        except (NoSuchPicture, PictureAway):
            self.forget(found.id)  # it may be known better now
            raise
        await self.put(found.id, made.renditions, wanted.form)
        return made.renditions


def _name(picture: PictureId, width: int, form: Format) -> str:
    return f"{picture}-{MADE_ANEW}-{width}.{form.value}"
