"""Batches: every piece is done once with whatever waits, and a bad one harms only itself."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bookingd.actor.batching import Batcher


class Workshop:
    """Doubles numbers; the bad ones break whatever batch they are in."""

    def __init__(self, bad: frozenset[int] = frozenset()) -> None:
        self.bad = bad
        self.batches: list[list[int]] = []
        self.begun = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def work(self, pieces: Sequence[int]) -> Sequence[int]:
        self.begun.set()
        await self.gate.wait()
        self.batches.append(list(pieces))
        if broken := self.bad.intersection(pieces):
            raise ValueError(f"bad: {sorted(broken)}")
        return [2 * piece for piece in pieces]


async def _do_all(workshop: Workshop, pieces: Sequence[int], limit: int) -> list[int | BaseException]:
    batcher = Batcher(workshop.work, limit=limit)
    running = asyncio.ensure_future(batcher.run())
    results = await asyncio.gather(*(batcher.submit(piece) for piece in pieces), return_exceptions=True)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return results


@settings(max_examples=80, deadline=None)
@given(
    pieces=st.lists(st.integers(0, 50), max_size=90),
    bad=st.frozensets(st.integers(0, 50), max_size=4),
    limit=st.integers(1, 64),
)
def test_every_piece_gets_its_own_result(pieces: list[int], bad: frozenset[int], limit: int) -> None:
    workshop = Workshop(bad)

    results = asyncio.run(_do_all(workshop, pieces, limit))

    for piece, result in zip(pieces, results, strict=True):
        if piece in bad:
            assert str(result) == f"bad: [{piece}]"
        else:
            assert result == 2 * piece
    assert all(1 <= len(batch) <= limit for batch in workshop.batches)
    assert sorted(_worked(workshop)) == sorted(piece for piece in pieces if piece not in bad)


def _worked(workshop: Workshop) -> list[int]:
    return [piece for batch in workshop.batches if not workshop.bad.intersection(batch) for piece in batch]


async def test_an_idle_batcher_waits_for_nobody() -> None:
    workshop = Workshop()

    assert await _do_all(workshop, [1], limit=64) == [2]
    assert workshop.batches == [[1]]


async def test_what_the_process_is_just_making_goes_along() -> None:
    workshop = Workshop()
    batcher = Batcher(workshop.work)
    running = asyncio.ensure_future(batcher.run())

    async def after(turns: int, piece: int) -> int:
        for _ in range(turns):
            await asyncio.sleep(0)
        return await batcher.submit(piece)

    await asyncio.gather(*(after(3 * piece, piece) for piece in range(5)))
    running.cancel()

    assert workshop.batches == [[0, 1, 2, 3, 4]]


async def test_what_comes_during_a_batch_is_the_next_one() -> None:
    workshop = Workshop()
    workshop.gate.clear()
    batcher = Batcher(workshop.work, limit=64)
    running = asyncio.ensure_future(batcher.run())
    first = asyncio.ensure_future(batcher.submit(1))
    await workshop.begun.wait()
    others = [asyncio.ensure_future(batcher.submit(piece)) for piece in (2, 3, 4)]
    await asyncio.sleep(0)

    workshop.gate.set()
    await asyncio.gather(first, *others)

    assert workshop.batches == [[1], [2, 3, 4]]
    running.cancel()


async def test_the_lowest_rank_goes_first_and_those_alike_in_order() -> None:
    workshop = Workshop()
    batcher = Batcher(workshop.work, limit=2)
    ranked = [(1, 2), (2, 2), (3, 1), (4, 0), (5, 0), (6, 1)]
    submitted = [asyncio.ensure_future(batcher.submit(piece, rank=rank)) for piece, rank in ranked]
    await asyncio.sleep(0)

    running = asyncio.ensure_future(batcher.run())
    await asyncio.gather(*submitted)

    assert workshop.batches == [[4, 5], [3, 6], [1, 2]]
    running.cancel()


async def test_a_submitter_that_has_gone_harms_nobody() -> None:
    workshop = Workshop(frozenset({7}))
    batcher = Batcher(workshop.work, limit=64)
    gone = [asyncio.ensure_future(batcher.submit(piece)) for piece in (1, 7)]
    left = asyncio.ensure_future(batcher.submit(2))
    await asyncio.sleep(0)
    for one in gone:
        one.cancel()

    running = asyncio.ensure_future(batcher.run())

    assert await left == 4
    running.cancel()


async def test_too_few_results_are_an_error_of_the_work_and_not_the_end() -> None:
    async def lazy(pieces: Sequence[int]) -> Sequence[int]:
        return []

    batcher = Batcher(lazy, limit=64)
    running = asyncio.ensure_future(batcher.run())

    with pytest.raises(ValueError, match="zip"):
        await batcher.submit(1)
    assert not running.done()
    running.cancel()
