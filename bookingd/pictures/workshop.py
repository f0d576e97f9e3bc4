"""The workshop: a few workers, each a process of its own, and a short line of jobs that wait for them.

Its one rule: neither a flood of pictures nor a bad one reaches the daemon. Who finds the line full is turned
away at once; a worker that takes too long is killed, one that died is replaced at the next job.
"""

import asyncio
import logging

import msgspec

from bookingd.pictures.line import Line
from bookingd.pictures.work import Answer, Job, Made, Unfit
from bookingd.sources import Clock
from bookingd.telemetry.metrics import PictureMetrics
from bookingd.workers import Worker

log = logging.getLogger(__name__)

WORKER = "bookingd.pictures.worker"

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
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()

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
        worker = self._idle.pop() if self._idle else await Worker.start(WORKER)
        self._busy.add(worker)
        begin, answered = self._clock.monotonic(), False
        try:
            async with asyncio.timeout(self._job_seconds):
                answer: Answer = _decode(await worker.do(_encode(job)))
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

    async def _after(self, worker: Worker, *, good: bool) -> None:
        """One that was left in the middle of a job would answer that one to the next."""
        if good:
            self._idle.append(worker)
        else:
            await asyncio.shield(asyncio.ensure_future(worker.end()))
