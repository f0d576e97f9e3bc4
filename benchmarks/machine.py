"""Where and in what company a run was made: a figure without that says nothing."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

STEAL = 8
"""The column of /proc/stat's first line: time that the hypervisor gave to others (proc_stat(5))."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What computes."""

    processor: str
    cores: int
    memory_gb: float
    kernel: str
    python: str

    @classmethod
    def this(cls) -> "Machine":
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
        return cls(
            processor=_processor(),
            cores=len(os.sched_getaffinity(0)),
            memory_gb=round(memory, 1),
            kernel=platform.release(),
            python=platform.python_version(),
        )

    def __str__(self) -> str:
        return (
            f"{self.cores} cores of {self.processor}, {self.memory_gb:.0f} GB,"
            f" Linux {self.kernel}, Python {self.python}"
        )


class Company:
    """How much else ran: the load average before and after, and the CPU that was taken from us."""

    def __init__(self) -> None:
        self._load = os.getloadavg()[0]
        self._ticks = _ticks()

    def report(self) -> dict[str, float]:
        """One-minute load averages, and the share of all CPU time that was stolen, in per cent."""
        gone = [now - before for now, before in zip(_ticks(), self._ticks, strict=True)]
        return {
            "load_before": round(self._load, 2),
            "load_after": round(os.getloadavg()[0], 2),
            "steal_percent": round(100 * gone[STEAL - 1] / max(1, sum(gone[:STEAL])), 1),
        }


def _ticks() -> list[int]:
    first = Path("/proc/stat").read_text().splitlines()[0]
    return [int(ticks) for ticks in first.split()[1:]]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
