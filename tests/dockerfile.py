"""Does what a Dockerfile says without a container engine: each stage in a directory that stands for its root.

No engine is at hand where the tests run. So an absolute path in RUN and COPY is taken as one under that
directory, `python` is the interpreter of the tests, and what an image is based on is not there at all. Not
tried are the base image, USER, and the engine's own part (VOLUME, EXPOSE, the clock of HEALTHCHECK).
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ABSOLUTE = re.compile(r"(^|[\s'\"=])(/[\w.*/-]*)")
"""A path that begins a word, or the value of an option."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One line, its continuations joined: `COPY --from=build /a /b`."""

    name: str
    options: Mapping[str, str]
    text: str

    @property
    def words(self) -> list[str]:
        """The arguments, written as JSON or apart by blanks."""
        if self.text.startswith("["):
            found: list[str] = json.loads(self.text)
            return found
        return self.text.split()


@dataclass(slots=True, kw_only=True)
class Stage:
    """What lies between one FROM and the next."""

    name: str
    instructions: list[Instruction] = field(default_factory=list)

    def last(self, name: str) -> Instruction:
        """The instruction that holds when the image is run. Raises IndexError where there is none."""
        return [each for each in self.instructions if each.name == name][-1]


def read(file: Path) -> list[Stage]:
    """The stages in order."""
    lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
    stages: list[Stage] = []
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        if not line.strip():
            continue
        name, _, rest = line.partition(" ")
        if name == "FROM":
            stages.append(Stage(name=rest.partition(" AS ")[2]))
        elif stages:
            stages[-1].instructions.append(_instruction(name, rest))
    return stages


def _instruction(name: str, rest: str) -> Instruction:
    options = {}
    while match := re.match(r"--([\w-]+)=(\S+)\s+", rest):
        options[match[1]] = match[2]
        rest = rest[match.end() :]
    return Instruction(name=name, options=options, text=rest)


@dataclass(slots=True, kw_only=True)
class Machine:
    """Builds stages one after the other at the same place, so that what one has built runs in the next."""

    context: Path
    directory: Path
    environment: dict[str, str] = field(default_factory=dict)
    _at: str = "/"
    _former: str = ""

    @property
    def root(self) -> Path:
        return self.directory / "root"

    def build(self, stages: Sequence[Stage]) -> None:
        for stage in stages:
            if self.root.exists():
                self.root.rename(self.directory / self._former)
            self._begin(stage)
            for instruction in stage.instructions:
                if instruction.name in {"WORKDIR", "ENV", "COPY", "RUN"}:
                    getattr(self, f"_{instruction.name.lower()}")(instruction)

    def here(self, text: str) -> str:
        """With each absolute path as it is found under the root of the stage."""
        return ABSOLUTE.sub(lambda match: f"{match[1]}{self.root}{match[2]}", text)

    def _begin(self, stage: Stage) -> None:
        """As much of a base image as our instructions touch."""
        self._former, self._at = stage.name, "/"
        (self.root / "etc").mkdir(parents=True)
        python = self.root / "usr/local/bin/python"
        python.parent.mkdir(parents=True)
        python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        python.chmod(0o755)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("BOOKINGD_")}
        self.environment = {**inherited, "PATH": f"{python.parent}:{os.environ['PATH']}"}

    def _workdir(self, instruction: Instruction) -> None:
        self._at = instruction.text
        Path(self.here(self._at)).mkdir(parents=True, exist_ok=True)

    def _env(self, instruction: Instruction) -> None:
        name, _, value = instruction.text.partition("=")
        kept = value.replace("$PATH", self.environment["PATH"])
        self.environment[name] = self.here(kept) if name != "PATH" else f"{self.root}{kept}"

    def _copy(self, instruction: Instruction) -> None:
        *sources, target = instruction.words
        former = instruction.options.get("from")
        begin = self.directory / former if former else self.context
        into = Path(self.here(target)) if target.startswith("/") else Path(self.here(self._at)) / target
        for source in sources:
            _copy(begin / source.lstrip("/"), into / source if target.endswith("/") else into)

    def _run(self, instruction: Instruction) -> None:
        done = subprocess.run(
            ["/bin/sh", "-ec", self.here(instruction.text)],
            cwd=self.here(self._at),
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"RUN {instruction.text}\n{done.stdout}{done.stderr}"


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        passing = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True, ignore=passing)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
