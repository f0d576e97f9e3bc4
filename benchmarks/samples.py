"""What a sampling profiler saw of a process: shares of its time by room, by module and by function.

Its one rule: text in, values out; who samples what, and how, is spy.py's business. A sample counts for the
innermost Python frame (`own`), and for the innermost frame that is bookingd's (`behind`): what a library does
is there because somebody of ours asked for it. C code has no frame, and code made at run time no file: both
count for who called them.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

OURS = frozenset({"bookingd", "actors", "handlers"})
"""Top packages of the daemon's own code."""

ONE_ROOM = frozenset({"handlers"})
"""Of them, those that are a room as a whole; a room of the others is a package or a module in them."""

ENTRANCES = frozenset({"bookingd.__main__", "bookingd.cli"})
"""Rooms whose frames are around everything: they asked for nothing but the event loop."""

LOOP = "(the event loop)"
"""Who is `behind` what none of ours asked for: the loop, its connections, a library's thread."""

NOWHERE = "<string>"
"""The file of code made at run time, such as the `__init__` of a dataclass."""

FRAME = re.compile(r"(?P<name>.+) \((?P<file>.+?)(?::\d+)?\)")
"""`function (file:line)` as py-spy writes it: the file from its top package on."""

FROZEN = re.compile(r"<frozen (.+)>")
"""How Python names the file of a module that is built into it."""


class Unreadable(Exception):
    """The text is not what py-spy writes with `--format raw`."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A function, wherever in it the process was."""

    name: str
    file: str

    @property
    def module(self) -> str:
        """As it is imported; what is not a file (`<template>`) keeps its name."""
        if frozen := FROZEN.fullmatch(self.file):
            return frozen[1]
        if self.file.startswith("<"):
            return self.file
        return ".".join(PurePosixPath(self.file).with_suffix("").parts).removesuffix(".__init__")

    @property
    def room(self) -> str:
        """A room of ours (`bookingd.bus`, `actors.payment`, `handlers`), or the top package of a library."""
        top, _, rest = self.module.partition(".")
        if top not in OURS or top in ONE_ROOM or not rest:
            return self.module if top.startswith("<") else top
        return f"{top}.{rest.partition('.')[0]}"

    @property
    def label(self) -> str:
        """The function and its module, for people."""
        return f"{self.module}: {self.name}"

    @property
    def asks(self) -> bool:
        """Whether what happens in libraries beneath it is its doing."""
        return self.module.partition(".")[0] in OURS and self.room not in ENTRANCES


WAITING = frozenset({Frame("_worker", "concurrent/futures/thread.py")})
"""A pool's thread without work: py-spy's own stop and go wakes it for a moment, and then counts it as busy
(measured beside a busy thread: 3 % of the samples, 0.06 % of the CPU).
"""

Stack = tuple[Frame, ...]
"""The outermost first; there is one frame at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Of all samples, from 0 to 1."""

    name: str
    own: float
    """Samples in its own Python code and in C that it called."""
    behind: float
    """The same and what it asked of libraries; 0 for a library. All rooms together make 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Where the time of a process went; the largest shares first."""

    samples: int
    """While it computed; a process that waits is not sampled."""
    rooms: Sequence[Share]
    modules: Sequence[Share]
    functions: Sequence[Share]


def read(text: str) -> Profile:
    """The profile that py-spy wrote with `--format raw`. Raises Unreadable, also where it saw nothing."""
    stacks = Counter[Stack]()
    for line in text.splitlines():
        stack, count = _line(line)
        if stack[-1] not in WAITING:
            stacks[stack] += count
    if not stacks:
        raise Unreadable("no sample: the process was idle all the time")
    return aggregate(stacks)


def aggregate(stacks: Mapping[Stack, int]) -> Profile:
    """Shares of all samples, which there are."""
    return Profile(
        samples=sum(stacks.values()),
        rooms=_shares(stacks, lambda frame: frame.room),
        modules=_shares(stacks, lambda frame: frame.module),
        functions=_shares(stacks, lambda frame: frame.label),
    )


def _line(line: str) -> tuple[Stack, int]:
    frames, _, count = line.rpartition(" ")
    if not frames or not count.isdecimal():
        raise Unreadable(f"not frames and a count: {line[:200]!r}")
    found = tuple(_frame(text) for text in frames.split(";"))
    return tuple(frame for frame in found if frame.file != NOWHERE) or found, int(count)


def _frame(text: str) -> Frame:
    if (found := FRAME.fullmatch(text)) is None:
        raise Unreadable(f"not a frame: {text[:200]!r}")
    return Frame(found["name"], found["file"])


def _shares(stacks: Mapping[Stack, int], name: Callable[[Frame], str]) -> Sequence[Share]:
    own, behind = Counter[str](), Counter[str]()
    for stack, count in stacks.items():
        own[name(stack[-1])] += count
        asked = next((frame for frame in reversed(stack) if frame.asks), None)
        behind[name(asked) if asked else LOOP] += count
    whole = sum(stacks.values())
    found = [
        Share(name=one, own=own[one] / whole, behind=behind[one] / whole)
        for one in dict.fromkeys((*own, *behind))
    ]
    return _largest_first(found)


def _largest_first(found: Iterable[Share]) -> Sequence[Share]:
    """By the larger of its two shares: neither a library nor who asks for it is to be overlooked."""
    return sorted(found, key=lambda share: (-max(share.own, share.behind), share.name))
