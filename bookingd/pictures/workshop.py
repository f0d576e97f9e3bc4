"""The workshop: a few workers, each a process of its own, and a short line of jobs that wait for them.

Its one rule: neither a flood of pictures nor a bad one reaches the daemon. Who finds the line full is turned
away at once; a worker that takes too long is killed, one that died is replaced at the next job.
"""

import asyncio
import logging
import os
import sys
from contextlib import suppress

import msgspec

from bookingd.pictures.line import Line
from bookingd.pictures.work import Answer, Job, Made, Unfit
from bookingd.pictures.worker import LENGTH, MOST_MESSAGE
from bookingd.sources import Clock
from bookingd.telemetry.metrics import PictureMetrics

log = logging.getLogger(__name__)

JOB_SECONDS = 20.0
"""The largest picture that is taken needs two on a slow machine; whatever needs longer is meant to."""

WAITING = 256
"""Jobs that wait at most: the small pictures of ten pages of hotels, some ten seconds of a worker's time."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Answer).decode


class WorkerFailed(Exception):
    """A worker died over the job, or was killed since it took too long."""

    reason = "worker-failed"


class Unreadable(Exception):
    """The bytes are no picture that we take; `reason` is a stable code, the message a sentence."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Workshop:
    """Has jobs done by `workers` processes, which start with the first job."""

    def __init__(
        self,
        *,
        workers: int,
        clock: Clock,
        metrics: PictureMetrics | None = None,
        waiting: int = WAITING,
        job_seconds: float = JOB_SECONDS,
    ) -> None:
        self._clock = clock
        self._metrics = metrics or PictureMetrics()
        self._line = Line(workers, waiting=waiting)
        self._metrics.waiting.set_function(lambda: self._line.length)
        self._job_seconds = job_seconds
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()

    @property
    def full(self) -> bool:
        """Whether the next job would be turned away."""
        return self._line.full

    async def do(self, job: Job) -> Made:
        """Raises LineFull, WorkerFailed, Unreadable."""
        async with self._line:
            answer = await self._have_done(job)
        if isinstance(answer, Unfit):
            raise Unreadable(answer.reason, answer.message)
        return answer

    async def close(self) -> None:
        """Let the workers go, also those that are at work."""
        for worker in (*self._idle, *self._busy):
            await worker.end()
        self._idle.clear()

    async def _have_done(self, job: Job) -> Answer:
        worker = self._idle.pop() if self._idle else await _Worker.start()
        self._busy.add(worker)
        begin, answered = self._clock.monotonic(), False
        try:
            async with asyncio.timeout(self._job_seconds):
                answer = await worker.do(job)
            answered = True
        except (TimeoutError, EOFError, ConnectionError) as error:
            self._metrics.workers_lost.inc()
            log.warning("a worker failed at %s: %r", type(job).__name__, error)
            raise WorkerFailed(type(job).__name__) from error
        finally:
            self._busy.discard(worker)
            await self._after(worker, good=answered)
        self._metrics.making(type(job).__name__).observe(self._clock.monotonic() - begin)
        return answer

    async def _after(self, worker: "_Worker", *, good: bool) -> None:
        """One that was left in the middle of a job would answer that one to the next."""
        if good:
            self._idle.append(worker)
        else:
            await asyncio.shield(asyncio.ensure_future(worker.end()))


class _Worker:
    """The daemon's end of a worker."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls) -> "_Worker":
        """Of the environment it gets nothing: it needs no secret."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            "-m",
            "bookingd.pictures.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={},
            cwd=os.sep,
        )
        return cls(process)

    async def do(self, job: Job) -> Answer:
        """Raises EOFError or ConnectionError where it died."""
        given, told = self._pipes()
        asked = _encode(job)
        given.write(LENGTH.pack(len(asked)) + asked)
        await given.drain()
        (length,) = LENGTH.unpack(await told.readexactly(LENGTH.size))
        if length > MOST_MESSAGE:
            raise EOFError("an answer that is none")
        answer: Answer = _decode(await told.readexactly(length))
        return answer

    async def end(self) -> None:
        """Kill it: it holds nothing."""
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.communicate()

    def _pipes(self) -> tuple[asyncio.StreamWriter, asyncio.StreamReader]:
        given, told = self._process.stdin, self._process.stdout
        if given is None or told is None:
            raise RuntimeError("a worker without pipes")
        return given, told
