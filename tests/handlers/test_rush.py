"""A rush: what was refused a moment ago is refused to whoever asks for the same, and for nothing else."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bookingd.domain.offers import Offer
from bookingd.domain.passengers import Party
from bookingd.domain.unsellable import GONE, SOLD_OUT, refusal
from bookingd.messages.live import Refused
from handlers.errors import Problem
from handlers.rush import BELIEVED, KEPT, TURNS, Rush
from tests import factories
from tests.fakes.sources import START, ManualClock
from tests.handlers.conftest import AMADOU, Api


def refused(*offers: Offer, reason: str = SOLD_OUT) -> Refused:
    found = [refusal(offer, reason, at=START) for offer in offers]
    return Refused(refusals=tuple(one for one in found if one is not None))


def refuse(api: Api, *offers: Offer) -> None:
    api.bus.notify([refused(*offers)])


async def test_whoever_asks_for_what_was_just_refused_is_told_at_once(api: Api) -> None:
    offer, same = await api.shown(), await api.shown()
    refuse(api, offer)

    problem = await api.book(api.order(same))

    assert (api.status, problem["type"]) == (409, "/problems/sold-out")
    assert [await api.count(table) for table in ("bookings", "idempotency_records", "outbox")] == [0, 0, 0]


async def test_more_or_other_seats_are_asked_for_as_ever(api: Api) -> None:
    offer = await api.shown(Party(adults=2))
    refuse(api, offer)

    await api.book(api.order(await api.shown()))

    assert api.status == 202


async def test_a_refusal_is_not_believed_for_long(api: Api) -> None:
    offer = await api.shown()
    refuse(api, offer)
    api.clock.advance(timedelta(seconds=BELIEVED))

    await api.book(api.order(offer))

    assert api.status == 202


async def test_the_answer_to_a_request_that_was_taken_in_before_stays_the_same(api: Api) -> None:
    order = api.order(offer := await api.shown())
    accepted = await api.book(order, key="once")
    refuse(api, offer)

    again = await api.book(order, key="once")

    assert (api.status, again) == (202, accepted)


async def test_a_refused_request_may_be_sent_again_with_its_key(api: Api) -> None:
    order = api.order(offer := await api.shown())
    refuse(api, offer)
    await api.book(order, key="once")
    api.clock.advance(timedelta(seconds=BELIEVED))

    await api.book(order, key="once")

    assert (api.status, await api.count("bookings")) == (202, 1)


async def test_what_is_wrong_with_a_request_is_told_before_that_it_comes_too_late(api: Api) -> None:
    offer = await api.shown()
    refuse(api, offer)

    problem = await api.book(api.order(offer, passengers=[{**AMADOU, "born": "2099-01-01"}]))

    assert (api.status, problem["type"]) == (422, "/problems/invalid-fields")


async def test_a_rush_takes_in_a_few_at_a_time(clock: ManualClock) -> None:
    rush, go = Rush(clock), asyncio.Event()
    rush.hear(refused(factories.offer()))
    inside, most = 0, 0

    async def book() -> None:
        nonlocal inside, most
        async with rush.turn():
            inside += 1
            most = max(most, inside)
            await go.wait()
            inside -= 1

    async with asyncio.TaskGroup() as crowd:
        for _ in range(3 * TURNS):
            crowd.create_task(book())
        await asyncio.sleep(0)
        assert inside == TURNS
        go.set()
    assert most == TURNS


async def test_without_a_rush_nobody_waits_for_a_turn(clock: ManualClock) -> None:
    rush = Rush(clock)
    rush.hear(refused(factories.offer()))
    clock.advance(timedelta(seconds=BELIEVED))

    async with asyncio.timeout(1), asyncio.TaskGroup() as crowd:
        together = asyncio.Barrier(3 * TURNS)

        async def book() -> None:
            async with rush.turn():
                await together.wait()

        for _ in range(3 * TURNS):
            crowd.create_task(book())


async def test_what_is_no_longer_sold_is_no_rush(clock: ManualClock) -> None:
    rush = Rush(clock)
    rush.hear(refused(factories.offer(), reason=GONE))

    rush.check(factories.offer())


async def test_a_body_that_does_not_come_takes_nobodys_turn(api: Api) -> None:
    offer = await api.shown()
    refuse(api, await api.shown(Party(adults=2)))
    begun = asyncio.Semaphore(0)

    async def endless() -> AsyncIterator[bytes]:
        yield b"{"
        begun.release()
        await asyncio.Event().wait()

    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {api.token}"}
    waiting = [
        asyncio.create_task(api.client.post("/v1/bookings", data=endless(), headers=headers))
        for _ in range(TURNS)
    ]
    for _ in waiting:
        await begun.acquire()
    try:
        await asyncio.wait_for(api.book(api.order(offer)), 5)
    finally:
        for task in waiting:
            task.cancel()
    assert api.status == 202


def test_the_oldest_refusals_are_forgotten_first(clock: ManualClock) -> None:
    rush = Rush(clock)
    rush.hear(refused(*(factories.offer(departure) for departure in range(1, KEPT + 2))))

    rush.check(factories.offer(1))
    with pytest.raises(Problem):
        rush.check(factories.offer(2))
