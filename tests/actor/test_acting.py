"""Acting messages: one effect outside, however often it is asked for and however its calls end (P5, P9)."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from bookingd.actor.acting import LEASE, LOOK_AGAIN, TELL_OPERATOR_AT
from bookingd.actor.runtime import Limits
from bookingd.messages import codec
from bookingd.sources import SystemIds
from bookingd.storage.attention import oldest
from bookingd.storage.database import Database, DatabaseUnavailable
from bookingd.storage.intents import IntentKey
from tests.actor.test_deciding import put, sealed
from tests.toy.courier import FakeCourier
from tests.toy.house import House, hurried, until
from tests.toy.messages import Look, Send

ACCOUNT, PARCEL = UUID(int=5), UUID(int=6)
SEND = Send(account=ACCOUNT, parcel=PARCEL)
KEY = IntentKey(subject=ACCOUNT, object=PARCEL, step="send")
IDS = SystemIds()

INTENT = "SELECT state, calls FROM intents"
PARCELS = "SELECT parcel, number, refused, times FROM toy_parcels"
DONE = [(PARCEL, 1, None, 1)]


async def _sent(house: House, name: str = "post.sent") -> int:
    count: int = await house.value("SELECT count(*) FROM toy_seen WHERE name = $1", name)
    return count


async def test_an_effect_is_carried_out_recorded_and_told(bank_database: Database) -> None:
    async with House(bank_database) as house:
        await house.send(SEND)
        await house.rest()

        assert await house.rows(PARCELS) == DONE
        assert await house.rows(INTENT) == [("done", 1)]
        assert await _sent(house) == 1


async def test_a_refusal_is_recorded_and_final(bank_database: Database) -> None:
    courier = FakeCourier("decline")
    async with House(bank_database, courier=courier) as house:
        await house.send(SEND)
        await house.rest()
        await house.send(SEND)
        await house.rest()

        assert await house.rows(PARCELS) == [(PARCEL, None, "no_service", 1)]
        assert await house.rows("SELECT state, note FROM intents") == [
            ("refused", "no_service: this address is not served")
        ]
        assert courier.calls == ["send"]
        assert await house.value("SELECT count(*) FROM dead_letters") == 0


@pytest.mark.parametrize("mood", ["unavailable", "hurry"])
async def test_a_service_that_is_away_is_called_again(bank_database: Database, mood: str) -> None:
    courier = FakeCourier(mood, mood)
    async with House(bank_database, courier=courier) as house:
        await house.send(SEND)
        await house.rest()

        assert courier.calls == ["send", "send", "send"]
        assert await house.rows(PARCELS) == DONE
        assert await house.rows(INTENT) == [("done", 3)]


async def test_only_a_wait_that_goes_on_is_a_warning(
    bank_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """A void that comes before its payment was answered waits once or twice; nobody need look at that."""
    caplog.set_level("INFO", logger="bookingd.actor.acting")
    async with House(bank_database, courier=FakeCourier("hurry", "hurry", "hurry")) as house:
        await house.send(SEND)
        await house.rest()

    assert [record.levelname for record in caplog.records] == ["INFO", "INFO", "WARNING"]


async def test_an_effect_whose_answer_got_lost_is_looked_up_and_not_repeated(bank_database: Database) -> None:
    courier = FakeCourier("lost_after")
    async with House(bank_database, courier=courier) as house:
        await house.send(SEND)
        await house.rest()

        assert courier.calls == ["send", "find"]
        assert courier.deeds == [PARCEL]
        assert await house.rows(PARCELS) == DONE


async def test_a_call_that_got_lost_on_its_way_is_repeated_when_the_look_up_found_nothing(
    bank_database: Database,
) -> None:
    courier = FakeCourier("lost_before")
    async with House(bank_database, courier=courier) as house:
        await house.send(SEND)
        await house.rest()

        assert courier.calls == ["send", "find", "send"]
        assert courier.deeds == [PARCEL]


async def test_an_unknown_outcome_is_looked_up_until_the_service_is_back(bank_database: Database) -> None:
    courier = FakeCourier("lost_after", "unavailable", "unavailable")
    async with House(bank_database, courier=courier) as house:
        await house.send(SEND)
        await house.rest()

        assert courier.calls == ["send", "find", "find", "find"]
        assert courier.deeds == [PARCEL]
        assert await house.rows(PARCELS) == DONE


async def test_an_operator_is_told_of_an_effect_that_does_not_come_about(bank_database: Database) -> None:
    courier = FakeCourier("lost_before", "unavailable", "unavailable")
    async with House(bank_database, courier=courier) as house:
        last = replace(sealed(house, SEND), attempt=TELL_OPERATOR_AT)
        await put(house, last, actor="post")

        async def told() -> bool:
            async with bank_database.connection() as connection:
                return bool(await oldest(connection, limit=1))

        await until(told)
        async with bank_database.connection() as connection:
            [entry] = await oldest(connection, limit=9)
        assert (entry.subject, entry.reason, entry.owner) == (ACCOUNT, "send_unfinished", "operator")
        await house.die()


async def test_nobody_need_look_any_more_at_an_effect_that_came_about_after_all(
    bank_database: Database,
) -> None:
    courier = FakeCourier("lost_after", "unavailable")
    async with House(bank_database, courier=courier) as house:
        await put(house, replace(sealed(house, SEND), attempt=TELL_OPERATOR_AT), actor="post")
        await house.rest()

        assert courier.calls == ["send", "find", "find"]
        assert await house.rows("SELECT reason, closed_at IS NOT NULL FROM attention") == [
            ("send_unfinished", True)
        ]


async def test_a_bug_in_an_adapter_makes_a_dead_letter_and_leaves_the_effect_to_the_look_up(
    bank_database: Database,
) -> None:
    courier = FakeCourier("broken")
    async with House(bank_database, courier=courier) as house:
        await house.send(SEND)
        await house.rest()

        assert await house.rows("SELECT reason FROM dead_letters") == [
            ("ZeroDivisionError: a bug in the adapter",)
        ]
        assert await house.rows(INTENT) == [("calling", 1)]


async def test_the_same_effect_asked_for_twice_at_once_happens_once(bank_database: Database) -> None:
    async with House(bank_database) as house:
        await house.send(SEND, SEND, SEND)
        await house.rest()

        assert house.courier.deeds == [PARCEL]  # type: ignore[attr-defined]
        assert await house.rows(PARCELS) == DONE
        assert await _sent(house) == 1


async def test_the_same_message_twice_at_once_is_one_effect(bank_database: Database) -> None:
    async with House(bank_database) as house:
        once = sealed(house, SEND)
        await put(house, once, once, actor="post")
        await put(house, once, actor="post")
        await house.rest()

        assert house.courier.deeds == [PARCEL]  # type: ignore[attr-defined]
        assert await house.rows(PARCELS) == DONE


async def test_a_delivery_that_meets_a_live_lease_comes_back_later(bank_database: Database) -> None:
    courier = FakeCourier("slow")
    async with House(bank_database, courier=courier) as one, House(bank_database, courier=courier) as two:
        envelope = sealed(one, SEND)
        await put(one, envelope, actor="post")
        await courier.called.wait()

        await put(two, envelope, actor="post")

        async def came_back() -> bool:
            rows = await two.rows(
                "SELECT bundle FROM outbox WHERE due_at > claimed_until OR claimed_until IS NULL"
            )
            return bool(rows)

        await until(came_back)
        assert courier.calls == ["send"]
        courier.gate.set()
        await one.rest()

        assert courier.calls == ["send"]
        assert await one.rows(PARCELS) == DONE
        assert await _sent(one) == 1


async def test_waiting_for_whoever_calls_is_no_attempt_and_never_takes_long(bank_database: Database) -> None:
    """Else what waits for a process that has died waits for minutes, and no operator is told in time."""
    courier, sources = FakeCourier("slow"), hurried(pace=5)
    one = House(bank_database, courier=courier, sources=sources)
    async with one, House(bank_database, courier=courier, sources=sources) as two:
        envelope = sealed(one, SEND)
        await put(one, envelope, actor="post")
        await courier.called.wait()
        await put(two, envelope, actor="post")

        async def five_times_busy() -> bool:
            """Whichever of them meets it: the relay of either takes it out of the outbox."""
            return _busy(one) + _busy(two) >= 5

        await until(five_times_busy)
        bundle, due_at = (await two.rows("SELECT bundle, due_at FROM outbox ORDER BY due_at DESC LIMIT 1"))[0]
        wait = due_at - sources.clock.now()
        courier.gate.set()
        await one.rest()

        assert wait <= timedelta(seconds=LOOK_AGAIN)
        assert [waiting.attempt for waiting in codec.unpack(bundle)] == [envelope.attempt]
        assert courier.calls == ["send"]


def _busy(house: House) -> float:
    labels = {"actor": "post", "message": "post.send", "outcome": "busy"}
    return house.metrics.registry.get_sample_value("bookingd_messages_total", labels) or 0


async def test_a_lease_that_has_lapsed_goes_to_the_look_up(bank_database: Database) -> None:
    """Its process was killed in the midst of the call."""
    courier = FakeCourier("slow")
    dead = await House(bank_database, courier=courier).__aenter__()
    await dead.send(SEND)
    await courier.called.wait()
    await dead.die()
    assert await dead.rows(INTENT) == [("calling", 1)]

    async with House(bank_database, courier=courier) as heir:
        heir.jump(LEASE + timedelta(minutes=5))
        await heir.rest()

        assert courier.calls == ["send", "find"]
        assert courier.deeds == [PARCEL]
        assert await heir.rows(PARCELS) == DONE


async def test_a_start_that_is_alone_looks_up_at_once(bank_database: Database) -> None:
    courier = FakeCourier("slow")
    dead = await House(bank_database, courier=courier).__aenter__()
    await dead.send(SEND)
    await courier.called.wait()
    await dead.die()

    heir = House(bank_database, courier=courier)
    await heir.free()
    async with heir:
        await heir.rest()

        assert courier.calls == ["send", "find"]
        assert await heir.rows(PARCELS) == DONE


async def test_who_was_overtaken_records_nothing_a_second_time(bank_database: Database) -> None:
    """A process that stood still for longer than its lease wakes up after another has looked up."""
    courier = FakeCourier("slow")
    async with House(bank_database, courier=courier) as slow:
        await slow.send(SEND)
        await courier.called.wait()
        other = House(bank_database, courier=courier)
        await other.free()
        async with other:
            await put(other, sealed(other, SEND), actor="post")

            async def recorded() -> bool:
                return await other.rows(PARCELS) == DONE

            await until(recorded)
            courier.gate.set()
            await slow.rest()

            assert await slow.rows(PARCELS) == DONE
            assert await _sent(slow) == 1


async def test_a_lost_database_during_a_call_is_no_fault_of_the_message(bank_database: Database) -> None:
    courier = FakeCourier()
    async with House(bank_database, courier=courier) as house:
        failures = [DatabaseUnavailable("gone fishing")]

        def lose(_: str) -> None:
            if failures:
                raise failures.pop()

        house.post._fault = lose
        await house.send(SEND)
        await house.rest()

        assert courier.calls == ["send", "find"]
        assert await house.rows(PARCELS) == DONE
        assert await house.value("SELECT count(*) FROM dead_letters") == 0


async def test_a_look_outside_is_recorded_once_a_message(bank_database: Database) -> None:
    courier = FakeCourier("unavailable")
    courier.deeds.append(PARCEL)
    async with House(bank_database, courier=courier) as house:
        once = sealed(house, Look(account=ACCOUNT, parcel=PARCEL))
        await put(house, once, once, actor="post")
        await put(house, once, actor="post")
        await house.rest()

        assert await house.rows(PARCELS) == DONE
        assert await house.rows(INTENT) == []


async def test_a_look_outside_that_finds_nobody_is_given_up_and_told(bank_database: Database) -> None:
    """Else each webhook that comes while a vendor is away would leave a loop behind."""
    courier = FakeCourier("unavailable", "unavailable")
    async with House(bank_database, courier=courier) as house:
        look = sealed(house, Look(account=ACCOUNT, parcel=PARCEL))
        await put(house, replace(look, attempt=TELL_OPERATOR_AT - 1), actor="post")
        await until(lambda: house.value("SELECT count(*) FROM attention"))
        await house.rest()

        async with bank_database.connection() as connection:
            [entry] = await oldest(connection, limit=9)
        assert (entry.subject, entry.object, entry.reason) == (ACCOUNT, PARCEL, "look_unfinished")
        assert await house.value("SELECT count(*) FROM outbox") == 0
        assert courier.calls == ["find", "find"]


async def test_no_more_calls_are_under_way_than_the_limit_allows(bank_database: Database) -> None:
    courier = FakeCourier(*["slow"] * 9)
    async with House(bank_database, courier=courier, limits=Limits(concurrency=3)) as house:
        await house.send(*[Send(account=ACCOUNT, parcel=UUID(int=number)) for number in range(9)])

        async def three() -> bool:
            return len(courier.deeds) == 3

        await until(three)
        await asyncio.sleep(0.1)
        assert len(courier.deeds) == 3
        courier.gate.set()
        await house.rest()

        assert len(courier.deeds) == 9
