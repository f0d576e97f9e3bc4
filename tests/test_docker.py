"""The image: its Dockerfile is built step by step without an engine, and what comes of it is run."""

import asyncio
import json
import signal
import subprocess
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.daemon import free_port, until
from tests.conftest import Spawn
from tests.dockerfile import Machine, Stage, read


@pytest.fixture
def stages(checkout: Path) -> list[Stage]:
    return read(checkout / "Dockerfile")


def test_the_image_is_small_unprivileged_and_can_be_stopped(stages: list[Stage]) -> None:
    built, image = stages
    names = [each.name for each in image.instructions]

    assert built.name == "build"
    assert image.last("USER").text == "bookingd"
    assert image.last("ENTRYPOINT").words == [
        "bookingd"
    ]  # no shell between, which would keep SIGTERM to itself
    assert image.last("CMD").words == ["run"]
    assert image.last("STOPSIGNAL").text == signal.SIGTERM.name
    assert image.last("VOLUME").text == "/var/lib/bookingd"
    assert image.last("EXPOSE").text == "8080"
    assert image.last("HEALTHCHECK").text == 'CMD ["bookingd", "ready"]'
    # Nothing is installed in it but what the first stage has made.
    assert not [each.text for each in image.instructions if each.name == "RUN" and "install" in each.text]
    assert {each.options.get("from") for each in image.instructions if each.name == "COPY"} == {"build"}
    assert names.index("USER") > max(index for index, name in enumerate(names) if name in {"RUN", "COPY"})


def test_what_is_copied_is_there_and_sent_to_the_builder(stages: list[Stage], checkout: Path) -> None:
    copied = [
        source
        for stage in stages
        for each in stage.instructions
        if each.name == "COPY" and "from" not in each.options
        for source in each.words[:-1]
    ]
    ignored = [
        line.removeprefix("**/")
        for line in (checkout / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]

    assert [source for source in copied if not (checkout / source).exists()] == []
    assert [source for source in copied if any(fnmatch(source, pattern) for pattern in ignored)] == []
    assert {"tests", ".git", "var", ".venv"} <= set(ignored)


@pytest.mark.full
@pytest.mark.timeout(600)
async def test_what_the_dockerfile_builds_starts_and_is_healthy(
    stages: list[Stage], checkout: Path, tmp_path: Path, spawn: Spawn
) -> None:
    machine = Machine(context=checkout, directory=tmp_path)
    await asyncio.to_thread(machine.build, stages)
    image = stages[-1]
    port = free_port()
    settings: dict[str, Any] = {
        "env": {
            **machine.environment,
            "BOOKINGD_SERVER__PORT": str(port),
            "BOOKINGD_SANDBOX__PORT": str(free_port()),
            "BOOKINGD_INVENTORY__DEPARTURES": "1000",
        },
        "cwd": machine.here(image.last("WORKDIR").text),
    }
    program = machine.root / "opt/bookingd/bin" / image.last("ENTRYPOINT").words[0]
    [_, *check] = json.loads(image.last("HEALTHCHECK").text.removeprefix("CMD "))

    async def healthy() -> bool:
        asked = spawn(program, *check, **settings)
        return await asyncio.to_thread(asked.wait) == 0 or daemon.poll() is not None

    assert not await asyncio.to_thread(_asked, program, check, settings)
    with (tmp_path / "log").open("w") as log:
        daemon = spawn(program, *image.last("CMD").words, stdout=log, **settings)
        await until(healthy, 90, every=0.3)
        assert daemon.poll() is None, (tmp_path / "log").read_text()
        daemon.send_signal(signal.Signals[image.last("STOPSIGNAL").text])

        assert await asyncio.to_thread(daemon.wait, 30) == 0
    assert "bookingd" in (machine.root / "etc/passwd").read_text()
    assert not (machine.root / "src").exists()


def _asked(program: Path, arguments: list[str], settings: dict[str, Any]) -> bool:
    return subprocess.run([program, *arguments], capture_output=True, check=False, **settings).returncode == 0
