"""The time limit of requests."""

import asyncio

import pytest

from handlers.limits import TimeLimit


async def forever() -> None:
    await asyncio.Event().wait()


async def at_once() -> int:
    return 7


async def test_what_takes_too_long_is_given_up() -> None:
    limit = TimeLimit(0.05)
    async with limit.watching():
        with pytest.raises(TimeoutError):
            await limit.hold(forever())

        assert await limit.hold(at_once()) == 7


async def test_what_others_cancel_stays_cancelled() -> None:
    limit = TimeLimit(10)
    async with limit.watching():
        task = asyncio.ensure_future(limit.hold(forever()))
        await asyncio.sleep(0)

        task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await task


async def test_each_is_judged_by_its_own_time() -> None:
    limit = TimeLimit(0.2)
    async with limit.watching():
        early = asyncio.ensure_future(limit.hold(forever()))
        await asyncio.sleep(0.1)
        late = asyncio.ensure_future(limit.hold(forever()))

        with pytest.raises(TimeoutError):
            await early
        assert not late.done()

        with pytest.raises(TimeoutError):
            await late


async def test_nothing_is_kept_of_what_is_over() -> None:
    limit = TimeLimit(0.05)
    async with limit.watching():
        await limit.hold(at_once())
        with pytest.raises(TimeoutError):
            await limit.hold(forever())

    assert (limit._since, limit._given_up) == ({}, set())
