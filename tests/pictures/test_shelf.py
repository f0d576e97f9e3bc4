"""The shelf: whole or not there, never more than it may hold, whoever else uses it."""

import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from bookingd.pictures.shelf import ABANDONED, LOOKS, Shelf
from bookingd.telemetry.metrics import Metrics
from tests.fakes.sources import ManualClock, SequentialIds

LIMIT = 1_000_000
PIECE = 20_000


def content(number: int, size: int = PIECE) -> bytes:
    return number.to_bytes(4) * (size // 4)


def files(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if path.is_file())


def size_of(directory: Path) -> int:
    return sum(path.stat().st_size for path in files(directory))


async def test_what_was_put_there_comes_back_as_it_was(shelf: Shelf) -> None:
    await shelf.put("abc-160.webp", b"picture")

    kept = await shelf.take("abc-160.webp")

    assert kept is not None
    assert kept.content == b"picture"
    assert len(kept.digest) == 32
    assert await shelf.take("abc-320.webp") is None


async def test_what_was_dropped_is_there_no_more(shelf: Shelf) -> None:
    await shelf.put("abc-160.webp", b"picture")

    await shelf.drop("abc-160.webp")
    await shelf.drop("abc-160.webp")

    assert await shelf.take("abc-160.webp") is None


async def test_nobody_else_on_the_host_looks_at_it(shelf: Shelf, tmp_path: Path) -> None:
    await shelf.put("abc-160.webp", b"picture")

    assert (tmp_path / "pictures" / "ab").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("damage", [b"", b"\0" * 20, b"\0" * 60])
async def test_a_damaged_file_is_as_good_as_none(shelf: Shelf, tmp_path: Path, damage: bytes) -> None:
    await shelf.put("abc-160.webp", b"picture")
    (file,) = files(tmp_path)
    file.write_bytes(damage)

    assert await shelf.take("abc-160.webp") is None

    assert files(tmp_path) == []


async def test_it_never_holds_more_than_it_may_and_a_look_of_others(shelf: Shelf, tmp_path: Path) -> None:
    most = 0
    for number in range(200):
        await shelf.put(f"{number:04}", content(number))
        most = max(most, size_of(tmp_path))

    assert LIMIT * 0.8 < most <= LIMIT * (1 + 1 / LOOKS) + PIECE


async def test_what_was_not_asked_for_longest_goes_first(
    shelf: Shelf, tmp_path: Path, clock: ManualClock
) -> None:
    for number in range(40):
        await shelf.put(f"{number:04}", content(number))
        clock.advance(60)
    clock.advance(timedelta(hours=2))
    for number in range(10):
        assert await shelf.take(f"{number:04}") is not None

    for number in range(100, 130):
        await shelf.put(f"{number:04}", content(number))
        clock.advance(60)

    kept = {path.name for path in files(tmp_path)}
    assert {f"{number:04}" for number in range(10)} <= kept
    assert "0010" not in kept
    assert "0129" in kept


async def test_several_processes_share_it(
    shelf: Shelf, tmp_path: Path, clock: ManualClock, metrics: Metrics
) -> None:
    others = [
        Shelf(tmp_path / "pictures", limit=LIMIT, clock=clock, ids=SequentialIds(clock.now() + timedelta(n)))
        for n in range(1, 4)
    ]
    shelves = [shelf, *others]

    async def use(one: Shelf, number: int) -> None:
        await one.put(f"{number % 90:04}", content(number % 90))
        kept = await one.take(f"{(number * 7) % 90:04}")
        assert kept is None or kept.content == content(number * 7 % 90)

    for number in range(0, 400, 4):
        await asyncio.gather(*(use(one, number + place) for place, one in enumerate(shelves)))

    assert size_of(tmp_path) <= LIMIT * (1 + len(shelves) / LOOKS) + len(shelves) * PIECE
    assert metrics.registry.get_sample_value("bookingd_picture_cache_failures_total") == 0
    for one in others:
        one.close()


WRITER = """
import asyncio, sys
from pathlib import Path
from bookingd.pictures.shelf import Shelf
from bookingd.sources import Sources

async def main():
    sources = Sources.system()
    shelf = Shelf(Path(sys.argv[1]), limit=10**9, clock=sources.clock, ids=sources.ids)
    print("writing", flush=True)
    number = 0
    while True:
        await shelf.put(f"{number % 8:04}", number.to_bytes(4) * 500_000)
        number += 1

asyncio.run(main())
"""


@pytest.mark.parametrize("attempt", range(4))
async def test_a_process_killed_in_the_middle_leaves_nothing_half(
    tmp_path: Path, clock: ManualClock, ids: SequentialIds, attempt: int
) -> None:
    directory = tmp_path / "pictures"
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, str(directory), stdout=asyncio.subprocess.PIPE
    )
    assert writer.stdout is not None
    await writer.stdout.readline()
    await asyncio.sleep(0.15 + 0.05 * attempt)
    writer.kill()
    await writer.communicate()

    shelf = Shelf(directory, limit=10**9, clock=clock, ids=ids)
    found = [await shelf.take(f"{number:04}") for number in range(8)]
    assert any(found)
    for kept in filter(None, found):
        assert kept.content == kept.content[:4] * 500_000
    damaged = [path for path in files(directory) if path.name.endswith(".new")]
    for path in damaged:  # whoever wrote it has been dead for long
        os.utime(path, (clock.now().timestamp() - ABANDONED - 1,) * 2)

    shelf.tidy()

    assert [path for path in files(directory) if path.name.endswith(".new")] == []
    shelf.close()


async def test_what_is_being_written_is_left_alone(shelf: Shelf, tmp_path: Path, clock: ManualClock) -> None:
    await shelf.put("abcd", b"x")
    writing = tmp_path / "pictures" / "ab" / "1.new"
    writing.write_bytes(b"half")
    os.utime(writing, (clock.now().timestamp(),) * 2)

    shelf.tidy()

    assert writing.exists()


async def test_a_disk_that_takes_nothing_costs_pictures_and_no_more(
    tmp_path: Path, clock: ManualClock, ids: SequentialIds, metrics: Metrics
) -> None:
    blocked = tmp_path / "pictures"
    blocked.write_text("a file where the directory should be")
    shelf = Shelf(blocked, limit=LIMIT, clock=clock, ids=ids, metrics=metrics.pictures)

    await shelf.put("abcd", b"x")

    assert await shelf.take("abcd") is None
    assert (metrics.registry.get_sample_value("bookingd_picture_cache_failures_total") or 0) > 0
    shelf.close()
