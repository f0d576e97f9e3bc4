"""What a run measured: rates, percentiles, CPU; and how its rounds spread."""

import math
import os
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

TICK = 1000 / os.sysconf("SC_CLK_TCK")
"""Milliseconds of CPU a kernel tick."""

UTIME, STIME, CUTIME, CSTIME = 11, 12, 13, 14
"""Fields of /proc/PID/stat behind the name, from 0 (proc_pid_stat(5)); the last two are of ended children."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """`done` pieces of work in `seconds`, with their latencies in seconds and the CPU of all in ms."""

    done: int
    seconds: float
    latencies: Sequence[float] = field(repr=False)
    cpu: Mapping[str, float]

    @property
    def rate(self) -> float:
        """Pieces a second."""
        return self.done / self.seconds

    def percentile(self, share: float) -> float:
        """See `percentile`."""
        return percentile(self.latencies, share)

    def each(self, component: str) -> float:
        """Milliseconds of CPU that a piece cost the component."""
        return self.cpu[component] / self.done


def percentile(seconds: Sequence[float], share: float) -> float:
    """The time in milliseconds that `share` of all (there is one at least) kept within: the nearest rank."""
    ordered = sorted(seconds)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] * 1000


@dataclass(frozen=True, slots=True)
class Spread:
    """One figure over all rounds: quoted by its median, trusted by its extremes."""

    values: Sequence[float]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def low(self) -> float:
        return min(self.values)

    @property
    def high(self) -> float:
        return max(self.values)


class Cpu:
    """CPU that components use from now on, read from /proc: each a process with all of its children.

    The load generator is this process without its children, which are the other components.
    """

    def __init__(self, **pids: int) -> None:
        self._pids = pids
        self._before = self._all()

    def used(self) -> dict[str, float]:
        """Milliseconds by component since this was made."""
        return {name: now - self._before[name] for name, now in self._all().items()}

    def _all(self) -> dict[str, float]:
        found = {name: _family_ms(pid) for name, pid in self._pids.items()}
        return found | {"load generator": _own_ms(os.getpid(), UTIME, STIME)}


def _family_ms(pid: int) -> float:
    return sum(_own_ms(member, UTIME, STIME, CUTIME, CSTIME) for member in (pid, *_children(pid)))


def _children(pid: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        found = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except FileNotFoundError:  # it has ended while we looked; its parent has its CPU now
        return []
    return found + [grandchild for child in found for grandchild in _children(child)]


def _own_ms(pid: int, *wanted: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return sum(int(fields[number]) for number in wanted) * TICK
