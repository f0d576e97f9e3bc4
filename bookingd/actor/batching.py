"""Many small pieces of work in one transaction: what waits is done together, and nobody waits to be joined.

At light load a batch is one piece and costs nothing extra; under load commits are shared. A batch that
fails is done again one by one, so a bad piece harms only itself.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Piece = TypeVar("Piece")
Result = TypeVar("Result")

LIMIT = 64


class Batcher(Generic[Piece, Result]):
    """Collects pieces and gives them to `work`, which returns a result a piece, in order."""

    def __init__(
        self, work: Callable[[Sequence[Piece]], Awaitable[Sequence[Result]]], *, limit: int = LIMIT
    ) -> None:
        self._work = work
        self._limit = limit
        self._waiting: asyncio.Queue[tuple[Piece, asyncio.Future[Result]]] = asyncio.Queue()

    async def submit(self, piece: Piece) -> Result:
        """Have the piece done with whatever else waits; raises what doing it alone raised."""
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((piece, done))
        return await done

    async def run(self) -> None:
        """Do what is submitted, until cancelled."""
        while True:
            batch = [await self._waiting.get()]
            while len(batch) < self._limit and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            await self._do(batch)

    async def _do(self, batch: "list[tuple[Piece, asyncio.Future[Result]]]") -> None:
        try:
            results = await self._work([piece for piece, _ in batch])
        except Exception as error:  # noqa: BLE001 - whoever submitted the piece is told
            await self._do_singly(batch, error)
        else:
            for (_, done), result in zip(batch, results, strict=True):
                _resolve(done, result)

    async def _do_singly(self, batch: "list[tuple[Piece, asyncio.Future[Result]]]", error: Exception) -> None:
        if len(batch) == 1:
            _fail(batch[0][1], error)
            return
        for one in batch:
            await self._do([one])


def _resolve(done: "asyncio.Future[Result]", result: Result) -> None:
    if not done.done():
        done.set_result(result)


def _fail(done: "asyncio.Future[Result]", error: Exception) -> None:
    if not done.done():
        done.set_exception(error)
