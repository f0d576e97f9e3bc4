"""Making a picture of what it comes from: a recipe, an upload, or another host.

Its one rule: a host that fails is left in peace, longer each time, and every process knows: what became of a
fetch stands in the table.
"""

import asyncio
import hashlib
import logging
from datetime import timedelta
from weakref import WeakValueDictionary

from bookingd.domain.pictures import Kind, PictureId, Recipe, State
from bookingd.pictures.fetching import Fetcher, FetchFailed, FetchRefused
from bookingd.pictures.line import Line
from bookingd.pictures.shelf import Shelf
from bookingd.pictures.sizes import MADE_ANEW, Format
from bookingd.pictures.work import Draw, Made, Size, TakeIn
from bookingd.pictures.workshop import Unreadable, WorkerFailed, Workshop
from bookingd.sources import Clock
from bookingd.storage import pictures
from bookingd.storage.database import Database
from bookingd.storage.pictures import Picture
from bookingd.telemetry.metrics import PictureMetrics

log = logging.getLogger(__name__)

SOON = 2
"""Seconds after which there may be room again."""
LATER = 60
"""Seconds after which to come again where the fault is ours."""
FETCHES_WAITING = 32
ORIGINALS_AT_ONCE = 4
"""Originals out of the database that are in memory, 5 MB each."""

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(days=1)
MOST_FAILURES = 10
"""In a row, over three days: then a picture is given up."""


class NoSuchPicture(Exception):
    """There is none of that id, or it is never to be had."""


class PictureAway(Exception):
    """It cannot be had now; there is a chance again after `seconds`."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"come again after {seconds} s")
        self.seconds = seconds


class Maker:
    """Makes pictures. Whether somebody else is making the same one is not its affair."""

    def __init__(
        self,
        *,
        database: Database,
        shelf: Shelf,
        workshop: Workshop,
        fetcher: Fetcher,
        fetches_at_once: int,
        clock: Clock,
        metrics: PictureMetrics,
    ) -> None:
        self._database = database
        self._shelf = shelf
        self._workshop = workshop
        self._fetcher = fetcher
        self._fetches = Line(fetches_at_once, waiting=FETCHES_WAITING)
        self._fetching: WeakValueDictionary[PictureId, asyncio.Lock] = WeakValueDictionary()
        self._originals = asyncio.Semaphore(ORIGINALS_AT_ONCE)
        self._clock = clock
        self._metrics = metrics

    async def make(self, picture: Picture, form: Format, widths: tuple[int, ...]) -> Made:
        """In these widths. Raises NoSuchPicture, PictureAway, LineFull."""
        if self._workshop.full:
            raise PictureAway(SOON)
        ways = {Kind.DRAWN: self._drawn, Kind.UPLOADED: self._uploaded, Kind.FETCHED: self._fetched}
        try:
            return await ways[picture.kind](picture, form, widths)
        except WorkerFailed as error:
            raise PictureAway(LATER) from error

    async def take_in(self, given: bytes, form: Format, widths: tuple[int, ...]) -> Made:
        """Make an original of foreign bytes. Raises Unreadable, WorkerFailed, LineFull."""
        return await self._workshop.do(TakeIn(given=given, form=form, widths=widths))

    async def _drawn(self, picture: Picture, form: Format, widths: tuple[int, ...]) -> Made:
        recipe = picture.recipe or ""
        try:
            Recipe.from_json(recipe)
        except (ValueError, KeyError) as error:
            log.error("picture %s has no recipe of ours: %s", picture.id, recipe)  # noqa: TRY400 - no trace needed
            raise NoSuchPicture(picture.id) from error
        return await self._workshop.do(Draw(recipe=recipe, form=form, widths=widths))

    async def _uploaded(self, picture: Picture, form: Format, widths: tuple[int, ...]) -> Made:
        async with self._originals:
            async with self._database.connection() as connection:
                original = await pictures.original(connection, picture=picture.id)
            if original is None:  # it was removed meanwhile
                raise NoSuchPicture(picture.id)
            return await self._workshop.do(Size(original=original, form=form, widths=widths))

    async def _fetched(self, picture: Picture, form: Format, widths: tuple[int, ...]) -> Made:
        """From its original, if that is on the shelf; from its host else, once for all formats."""
        address = picture.url or ""
        if not self._fetcher.may(address):  # not for ever: the configuration may change
            raise NoSuchPicture(picture.id)
        turn = self._fetching.setdefault(picture.id, asyncio.Lock())
        async with self._fetches, turn:
            kept = await self._shelf.take(_original(picture.id))
            try:
                if kept is not None:
                    return await self._workshop.do(Size(original=kept.content, form=form, widths=widths))
                self._check_pause(picture)
                given = await self._fetcher.fetch(address)
                made = await self.take_in(given, form, widths)
            except (FetchRefused, Unreadable) as error:
                await self._give_up(picture, error.reason)
                raise NoSuchPicture(picture.id) from error
            except (FetchFailed, WorkerFailed) as error:
                raise await self._put_off(picture, error.reason) from error
            await self._keep(picture, made)
            return made

    def _check_pause(self, picture: Picture) -> None:
        """Raises PictureAway while its host is left in peace."""
        if picture.try_after is not None and picture.try_after > self._clock.now():
            left = picture.try_after - self._clock.now()
            raise PictureAway(max(SOON, int(left.total_seconds()) + 1))

    async def _keep(self, picture: Picture, made: Made) -> None:
        self._metrics.fetched("done").inc()
        await self._shelf.put(_original(picture.id), made.original)
        digest, size = hashlib.sha256(made.original).digest(), (made.width, made.height)
        if (picture.state, picture.failures, picture.hash) != (State.READY, 0, digest):
            async with self._database.connection() as connection:
                await pictures.note_ready(connection, picture=picture.id, size=size, digest=digest)

    async def _give_up(self, picture: Picture, reason: str) -> None:
        self._metrics.fetched("refused").inc()
        log.warning("picture %s of %s is refused: %s", picture.id, picture.supplier, reason)
        async with self._database.connection() as connection:
            await pictures.note_refusal(connection, picture=picture.id, reason=reason)

    async def _put_off(self, picture: Picture, reason: str) -> PictureAway | NoSuchPicture:
        """For a while that is longer each time; at last, for ever."""
        if picture.failures + 1 >= MOST_FAILURES:
            await self._give_up(picture, reason)
            return NoSuchPicture(picture.id)
        self._metrics.fetched("failed").inc()
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 4**picture.failures)
        again = self._clock.now() + pause
        async with self._database.connection() as connection:
            await pictures.note_failure(connection, picture=picture.id, reason=reason, try_after=again)
        return PictureAway(int(pause.total_seconds()))


def _original(picture: PictureId) -> str:
    return f"{picture}-{MADE_ANEW}-original.webp"
