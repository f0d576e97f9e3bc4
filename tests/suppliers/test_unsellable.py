"""What proved unsellable is not offered again for a while, by whichever process hears of it."""

import asyncio
from dataclasses import replace
from datetime import datetime

import pytest

from bookingd.domain.offers import Offer
from bookingd.domain.unsellable import GONE, SOLD_OUT, refusal
from bookingd.messages.live import BookingTakenOver, Refused
from bookingd.redis_calls import client_at
from bookingd.suppliers.unsellable import LOOK_EVERY, MOST, Unsellable
from tests import factories
from tests.fakes.redis import Away
from tests.fakes.sources import START, ManualClock
from tests.fakes.suppliers import unknowing

SECONDS = 300


def refused(*offers: Offer, reason: str = SOLD_OUT, at: datetime = START) -> Refused:
    found = [refusal(offer, reason, at=at) for offer in offers]
    return Refused(refusals=tuple(one for one in found if one is not None))


def acme(*departures: int, adults: int = 1, family: str = "Classic", made_at: datetime = START) -> Offer:
    offer = factories.offer(*departures, supplier="acme", for_party=factories.party(adults), family=family)
    return replace(offer, made_at=made_at)


@pytest.fixture
def known(clock: ManualClock) -> Unsellable:
    return unknowing(clock)


def offered(known: Unsellable, *offers: Offer) -> list[Offer]:
    return [*known.sellable(offers)]


def test_what_was_refused_is_hidden_in_all_its_fares_for_a_while(
    known: Unsellable, clock: ManualClock
) -> None:
    light, flex, other = acme(1, family="Light"), acme(1, family="Flex"), acme(2)
    assert offered(known, light, flex, other) == [light, flex, other]

    known.hear(refused(light))

    assert offered(known, light, flex, other) == [other]
    clock.advance(SECONDS)
    assert offered(known, light, flex, other) == [light, flex, other]


def test_of_a_fare_that_is_gone_the_others_stay(known: Unsellable) -> None:
    light, flex = acme(1, family="Light"), acme(1, family="Flex")

    known.hear(refused(light, reason=GONE))

    assert offered(known, light, flex) == [flex]


def test_whoever_wants_less_is_still_shown_it(known: Unsellable) -> None:
    known.hear(refused(acme(1, adults=3)))

    assert offered(known, acme(1, adults=2)) == [acme(1, adults=2)]
    assert offered(known, acme(1, adults=4)) == []


def test_a_supplier_that_goes_on_finding_it_is_not_believed_and_own_stock_is(
    known: Unsellable, clock: ManualClock
) -> None:
    own = replace(factories.offer(1), made_at=START)
    known.hear(refused(own, acme(1)))
    clock.advance(10)
    now = clock.now()

    assert offered(known, own, acme(1)) == []
    assert offered(known, replace(own, made_at=now), acme(1, made_at=now)) == [replace(own, made_at=now)]


def test_other_notices_are_for_others(known: Unsellable) -> None:
    known.hear(BookingTakenOver(booking_id=factories.booking_id(), reference=factories.reference()))

    assert known.refused(1) == {}


def test_stays_are_remembered_alike(known: Unsellable) -> None:
    full, free = factories.stay(1, supplier="acme"), factories.stay(2, supplier="acme")
    found = refusal(full, SOLD_OUT, at=START)
    assert found is not None

    known.hear(Refused(refusals=(found,)))

    assert known.sellable([full, free]) == [free]


def test_the_oldest_are_forgotten_first(known: Unsellable) -> None:
    known.hear(refused(*(acme(departure) for departure in range(MOST + 1))))

    assert len(known.refused(1)) == MOST
    assert offered(known, acme(0)) != []
    assert offered(known, acme(1)) == []


async def test_of_what_nobody_can_be_told_no_more_is_kept_either(known: Unsellable) -> None:
    known.hear(refused(*(acme(departure) for departure in range(MOST + 1))))
    await known.exchange()
    known.hear(refused(acme(MOST + 1)))
    await known.exchange()

    assert len(known._untold) == MOST


def test_every_page_asks_and_it_is_looked_through_once(known: Unsellable, clock: ManualClock) -> None:
    known.hear(refused(acme(1)))
    before = known.refused(1)
    known.hear(refused(acme(1)))

    assert known.refused(1) is before
    known.hear(refused(acme(2)))
    assert known.refused(1).keys() > before.keys()
    clock.advance(SECONDS)
    assert known.refused(1) == {}


async def test_a_process_that_heard_no_notice_learns_of_it_from_redis(
    redis_url: str, clock: ManualClock
) -> None:
    one, other = (Unsellable(client_at(redis_url), clock=clock, seconds=SECONDS, budget=5) for _ in "ab")
    one.hear(refused(acme(1), acme(2, adults=2)))

    await one.exchange()
    await other.exchange()

    assert other.refused(9) == one.refused(9) != {}
    clock.advance(SECONDS)
    await other.exchange()
    assert await _kept(redis_url) == 0
    await one.close()
    await other.close()


async def test_what_somebody_else_put_there_is_left_alone(redis_url: str, clock: ManualClock) -> None:
    client = client_at(redis_url)
    for member in ("nonsense", "1 2", "one two three", "\udcff"):
        adding = "return redis.call('ZADD', 'bookingd:unsellable', '9e15', ARGV[1])"
        await client.eval(adding, 0, member.encode(errors="surrogateescape"))
    one = Unsellable(client, clock=clock, seconds=SECONDS, budget=5)
    one.hear(refused(acme(1)))

    await one.exchange()

    assert len(one.refused(1)) == 1
    await one.close()


async def _kept(redis_url: str) -> int:
    client = client_at(redis_url)
    try:
        return int(await client.eval("return redis.call('ZCARD', 'bookingd:unsellable')", 0))
    finally:
        await client.aclose()


async def test_what_could_not_be_told_is_told_when_redis_is_back(redis_url: str, clock: ManualClock) -> None:
    client = client_at(redis_url)
    away = Away()
    one = Unsellable(client, clock=clock, seconds=SECONDS, budget=5)
    one.hear(refused(acme(1)))
    one._client = away
    await one.exchange()
    assert offered(one, acme(1)) == []  # P12: this process knows

    one._client = client
    clock.advance(10)  # Redis is tried again
    await one.exchange()

    assert await _kept(redis_url) == 1
    await one.close()


async def test_it_is_told_and_looked_at_now_and_then(redis_url: str, clock: ManualClock) -> None:
    one, other = (Unsellable(client_at(redis_url), clock=clock, seconds=SECONDS, budget=5) for _ in "ab")
    running = [asyncio.create_task(each.run()) for each in (one, other)]
    one.hear(refused(acme(1)))

    async with asyncio.timeout(20):
        while not other.refused(1):
            clock.advance(LOOK_EVERY)
            await asyncio.sleep(0.02)

    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    await one.close()
    await other.close()
