"""Places: no more than there are, and the most urgent first."""

import asyncio

from bookingd.actor.places import Places
from bookingd.messages.catalogue import Lane


class Guests:
    """Come, stay until they are sent away, and are counted."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.inside: list[str] = []
        self.leave: dict[str, asyncio.Event] = {}

    async def come(self, name: str, lane: Lane = Lane.NORMAL) -> "asyncio.Task[None]":
        self.leave[name] = asyncio.Event()
        task = asyncio.ensure_future(self._stay(name, lane))
        await asyncio.sleep(0)
        return task

    async def _stay(self, name: str, lane: Lane) -> None:
        async with self.places.one(lane):
            self.inside.append(name)
            await self.leave[name].wait()
            self.inside.remove(name)

    async def go(self, name: str) -> None:
        self.leave[name].set()
        for _ in range(3):
            await asyncio.sleep(0)


async def test_no_more_are_let_in_than_there_are_places() -> None:
    guests = Guests(Places(2))
    for name in "abc":
        await guests.come(name)
    before = list(guests.inside)

    await guests.go("a")

    assert (before, guests.inside) == (["a", "b"], ["b", "c"])


async def test_the_most_urgent_goes_first_and_those_alike_in_order() -> None:
    guests = Guests(Places(1))
    await guests.come("inside")
    await guests.come("bulk", Lane.BULK)
    await guests.come("normal")
    await guests.come("finishing 1", Lane.FINISHING)
    await guests.come("finishing 2", Lane.FINISHING)
    order = []
    for _ in range(5):
        [name] = guests.inside
        order.append(name)
        await guests.go(name)

    assert order == ["inside", "finishing 1", "finishing 2", "normal", "bulk"]


async def test_who_gives_up_waiting_takes_no_place() -> None:
    guests = Guests(Places(1))
    await guests.come("inside")
    waiting = await guests.come("waiting")
    await guests.come("next")

    waiting.cancel()
    await guests.go("inside")

    assert guests.inside == ["next"]


async def test_a_place_that_comes_to_somebody_cancelled_at_that_moment_goes_on() -> None:
    guests = Guests(Places(1))
    await guests.come("inside")
    waiting = await guests.come("waiting")
    await guests.come("next")

    guests.leave["inside"].set()
    await asyncio.sleep(0)
    waiting.cancel()
    for _ in range(3):
        await asyncio.sleep(0)

    assert guests.inside == ["next"]
