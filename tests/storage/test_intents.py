"""Effects outside: one at a time, and never begun twice without a look (P9)."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from bookingd.domain.ids import IntentId, MessageId
from bookingd.storage import intents
from bookingd.storage.database import Connection, Database
from bookingd.storage.intents import Ending, Intent, IntentKey, IntentState, Wish
from tests import factories
from tests.fakes.sources import START

LEASE = timedelta(minutes=1)
PROCESS = UUID(int=77)
AUTHORISE = IntentKey(subject=UUID(int=1), object=UUID(int=2), step="authorise")
CAPTURE = IntentKey(subject=UUID(int=1), object=UUID(int=2), step="capture")
SECOND_CARD = IntentKey(subject=UUID(int=1), object=UUID(int=2), step="authorise", round=2)


async def _lease(
    connection: Connection, *keys: IntentKey, first_id: int = 100, after: timedelta = timedelta()
) -> Sequence[Intent]:
    wishes = [factories.wish(key, IntentId(UUID(int=first_id + place))) for place, key in enumerate(keys)]
    _, met = await _met(connection, *wishes, after=after)
    return [met[key] for key in keys]


async def _met(
    connection: Connection, *wishes: Wish, after: timedelta = timedelta()
) -> tuple[set[MessageId], dict[IntentKey, Intent]]:
    now = START + after
    return await intents.lease(
        connection, actor="payment", wishes=wishes, process=PROCESS, now=now, until=now + LEASE
    )


async def _finish(connection: Connection, *endings: Ending, handled: Sequence[Wish] = ()) -> set[UUID]:
    envelopes = [wish.envelope for wish in handled]
    return await intents.finish(connection, actor="payment", endings=endings, envelopes=envelopes, now=START)


async def _end(connection: Connection, intent: Intent, state: IntentState, note: str | None = None) -> bool:
    ending = Ending(id=intent.id, calls=intent.calls, state=state, note=note)
    if state in {IntentState.DONE, IntentState.REFUSED}:
        return intent.id in await _finish(connection, ending)
    await intents.leave(connection, endings=[ending])
    return True


async def test_a_new_effect_is_recorded_and_ours(connection: Connection) -> None:
    [intent] = await _lease(connection, AUTHORISE)

    assert intent == Intent(
        id=IntentId(UUID(int=100)),
        key=AUTHORISE,
        found=IntentState.IDLE,
        opened_at=START,
        leased=True,
        calls=1,
    )


async def test_steps_and_rounds_are_effects_of_their_own(connection: Connection) -> None:
    met = await _lease(connection, AUTHORISE, CAPTURE, SECOND_CARD)

    assert [intent.leased for intent in met] == [True] * 3
    assert len({intent.id for intent in met}) == 3


async def test_a_live_lease_keeps_others_away(connection: Connection) -> None:
    await _lease(connection, AUTHORISE)

    [again] = await _lease(connection, AUTHORISE, first_id=200, after=LEASE - timedelta(seconds=1))

    assert (again.id.int, again.found, again.leased) == (100, IntentState.CALLING, False)


async def test_a_lapsed_lease_is_ours_to_look_up(connection: Connection) -> None:
    await _lease(connection, AUTHORISE)

    [again] = await _lease(connection, AUTHORISE, first_id=200, after=LEASE)

    assert (again.id.int, again.found, again.leased, again.calls) == (100, IntentState.CALLING, True, 2)
    assert again.opened_at == START


@pytest.mark.parametrize("state", [IntentState.DONE, IntentState.REFUSED])
async def test_what_has_ended_is_never_ours_again(connection: Connection, state: IntentState) -> None:
    [intent] = await _lease(connection, AUTHORISE)
    await _end(connection, intent, state)

    [again] = await _lease(connection, AUTHORISE, after=100 * LEASE)

    assert (again.found, again.leased) == (state, False)


@pytest.mark.parametrize("state", [IntentState.IDLE, IntentState.UNKNOWN])
async def test_what_was_left_is_ours_again_at_once(connection: Connection, state: IntentState) -> None:
    [intent] = await _lease(connection, AUTHORISE)
    await _end(connection, intent, state, "no answer")

    [again] = await _lease(connection, AUTHORISE)

    assert (again.found, again.leased, again.calls) == (state, True, 2)
    assert await connection.fetchval("SELECT note FROM intents") == "no answer"


async def test_an_effect_ends_once(connection: Connection) -> None:
    [intent] = await _lease(connection, AUTHORISE)

    ends = [await _end(connection, intent, state) for state in (IntentState.DONE, IntentState.REFUSED)]

    assert ends == [True, False]
    row = await connection.fetchrow("SELECT state, finished_at, leased_until FROM intents")
    assert row
    assert tuple(row) == ("done", START, None)


async def test_what_is_known_may_be_told_by_whoever_was_overtaken(connection: Connection) -> None:
    [slow] = await _lease(connection, AUTHORISE)
    [other] = await _lease(connection, AUTHORISE, first_id=200, after=LEASE)

    assert await _end(connection, slow, IntentState.DONE)
    assert not await _end(connection, other, IntentState.DONE)


async def test_whoever_was_overtaken_cannot_end_the_lease_of_the_other(connection: Connection) -> None:
    """Its "nothing was begun" would have a third one call while the second is calling."""
    [slow] = await _lease(connection, AUTHORISE)
    await _lease(connection, AUTHORISE, first_id=200, after=LEASE)

    await _end(connection, slow, IntentState.IDLE)
    [third] = await _lease(connection, AUTHORISE, first_id=300, after=LEASE)

    assert (third.found, third.leased) == (IntentState.CALLING, False)


async def test_what_has_ended_is_not_opened_again(connection: Connection) -> None:
    [intent] = await _lease(connection, AUTHORISE)
    await _end(connection, intent, IntentState.DONE)
    await _end(connection, intent, IntentState.UNKNOWN)

    [again] = await _lease(connection, AUTHORISE)

    assert again.found is IntentState.DONE


async def test_of_many_at_once_one_gets_the_lease(database: Database) -> None:
    async def attempt(place: int) -> bool:
        async with database.transaction() as connection:
            keys = [AUTHORISE, CAPTURE] if place % 2 else [CAPTURE, AUTHORISE]
            met = await _lease(connection, *keys, first_id=1000 * place)
        return all(intent.leased for intent in met)

    leased = await asyncio.gather(*(attempt(place) for place in range(1, 11)))

    assert sorted(leased) == [False] * 9 + [True]


async def test_a_start_that_is_alone_leaves_every_call_to_the_look_up(connection: Connection) -> None:
    await _lease(connection, AUTHORISE)
    [done] = await _lease(connection, CAPTURE, first_id=200)
    await _end(connection, done, IntentState.DONE)

    await intents.release_all(connection)

    [again, kept] = await _lease(connection, AUTHORISE, CAPTURE)
    assert (again.found, again.leased) == (IntentState.UNKNOWN, True)
    assert kept.found is IntentState.DONE


async def test_what_was_recorded_when_the_answer_got_lost_is_still_new(connection: Connection) -> None:
    """The statement committed by itself, and whoever asked does not know: nobody has called yet."""
    [before] = await _lease(connection, AUTHORISE)

    [again] = await _lease(connection, AUTHORISE, after=LEASE / 2)

    assert (again.id, again.found, again.leased) == (before.id, IntentState.IDLE, True)
    [other] = await _lease(connection, AUTHORISE, first_id=200, after=LEASE)
    assert not other.leased, "the lease began anew"


async def test_it_is_not_new_once_somebody_else_had_it(connection: Connection) -> None:
    await _lease(connection, AUTHORISE)
    await _lease(connection, AUTHORISE, first_id=200, after=LEASE)

    [late] = await _lease(connection, AUTHORISE, after=LEASE)

    assert (late.found, late.leased) == (IntentState.CALLING, False)


async def test_a_message_that_was_handled_opens_nothing(connection: Connection) -> None:
    old, new = (
        factories.wish(AUTHORISE, IntentId(UUID(int=1))),
        factories.wish(CAPTURE, IntentId(UUID(int=2))),
    )
    assert await _finish(connection, handled=[old]) == {old.envelope.id}

    handled, met = await _met(connection, old, new)

    assert (handled, set(met)) == ({old.envelope.id}, {CAPTURE})
    assert await connection.fetchval("SELECT count(*) FROM intents") == 1


async def test_a_message_is_handled_with_its_effect_and_once(connection: Connection) -> None:
    wish = factories.wish(AUTHORISE)
    _, met = await _met(connection, wish)
    done = Ending(id=met[AUTHORISE].id, calls=1, state=IntentState.DONE)

    told = [await _finish(connection, done, handled=[wish]) for _ in range(2)]

    assert told == [{wish.id, wish.envelope.id}, set()]


async def test_of_two_that_ask_for_the_same_the_first_names_it(connection: Connection) -> None:
    first, second = (factories.wish(AUTHORISE, IntentId(UUID(int=number))) for number in (1, 2))

    _, met = await _met(connection, first, second)

    assert met[AUTHORISE].id == first.id
