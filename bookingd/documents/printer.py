"""Has documents printed, beside the daemon.

The one rule: printing holds nobody up. One worker prints, starts with the first document, and is replaced
where it died or took too long; who finds too many waiting is told to come again.
"""

import asyncio
import logging

import msgspec

from bookingd.documents.worker import Print
from bookingd.domain.documents.document import Document, Party
from bookingd.pictures.line import Line, LineFull
from bookingd.workers import Worker

log = logging.getLogger(__name__)

WORKER = "bookingd.documents.worker"

SECONDS = 20.0
"""A document of one page takes 0.1 s, with Chinese names 0.7 s; the first one starts Python before."""

WAITING = 64
"""Documents that wait at most: some ten seconds of the worker's time."""

_encode = msgspec.msgpack.Encoder().encode


class PrinterAway(Exception):
    """It cannot be printed now; in a moment it can."""


class Printer:
    """Documents as PDF."""

    def __init__(self, *, waiting: int = WAITING, seconds: float = SECONDS) -> None:
        self._line = Line(1, waiting=waiting)
        self._seconds = seconds
        self._worker: Worker | None = None

    async def pdf(self, document: Document, addressee: Party | None) -> bytes:
        """The document as PDF: the same bytes each time. Raises PrinterAway."""
        try:
            async with self._line:
                return await self._printed(_encode(Print(document=document, addressee=addressee)))
        except LineFull as error:
            raise PrinterAway("too many documents are being printed") from error

    async def close(self) -> None:
        """Let the worker go."""
        worker, self._worker = self._worker, None
        if worker is not None:
            await asyncio.shield(asyncio.ensure_future(worker.end()))

    async def _printed(self, asked: bytes) -> bytes:
        done = False
        try:
            async with asyncio.timeout(self._seconds):
                worker = self._worker = self._worker or await Worker.start(WORKER)
                printed = await worker.do(asked)
            done = True
        except (TimeoutError, EOFError, ConnectionError, OSError) as error:
            log.warning("a document was not printed: %r", error)
            raise PrinterAway("the printing process failed") from error
        finally:
            if not done:  # left in the middle of a job, it would answer that one to the next
                await self.close()
        return printed
