"""Rounds under py-spy: where the costliest process of the daemon spends its time.

Its one rule: what is sampled is slowed down, so these rounds are their own and give no other figure; and
where sampling is not possible that is said, and everything else is measured.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks import samples
from benchmarks.processes import STOP_WITHIN, child, first_line
from benchmarks.progress import Progress
from benchmarks.servers import Servers

RATE = 200
"""Samples a second: five of them give a thousand of a busy process, and each share within 3 % either way."""

MISSING = "py-spy is not installed: `pip install py-spy` into the environment that runs the benchmarks"
FORBIDDEN = (
    "Whoever runs the benchmarks must be allowed to trace processes: run them as root, or set"
    " kernel.yama.ptrace_scope to 0 (sysctl); a container needs the capability SYS_PTRACE."
)

Work = Callable[[], Awaitable[object]]


class Unseen(Exception):
    """A process cannot be sampled; the text says why, and what helps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiled:
    """A round that was sampled."""

    what: str
    topology: str
    component: str
    """The process: the costliest of the daemon's in the rounds before."""
    profile: samples.Profile


@dataclass(frozen=True, slots=True)
class Spy:
    """py-spy, and the right to use it."""

    program: str

    @classmethod
    async def find(cls, path: str | None = None) -> "Spy":
        """On `path`, or beside this Python and on PATH; tried on this process. Raises Unseen."""
        program = shutil.which("py-spy", path=path or _path())
        if program is None:
            raise Unseen(MISSING)
        trial = await asyncio.create_subprocess_exec(
            *(program, "dump", "--pid", str(os.getpid())), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        _, said = await trial.communicate()
        if trial.returncode:
            raise Unseen(_reason(said.decode()))
        return cls(program)

    async def watch(self, pid: int, work: Work, *, place: Path) -> samples.Profile:
        """Sample a process while `work` is done; `place` is a directory for files. Raises Unseen."""
        raw, log = place / "samples.raw", place / "py-spy.log"
        options = ("--rate", str(RATE), "--function", "--format", "raw", "--output", raw)
        async with child("record", "--pid", str(pid), *options, program=self.program, log=log) as process:
            try:
                await first_line(process, log)
            except RuntimeError as error:
                raise Unseen(_reason(log.read_text())) from error
            await work()
            process.send_signal(signal.SIGINT)
            await asyncio.to_thread(process.wait, STOP_WITHIN)
        if process.returncode:
            raise Unseen(_reason(log.read_text()))
        try:
            return samples.read(raw.read_text())
        except samples.Unreadable as error:
            raise Unseen(f"what py-spy wrote is of no use: {error}") from error


class Profiles:
    """What was sampled in a run, and why something was not."""

    def __init__(self, spy: Spy | None, progress: Progress) -> None:
        self._spy = spy
        self._progress = progress
        self.found: list[Profiled] = []
        self.missed: list[str] = []

    @classmethod
    async def ready(cls, progress: Progress, *, path: str | None = None) -> "Profiles":
        """Before anything is started: where no process may be sampled, nobody needs to try again."""
        try:
            return cls(await Spy.find(path), progress)
        except Unseen as why:
            profiles = cls(None, progress)
            profiles._miss(why)
            return profiles

    @property
    def possible(self) -> bool:
        """Whether a round is worth its time."""
        return self._spy is not None

    async def add(
        self,
        servers: Servers,
        work: Work,
        *,
        what: str,
        topology: str,
        cpu: Mapping[str, float],
        seconds: float,
    ) -> None:
        """Sample the daemon's process with the most of `cpu` while `work` is done, in about `seconds`."""
        if self._spy is None:
            return
        component = max(servers.daemons, key=lambda name: cpu[name])
        async with self._progress.step(f"{what}, {topology}, sampled", seconds) as tell:
            try:
                profile = await self._spy.watch(servers.pids[component], work, place=servers.place)
            except Unseen as why:
                self._miss(why)
                return
            tell(f"{profile.samples:8,} samples of {component}")
        self.found.append(Profiled(what=what, topology=topology, component=component, profile=profile))

    def _miss(self, why: Unseen) -> None:
        self.missed.append(str(why))
        self._progress.say(f"no profile: {why}")


def _path() -> str:
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])


def _reason(said: str) -> str:
    """py-spy's own words without where in itself it was."""
    words = " ".join(said.partition("Stack backtrace:")[0].split())
    return f"{words} {FORBIDDEN}" if "permission denied" in words.lower() else words
