"""What may kill whoever handles it: met, written down, forgotten."""

from datetime import timedelta
from uuid import UUID

from bookingd.domain.ids import MessageId
from bookingd.storage import announcements
from bookingd.storage.announcements import Record
from bookingd.storage.database import Connection
from tests.fakes.sources import START

MESSAGE, OTHER = MessageId(UUID(int=1)), MessageId(UUID(int=2))
HERE, ELSEWHERE = UUID(int=10), UUID(int=11)
MINUTE = timedelta(minutes=1)


async def _meet(connection: Connection, message: MessageId = MESSAGE, actor: str = "bank") -> Record:
    return await announcements.meet(connection, actor=actor, message=message, now=START)


async def _handled(connection: Connection, process: UUID = HERE, deaths: int = 0) -> Record:
    record = Record(process=process, deaths=deaths, lapses_at=START + MINUTE)
    await _meet(connection)
    await announcements.write(connection, actor="bank", message=MESSAGE, record=record)
    return record


async def test_nothing_is_known_of_a_new_one(connection: Connection) -> None:
    assert await _meet(connection) == Record(process=None, deaths=0, lapses_at=START)


async def test_what_was_written_is_met_by_everybody_else(connection: Connection) -> None:
    written = await _handled(connection, deaths=2)

    assert await _meet(connection) == written


async def test_every_actor_has_records_of_its_own(connection: Connection) -> None:
    await _handled(connection)

    assert (await _meet(connection, actor="clerk")).process is None
    assert (await _meet(connection, OTHER)).process is None


async def test_what_is_forgotten_is_new_again(connection: Connection) -> None:
    await _handled(connection, deaths=2)

    await announcements.forget(connection, actor="bank", message=MESSAGE)

    assert (await _meet(connection)).deaths == 0


async def test_what_is_let_go_keeps_its_deaths_and_may_be_tried_at_once(connection: Connection) -> None:
    await _handled(connection, deaths=2)

    await announcements.let_go(connection, actor="bank", message=MESSAGE, process=HERE, now=START)

    assert await _meet(connection) == Record(process=None, deaths=2, lapses_at=START)


async def test_nobody_lets_go_what_another_handles(connection: Connection) -> None:
    written = await _handled(connection, ELSEWHERE)

    await announcements.let_go(connection, actor="bank", message=MESSAGE, process=HERE, now=START)

    assert await _meet(connection) == written


async def test_a_start_learns_of_the_deaths_of_its_actor(connection: Connection) -> None:
    await _handled(connection, deaths=2)
    await _meet(connection, OTHER)
    await _meet(connection, actor="clerk")

    assert await announcements.deaths(connection, actor="bank") == {MESSAGE: 2, OTHER: 0}


async def test_a_start_that_is_alone_takes_all_others_for_gone(connection: Connection) -> None:
    await _handled(connection, ELSEWHERE, deaths=1)
    aside = Record(process=None, deaths=1, lapses_at=START + MINUTE)
    await _meet(connection, OTHER)
    await announcements.write(connection, actor="bank", message=OTHER, record=aside)

    await announcements.lapse_all(connection)

    met = await _meet(connection)
    assert (met.process, met.deaths, met.lapses_at <= START) == (ELSEWHERE, 1, True)
    assert await _meet(connection, OTHER) == aside
