"""Workers are processes that may die: the daemon goes on, and the next job finds another one."""

import asyncio
import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from bookingd.domain.pictures import DRAWN_SIZE, Light, Recipe, Scene, Setting
from bookingd.pictures.line import LineFull
from bookingd.pictures.sizes import TOGETHER, WIDTHS, Format, made_with
from bookingd.pictures.work import Draw, Size, TakeIn
from bookingd.pictures.workshop import Unreadable, WorkerFailed, Workshop
from bookingd.sources import SystemClock
from bookingd.telemetry.metrics import Metrics
from bookingd.workers import LENGTH, MEMORY, NICENESS
from tests.pictures.pixels import jpeg, noise

RECIPE = Recipe(scene=Scene.POOL, setting=Setting.TROPICS, light=Light.DAY).to_json()
DRAW = Draw(recipe=RECIPE, form=Format.WEBP, widths=WIDTHS)


def workers() -> list[int]:
    """Processes of ours that are one."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            told = (process / "cmdline").read_bytes().split(b"\0")
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if b"bookingd.pictures.worker" in told and parent == os.getpid():
            found.append(int(process.name))
    return found


def told_of(worker: int, what: str) -> str:
    return Path(f"/proc/{worker}/{what}").read_text()


@pytest.mark.parametrize("form", Format)
@pytest.mark.parametrize("widths", [*TOGETHER, WIDTHS])
async def test_a_drawing_comes_in_the_widths_that_are_wanted(
    workshop: Workshop, form: Format, widths: tuple[int, ...]
) -> None:
    made = await workshop.do(Draw(recipe=RECIPE, form=form, widths=widths))

    assert made.renditions.keys() == set(widths)
    for width in widths:
        with Image.open(io.BytesIO(made.renditions[width])) as picture:
            assert (picture.format, picture.size) == (form.name, (width, round(width * 854 / 1280)))


def test_every_width_is_made_with_some_others() -> None:
    assert sorted(width for widths in TOGETHER for width in widths) == sorted(WIDTHS)
    assert all(width in made_with(width) for width in WIDTHS)


async def test_a_picture_that_is_narrower_is_not_made_wider(workshop: Workshop) -> None:
    taken = await workshop.do(TakeIn(given=jpeg(500, 400), form=Format.JPEG, widths=WIDTHS))
    sized = await workshop.do(Size(original=taken.original, form=Format.WEBP, widths=WIDTHS))

    for made in (taken, sized):
        widths = [Image.open(io.BytesIO(made.renditions[width])).width for width in WIDTHS]
        assert widths == [160, 320, 500, 500]


async def test_one_worker_does_job_after_job(workshop: Workshop) -> None:
    await workshop.do(DRAW)
    first = workers()

    with pytest.raises(Unreadable):
        await workshop.do(TakeIn(given=b"no picture", form=Format.WEBP, widths=WIDTHS))
    await workshop.do(DRAW)

    assert workers() == first
    assert len(first) == 1


async def test_a_worker_gives_way_to_all_others_and_has_only_so_much_memory(workshop: Workshop) -> None:
    await workshop.do(DRAW)
    (worker,) = workers()

    limits, environment = told_of(worker, "limits"), told_of(worker, "environ")

    assert os.getpriority(os.PRIO_PROCESS, worker) == NICENESS
    assert f"Max address space         {MEMORY}" in limits
    assert environment == ""


async def test_a_worker_that_dies_over_a_job_fails_that_one_and_no_other(
    workshop: Workshop, metrics: Metrics
) -> None:
    await workshop.do(DRAW)
    (worker,) = workers()
    os.kill(worker, signal.SIGSTOP)
    doing = asyncio.create_task(workshop.do(DRAW))
    await asyncio.sleep(0)

    os.kill(worker, signal.SIGKILL)

    with pytest.raises(WorkerFailed):
        await doing
    assert (await workshop.do(DRAW)).width == DRAWN_SIZE[0]
    assert metrics.registry.get_sample_value("bookingd_picture_workers_lost_total") == 1


async def test_a_worker_that_takes_too_long_is_killed() -> None:
    workshop = Workshop(workers=1, clock=SystemClock(), job_seconds=0.02)

    with pytest.raises(WorkerFailed):
        await workshop.do(DRAW)

    assert workers() == []
    await workshop.close()


async def test_a_recipe_that_is_none_kills_a_worker_and_nothing_else(workshop: Workshop) -> None:
    with pytest.raises(WorkerFailed):
        await workshop.do(Draw(recipe="{}", form=Format.WEBP, widths=WIDTHS))

    assert (await workshop.do(DRAW)).renditions


async def test_whoever_gives_up_leaves_no_answer_for_the_next_one(workshop: Workshop) -> None:
    doing = asyncio.create_task(workshop.do(DRAW))
    await asyncio.sleep(0.05)
    doing.cancel()
    await asyncio.gather(doing, return_exceptions=True)

    taken = await workshop.do(TakeIn(given=jpeg(64, 48), form=Format.JPEG, widths=WIDTHS))

    assert (taken.width, taken.height) == (64, 48)


async def test_who_finds_the_line_full_is_turned_away_at_once(metrics: Metrics) -> None:
    workshop = Workshop(workers=1, clock=SystemClock(), waiting=3, metrics=metrics.pictures)
    doing = [asyncio.create_task(workshop.do(DRAW)) for _ in range(4)]
    await asyncio.sleep(0)

    was_full = workshop.full
    assert metrics.registry.get_sample_value("bookingd_pictures_waiting") == 4
    with pytest.raises(LineFull):
        await workshop.do(DRAW)

    assert len(await asyncio.gather(*doing)) == 4
    assert (was_full, workshop.full) == (True, False)
    await workshop.close()
    assert workers() == []


async def test_an_original_of_noise_is_small_enough_to_be_kept(workshop: Workshop) -> None:
    made = await workshop.do(TakeIn(given=jpeg(2560, 2560, noise), form=Format.JPEG, widths=WIDTHS))

    assert len(made.original) <= 5 * 1024 * 1024
    assert min(made.width, made.height) >= 1280


def test_a_worker_ends_with_whoever_started_it() -> None:
    """P4 has nothing to lose here, and nothing may be left behind either."""
    worker = subprocess.Popen(
        [sys.executable, "-I", "-m", "bookingd.pictures.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert worker.stdin is not None
    assert worker.stdout is not None

    worker.stdin.close()  # as the kernel does when its parent was killed

    assert worker.wait(timeout=30) == 0
    assert worker.stdout.read() == b""
    worker.stdout.close()


@pytest.mark.parametrize("sent", [b"\0\0", LENGTH.pack(9) + b"short", LENGTH.pack(2**32 - 1) + b"x"])
def test_a_worker_that_is_sent_half_a_message_ends(sent: bytes) -> None:
    ended = subprocess.run(
        [sys.executable, "-I", "-m", "bookingd.pictures.worker"], input=sent, capture_output=True, check=True
    )

    assert (ended.stdout, ended.stderr) == (b"", b"")
