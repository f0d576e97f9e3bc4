"""What py-spy wrote becomes shares by room, module and function; `front.raw` is nine lines of a round."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks import samples
from benchmarks.samples import LOOP, Frame, Profile, Share, Unreadable

RECORDED = Path(__file__).with_name("front.raw")


@pytest.fixture
def recorded() -> Profile:
    return samples.read(RECORDED.read_text())


def counts(profile: Profile, shares: Sequence[Share]) -> dict[str, tuple[int, int]]:
    """Samples of its own and behind it, by name."""
    whole = profile.samples
    return {share.name: (round(share.own * whole), round(share.behind * whole)) for share in shares}


def test_each_sample_counts_once_for_the_innermost_frame_and_once_for_who_asked(recorded: Profile) -> None:
    assert recorded.samples == 402
    for shares in (recorded.rooms, recorded.modules, recorded.functions):
        assert sum(share.own for share in shares) == pytest.approx(1)
        assert sum(share.behind for share in shares) == pytest.approx(1)


def test_what_a_library_does_stands_behind_the_room_that_asked_for_it(recorded: Profile) -> None:
    found = counts(recorded, recorded.rooms)

    assert found["asyncpg"] == (16, 0)
    assert found["bookingd.storage"] == (1, 17)
    assert found["aiohttp"] == (142, 0)
    assert found["handlers"] == (0, 123)


def test_what_only_the_command_is_around_is_the_event_loops(recorded: Profile) -> None:
    found = counts(recorded, recorded.rooms)

    assert found["asyncio"] == (196, 0)
    assert found[LOOP] == (0, 196 + 32)
    assert "bookingd.cli" not in found


def test_modules_and_functions_are_told_apart(recorded: Profile) -> None:
    assert counts(recorded, recorded.modules)["bookingd.messages.codec"] == (17, 17)
    assert counts(recorded, recorded.functions)["aiohttp.http_writer: StreamWriter._writelines"] == (110, 0)
    assert counts(recorded, recorded.functions)["bookingd.storage.audit: record"] == (0, 16)


def test_code_made_at_run_time_counts_for_who_called_it(recorded: Profile) -> None:
    assert counts(recorded, recorded.functions)["actors.booking.actor: _step"] == (9, 9)
    assert "<string>" not in counts(recorded, recorded.modules)


def test_the_largest_shares_come_first(recorded: Profile) -> None:
    assert [share.name for share in recorded.rooms[:4]] == [LOOP, "asyncio", "aiohttp", "handlers"]


def test_lines_of_one_function_are_added_up() -> None:
    profile = samples.read("main (a.py:1);work (b/c.py:2) 3\nmain (a.py:1);work (b/c.py:7) 1\n")

    assert counts(profile, profile.functions)["b.c: work"] == (4, 0)


@pytest.mark.parametrize(
    ("file", "module", "room"),
    [
        ("bookingd/bus/rabbitmq.py", "bookingd.bus.rabbitmq", "bookingd.bus"),
        ("bookingd/cache.py", "bookingd.cache", "bookingd.cache"),
        ("actors/payment/__init__.py", "actors.payment", "actors.payment"),
        ("handlers/live.py", "handlers.live", "handlers"),
        ("asyncpg/protocol/types.py", "asyncpg.protocol.types", "asyncpg"),
        ("uuid.py", "uuid", "uuid"),
        ("<frozen importlib._bootstrap>", "importlib._bootstrap", "importlib"),
        ("<template>", "<template>", "<template>"),
    ],
)
def test_a_file_lies_in_a_module_and_a_room(file: str, module: str, room: str) -> None:
    frame = Frame("work", file)

    assert (frame.module, frame.room) == (module, room)


def test_a_thread_that_waits_for_work_does_not_count() -> None:
    waiting = "Thread.run (threading.py:982);_worker (concurrent/futures/thread.py:81)"

    profile = samples.read(f"{waiting} 5\n{waiting};append (bookingd/storage/checkpoints.py:9) 2\n")

    assert counts(profile, profile.functions) == {"bookingd.storage.checkpoints: append": (2, 2)}


def test_a_frame_without_a_line_is_read_too() -> None:
    profile = samples.read("<module> (run.py) 2")

    assert counts(profile, profile.functions)["run: <module>"] == (2, 0)


@pytest.mark.parametrize("text", ["", "\n", "work (a.py:1) many", "3", "work 3", "work (a.py:1);; 3"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        samples.read(text)
