"""Places: no more than there are, and the most urgent first. Company: many, or one alone."""

import asyncio

from bookingd.actor.places import Company, Places
from bookingd.messages.catalogue import Lane


class Guests:
    """Come, stay until they are sent away, and are counted."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.inside: list[str] = []
        self.leave: dict[str, asyncio.Event] = {}

    async def come(self, name: str, lane: Lane = Lane.NORMAL, behind: int = 0) -> "asyncio.Task[None]":
        self.leave[name] = asyncio.Event()
        task = asyncio.ensure_future(self._stay(name, lane, behind))
        await asyncio.sleep(0)
        return task

    async def _stay(self, name: str, lane: Lane, behind: int) -> None:
        async with self.places.one(lane, behind=behind):
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


async def test_who_stands_behind_waits_for_all_others_however_urgent() -> None:
    guests = Guests(Places(1))
    await guests.come("inside")
    await guests.come("behind", Lane.FINISHING, behind=1)
    await guests.come("bulk", Lane.BULK)
    await guests.go("inside")
    first = list(guests.inside)

    await guests.go("bulk")

    assert (first, guests.inside) == (["bulk"], ["behind"])


async def test_a_place_more_is_given_to_whoever_waits() -> None:
    guests = Guests(Places(1))
    for name in "abc":
        await guests.come(name)

    guests.places.add()
    await asyncio.sleep(0)

    assert guests.inside == ["a", "b"]


class Room:
    """Who is in a company, or alone in it."""

    def __init__(self) -> None:
        self.company = Company()
        self.inside: list[str] = []
        self.leave: dict[str, asyncio.Event] = {}

    async def come(self, name: str, *, alone: bool = False) -> "asyncio.Task[None]":
        self.leave[name] = asyncio.Event()
        task = asyncio.ensure_future(self._stay(name, alone))
        await settle()
        return task

    async def _stay(self, name: str, alone: bool) -> None:
        async with self.company.alone() if alone else self.company:
            self.inside.append(name)
            try:
                await self.leave[name].wait()
            finally:
                self.inside.remove(name)

    async def go(self, name: str) -> None:
        self.leave[name].set()
        await settle()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_company_is_for_many_at_once() -> None:
    room = Room()

    for name in "abc":
        await room.come(name)

    assert room.inside == ["a", "b", "c"]


async def test_whoever_wants_to_be_alone_waits_until_all_have_left_and_lets_nobody_in() -> None:
    room = Room()
    await room.come("a")
    await room.come("b")
    await room.come("alone", alone=True)
    await room.come("late")
    before = list(room.inside)
    await room.go("a")
    between = list(room.inside)
    await room.go("b")
    alone = list(room.inside)

    await room.go("alone")

    assert [before, between, alone, room.inside] == [["a", "b"], ["b"], ["alone"], ["late"]]


async def test_between_two_that_want_to_be_alone_the_others_have_their_turn() -> None:
    room = Room()
    await room.come("first", alone=True)
    await room.come("second", alone=True)
    await room.come("other")
    await room.go("first")
    between = list(room.inside)

    await room.go("other")

    assert (between, room.inside) == (["other"], ["second"])


async def test_whoever_gives_up_being_alone_lets_the_others_in() -> None:
    room = Room()
    await room.come("a")
    alone = await room.come("alone", alone=True)
    await room.come("b")

    alone.cancel()
    await settle()

    assert room.inside == ["a", "b"]
