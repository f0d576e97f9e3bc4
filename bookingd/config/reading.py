"""Reads the configuration once: the file, over it the environment, and the files that hold secrets.

The one rule: every mistake is found before any is told.
"""

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path as FilePath
from types import MappingProxyType
from typing import Any

from bookingd.config import rules
from bookingd.config.errors import ConfigErrors, Problem
from bookingd.config.files import CONTAINER_SECRETS, SecretFiles, read_secret
from bookingd.config.given import CONFIG_VARIABLE, Given, from_environment, from_file
from bookingd.config.parsing import Wrong, parse
from bookingd.config.schema import LEAVES, SPELLED, Leaf, Path, build
from bookingd.config.sections import Settings
from bookingd.config.values import Secret

_NO_PATH = "must be a path in quotes"


def embedded_file() -> FilePath:
    """The configuration that comes with the package: everything embedded, nothing to prepare."""
    return FilePath(str(files("bookingd.data").joinpath("config/bookingd.toml")))


def load_settings(
    file: FilePath | None = None,
    environ: Mapping[str, str] | None = None,
    container_secrets: FilePath = CONTAINER_SECRETS,
) -> Settings:
    """The settings of `file`, else of $BOOKINGD_CONFIG, else the embedded defaults; the environment wins.

    Raises ConfigErrors with everything that is wrong.
    """
    environ = os.environ if environ is None else environ
    chosen = file or FilePath(environ.get(CONFIG_VARIABLE) or embedded_file())
    reader = _Reader(file=chosen, secrets=SecretFiles.of(environ, container_secrets))
    return reader.read(environ)


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Gathers values and problems side by side."""

    file: FilePath
    secrets: SecretFiles
    shared: FilePath | None = None
    given: dict[Path, Given] = field(default_factory=dict)
    overridden: list[Given] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def read(self, environ: Mapping[str, str]) -> Settings:
        self._gather(environ)
        self._judge_overridden()
        values = {leaf.path: self._value(leaf) for leaf in LEAVES}
        settings = _resolved(build(values))
        self.problems += self._broken_rules(settings)
        if self.problems:
            raise ConfigErrors(self.problems)
        return replace(
            settings,
            file=self.file,
            included=self.shared,
            given=MappingProxyType({".".join(path): _origin(given) for path, given in self.given.items()}),
            warnings=(*self.warnings, *rules.warnings(settings)),
        )

    def _gather(self, environ: Mapping[str, str]) -> None:
        own = from_file(self.file)
        shared = self._included(own.include)
        for found, problems in (shared, (own.found, own.problems), from_environment(environ)):
            self.problems += problems
            for given in found:
                self._take(given)

    def _included(self, include: Given | None) -> tuple[list[Given], list[Problem]]:
        """What the file that `include` names says; it includes no further one, so that nothing goes round."""
        if include is None:
            return [], []
        if not isinstance(include.value, str) or not include.value.strip():
            return [], [include.problem(_NO_PATH, 'such as include = "common.toml"')]
        self.shared = self.file.parent / FilePath(include.value).expanduser()
        if not self.shared.is_file():
            return [], [include.problem(f"there is no file {self.shared}")]
        read = from_file(self.shared)
        if read.include is not None:
            complaint = f"a file that is included (by {self.file}) includes no other one"
            read.problems.append(read.include.problem(complaint))
        return read.found, read.problems

    def _take(self, given: Given) -> None:
        """The later place wins, also over the other spelling; twice in one place is a mistake."""
        for spelling in SPELLED[given.path].spellings:
            earlier = self.given.get(spelling)
            if earlier and spelling != given.path and earlier.place == given.place:
                self.problems.append(given.problem(f"{earlier.key} is given too", "keep one of the two"))
            if earlier and earlier.place != given.place:
                self.overridden.append(earlier)
            self.given.pop(spelling, None)
        self.given[given.path] = given

    def _judge_overridden(self) -> None:
        """What is wrong in the file counts while the environment hides it: one day it will not."""
        for given in self.overridden:
            try:
                _judge(given)
            except Wrong as wrong:
                self.problems.append(given.problem(wrong.complaint, wrong.hint))

    def _value(self, leaf: Leaf) -> Any:
        """The setting's value, or its default where it is not given or wrong (and then noted)."""
        try:
            return self._from_file(leaf) if leaf.from_file else self._from_given(leaf)
        except Wrong as wrong:
            given = next(self.given[path] for path in reversed(leaf.spellings) if path in self.given)
            self.problems.append(given.problem(wrong.complaint, wrong.hint))
            return leaf.default

    def _from_given(self, leaf: Leaf) -> Any:
        given = self.given.get(leaf.path)
        return parse(leaf, given.value, text=given.in_environment) if given else leaf.default

    def _from_file(self, leaf: Leaf) -> Any:
        given = self.given.get(leaf.file_path)
        if given and not isinstance(given.value, str):
            raise Wrong(_NO_PATH)
        if given:
            beside = FilePath() if given.in_environment else FilePath(given.place).parent
            return self._content(leaf, self.secrets.named(given.value, beside))
        if leaf.path in self.given:
            return self._from_given(leaf)
        handed_over = self.secrets.unnamed(leaf)
        if handed_over is None:
            return leaf.default
        self.given[leaf.file_path] = Given(
            path=leaf.file_path, value=str(handed_over), place=str(handed_over)
        )
        return self._content(leaf, handed_over)

    def _content(self, leaf: Leaf, file: FilePath) -> Any:
        content = read_secret(file)
        self.warnings += self.secrets.warnings(file)
        if leaf.secret:
            return Secret(leaf.metadata["secret"], content)
        return parse(leaf, content.decode(), text=True)

    def _broken_rules(self, settings: Settings) -> Iterator[Problem]:
        """What the rules find, but for settings that are wrong already, whose defaults they would judge."""
        wrong = {problem.key for problem in self.problems}
        if self._is_wrong(("environment",), wrong):
            return
        for breach in rules.breaches(settings):
            if any(self._is_wrong(path, wrong) for path in (breach.path, breach.beside) if path):
                continue
            if given := self._given_for(breach.path):
                yield given.problem(breach.complaint, breach.hint)
            else:
                key, place = ".".join(breach.path), str(self.file)
                yield Problem(place=place, key=key, complaint=breach.complaint, hint=breach.hint)

    def _is_wrong(self, path: Path, wrong: Collection[str]) -> bool:
        given = self._given_for(path)
        return given is not None and given.key in wrong

    def _given_for(self, path: Path) -> Given | None:
        return next((self.given[one] for one in SPELLED[path].spellings if one in self.given), None)


def _judge(given: Given) -> None:
    """Raises Wrong. The file that a setting names is not opened: it need not be there while it is unused."""
    leaf = SPELLED[given.path]
    if given.path == leaf.path:
        parse(leaf, given.value, text=given.in_environment)
    elif not isinstance(given.value, str):
        raise Wrong(_NO_PATH)


def _origin(given: Given) -> str:
    if given.in_environment:
        return given.key
    return f"{given.place}:{given.line}" if given.line else given.place


def _resolved(settings: Settings) -> Settings:
    """Paths made absolute and the public address completed, so that nobody has to guess later."""
    return replace(
        settings,
        paths=replace(settings.paths, var=settings.paths.var.absolute()),
        public_url=settings.public_url.rstrip("/") or settings.server.local_url,
    )
