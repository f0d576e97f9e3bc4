"""What a configuration file and the environment say, before anybody asks whether it is right."""

import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from bookingd.config.errors import ENVIRONMENT, Problem, did_you_mean
from bookingd.config.schema import LEAVES, SECTIONS, SPELLED, Path
from bookingd.config.values import MASK, mask_passwords

PREFIX = "BOOKINGD_"
CONFIG_VARIABLE = "BOOKINGD_CONFIG"
TEST_PREFIX = "BOOKINGD_TEST_"

INCLUDE: Path = ("include",)
"""Not a setting: the file, beside the one that names it, whose settings hold where this one is silent."""

_HEADER = re.compile(r"\s*\[([^\[\]]+)\]")
_ASSIGNMENT = re.compile(r"\s*([\w.\"'-]+)\s*=")
_SECRET_NAME = re.compile(r"password|secret|token|_key$", re.IGNORECASE)
_SECRET_TEXT = re.compile(r"\b((?:sk|rk)_(?:live|test)_|whsec_)\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One value as it was written, and where. From the environment every value is text."""

    path: Path
    value: Any
    place: str
    line: int | None = None

    @property
    def in_environment(self) -> bool:
        return self.place == ENVIRONMENT

    @property
    def key(self) -> str:
        """The setting's name in the spelling of its place."""
        return variable(self.path) if self.in_environment else ".".join(self.path)

    def problem(self, complaint: str, hint: str = "") -> Problem:
        """What is wrong with this value."""
        return Problem(
            place=self.place,
            line=self.line,
            key=self.key,
            value=shown(self.path, self.value),
            complaint=complaint,
            hint=hint,
        )


def variable(path: Path) -> str:
    """The environment variable that overrides a setting."""
    return PREFIX + "__".join(path).upper()


def shown(path: Path, value: Any) -> str:
    """The value as TOML writes it, without what is secret."""
    if isinstance(value, dict):
        return ""
    if not path[-1].endswith("_file") and _SECRET_NAME.search(path[-1]) and path not in SPELLED:
        return f'"{MASK}"'
    text = json.dumps(value, ensure_ascii=False, default=str)
    return _SECRET_TEXT.sub(rf"\1{MASK}", mask_passwords(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class FromFile:
    """What a TOML file says."""

    found: list[Given]
    """Every known setting."""
    problems: list[Problem]
    """What stands there that nobody knows."""
    include: Given | None = None
    """The file that it shares settings with, if it names one."""


def from_file(file: FilePath) -> FromFile:
    """Every known setting in a TOML file, and what stands there that nobody knows."""
    try:
        text = file.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return FromFile(found=[], problems=[_unreadable(file, error)])
    lines = _lines(text)
    given = [
        Given(path=path, value=value, place=str(file), line=lines.get(path))
        for path, value in _flat(document, ())
    ]
    include = next((one for one in given if one.path == INCLUDE), None)
    found, problems = _sorted_out([one for one in given if one.path != INCLUDE])
    return FromFile(found=found, problems=problems, include=include)


def from_environment(environ: Mapping[str, str]) -> tuple[list[Given], list[Problem]]:
    """Every known setting in the environment; an empty variable counts as not set."""
    found = [
        Given(path=tuple(name.removeprefix(PREFIX).lower().split("__")), value=text, place=ENVIRONMENT)
        for name, text in sorted(environ.items())
        if name.startswith(PREFIX) and text and not _no_setting(name)
    ]
    return _sorted_out(found)


def _no_setting(name: str) -> bool:
    return name == CONFIG_VARIABLE or name.startswith(TEST_PREFIX)


def _unreadable(file: FilePath, error: Exception) -> Problem:
    if isinstance(error, tomllib.TOMLDecodeError):
        position = re.search(r"\(at line (\d+), column \d+\)", str(error))
        line = int(position[1]) if position else None
        return Problem(place=str(file), line=line, key="(file)", complaint=f"is not TOML: {error}")
    if isinstance(error, UnicodeDecodeError):
        return Problem(place=str(file), key="(file)", complaint="is not text in UTF-8")
    reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
    hint = f"name another with --config or {CONFIG_VARIABLE}"
    return Problem(place=str(file), key="(file)", complaint=f"cannot be read: {reason.lower()}", hint=hint)


def _flat(table: Mapping[str, Any], above: Path) -> Iterator[tuple[Path, Any]]:
    for key, value in table.items():
        path = (*above, key)
        if isinstance(value, dict) and path in SECTIONS:
            yield from _flat(value, path)
        else:
            yield path, value


def _lines(text: str) -> dict[Path, int]:
    """The line on which each section and each key stands; tomllib does not tell."""
    section: Path = ()
    lines: dict[Path, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            section = _dotted(header[1])
            lines.setdefault(section, number)
        elif assignment := _ASSIGNMENT.match(line):
            lines.setdefault((*section, *_dotted(assignment[1])), number)
    return lines


def _dotted(name: str) -> Path:
    return tuple(part.strip().strip("\"'") for part in name.split("."))


def _sorted_out(found: list[Given]) -> tuple[list[Given], list[Problem]]:
    known = [given for given in found if given.path in SPELLED]
    return known, [_unknown(given) for given in found if given.path not in SPELLED]


def _unknown(given: Given) -> Problem:
    if given.path in SECTIONS:
        return given.problem("is a section", f"begin it with a line [{'.'.join(given.path)}]")
    if secret := next((leaf for leaf in LEAVES if leaf.path == given.path), None):
        name = variable(secret.file_path) if given.in_environment else secret.file_path[-1]
        return given.problem("a secret is not written down here", f"put it in a file and name it: {name}")
    if given.in_environment:
        return given.problem("there is no such setting", did_you_mean_variable(given.key))
    if isinstance(given.value, dict) or given.path[:-1] not in SECTIONS:
        return _unknown_section(given)
    return given.problem("there is no such setting", _hint(given.path))


def _unknown_section(given: Given) -> Problem:
    sections = {".".join(path) for path in SECTIONS if path}
    name = ".".join(given.path)
    return Problem(
        place=given.place,
        line=given.line,
        key=f"[{name}]",
        complaint="there is no such section",
        hint=did_you_mean(name, sections, "[{}]"),
    )


def _hint(path: Path) -> str:
    siblings = {known[-1] for known in SPELLED if known[:-1] == path[:-1]}
    if close := did_you_mean(path[-1], siblings):
        return close
    elsewhere = [known[:-1] for known in SPELLED if known[-1] == path[-1]]
    if len(elsewhere) > 1:  # then only those below the section that was named
        elsewhere = [section for section in elsewhere if section[: len(path) - 1] == path[:-1]]
    sections = [f"[{'.'.join(section)}]" for section in elsewhere]
    return f"it belongs in {' or '.join(sections)}" if sections else ""


def did_you_mean_variable(name: str) -> str:
    """A hint that names the variable closest to `name`."""
    known = {variable(path).lower(): variable(path) for path in SPELLED}
    close = did_you_mean(name, known)
    return next((close.replace(lower, upper) for lower, upper in known.items() if repr(lower) in close), "")
