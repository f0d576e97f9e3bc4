"""What the service manager that started us hears of the daemon: sd_notify(3), as systemd and others speak it.

The one rule: every message leaves from the event loop, between its other work. A loop that stands still is
silent, and is started again (systemd's WatchdogSec=).
"""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from bookingd.sources import Clock

log = logging.getLogger(__name__)

PULSE = 5.0
"""Seconds between two looks at what there is to tell, at most."""

MORE_TIME = 30.0
"""Seconds that a start which still turns asks for, from each pulse on: migrating may take an hour."""

HEARS_WITHIN = 0.2
"""Seconds; while its queue is full we stand still, so that READY=1 is not lost at the first breath."""

Report = Callable[[], str]
"""What the daemon is doing, in a line; a person reads it in `systemctl status`."""


class ServiceManager:
    """Told that we start, are ready, live and stop; with an empty `address` there is nobody to tell."""

    def __init__(self, *, address: str = "", watchdog: float | None = None) -> None:
        """`address`: a datagram socket, a path or, after an `@`, an abstract name. `watchdog`: seconds after
        which a silent daemon counts as hung; None where nobody watches.
        """
        self._address = address
        self._watchdog = watchdog
        self._starting = True
        self._alive: Callable[[], bool] = lambda: True
        self._report: Report | None = None
        self._said = ""

    @classmethod
    def of_this_process(cls) -> "ServiceManager":
        """The one that the environment names. It is taken out: a child is not to speak in our name."""
        address, usec, pid = (
            os.environ.pop(name, "") for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
        )
        watched = usec.isdigit() and int(usec) > 0 and pid in {"", str(os.getpid())}
        return cls(address=address, watchdog=int(usec) / 1e6 if watched else None)

    def doing(self, what: str) -> None:
        """A line for `systemctl status`."""
        if what != self._said:
            self._said = what
            self._tell(f"STATUS={what}")

    def ready(self, *, report: Report, alive: Callable[[], bool]) -> None:
        """The start is over; from now on `report` says what there is to say, and we live while `alive`."""
        self._starting, self._report, self._alive = False, report, alive
        self._said = report()
        self._tell("READY=1", f"STATUS={self._said}")

    def stopping(self, *, within: float) -> None:
        """The end has begun and takes `within` seconds at most, which the stop is given."""
        self._starting, self._report, self._alive = False, None, lambda: True
        self._said = "stopping: finishing what is in hand"
        self._tell("STOPPING=1", f"STATUS={self._said}", _extension(within))

    @asynccontextmanager
    async def kept_informed(self, clock: Clock) -> AsyncIterator[None]:
        """Tells of life beside the block, from the start to the very end."""
        if not self._address:
            yield
            return
        pulse = asyncio.create_task(self._beat_forever(clock), name="service manager")
        try:
            yield
        finally:
            pulse.cancel()
            await asyncio.wait([pulse])
            if not pulse.cancelled():
                pulse.result()

    async def _beat_forever(self, clock: Clock) -> None:
        # Half of the time, as sd_watchdog_enabled(3) recommends.
        every = min(PULSE, self._watchdog / 2) if self._watchdog else PULSE
        while True:
            self._beat()
            await clock.sleep(every)

    def _beat(self) -> None:
        if self._starting:
            self._tell(_extension(MORE_TIME))
        if self._report is not None:
            self.doing(self._report())
        if self._watchdog and self._alive():
            self._tell("WATCHDOG=1")

    def _tell(self, *lines: str) -> None:
        if not self._address:
            return
        name = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as speaker:
                speaker.settimeout(HEARS_WITHIN)
                speaker.sendto("\n".join(lines).encode(), name)
        except OSError as error:
            log.warning("the service manager at %s does not hear: %s", self._address, error)


def _extension(seconds: float) -> str:
    return f"EXTEND_TIMEOUT_USEC={int(seconds * 1e6)}"
