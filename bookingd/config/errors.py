"""What is wrong with a configuration, told all at once and so that it can be mended at once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import groupby
from operator import attrgetter

ENVIRONMENT = "Environment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake: where it stands, what was read there, what is wrong, what would be right.

    `place` is a file's path or `Environment`; `value` is what was read, written as TOML, with secrets masked,
    or empty where nothing was given.
    """

    place: str
    key: str
    complaint: str
    value: str = ""
    hint: str = ""
    line: int | None = None

    def __str__(self) -> str:
        place = f"{self.place}:{self.line}" if self.line else self.place
        value = f" = {self.value}" if self.value else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}: {self.key}{value}: {self.complaint}{hint}"

    def lines(self, margin: int) -> Iterator[str]:
        """The problem as a person reads it below its place, the number of its line in the margin."""
        where = f"line {self.line}" if self.line else ""
        value = f" = {self.value}" if self.value else ""
        yield f"  {where:<{margin}}{self.key}{value}"
        yield f"  {'':<{margin}}  {self.complaint}"
        if self.hint:
            yield f"  {'':<{margin}}  -> {self.hint}"


class ConfigErrors(Exception):
    """The configuration cannot be used; `problems` holds every reason."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=_order))
        super().__init__("\n".join(map(str, self.problems)))

    def report(self) -> str:
        """All problems, grouped by file, in the order of their lines; the environment last."""
        count = len(self.problems)
        lines = [f"The configuration has {count} error{'s' if count > 1 else ''}."]
        for place, found in groupby(self.problems, key=attrgetter("place")):
            here = list(found)
            margin = max(len(f"line {problem.line}  ") if problem.line else 0 for problem in here)
            lines += ["", f"{place}:"]
            for problem in here:
                lines += ["", *problem.lines(margin)]
        return "\n".join(lines)


def _order(problem: Problem) -> tuple[bool, str, bool, int]:
    """By file and line, what has no line behind the rest; the environment last."""
    in_environment = problem.place == ENVIRONMENT
    return in_environment, problem.place, problem.line is None, problem.line or 0


def did_you_mean(word: str, known: Iterable[str], template: str = "{}") -> str:
    """A hint that names the known word closest to `word`, or nothing when none is close."""
    close = get_close_matches(word.lower(), sorted(known), n=1, cutoff=0.6)
    return f"did you mean {template.format(close[0])!r}?" if close else ""
