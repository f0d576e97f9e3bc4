"""How late the event loop is: what computes for too long makes all others wait, and shows nowhere else."""

from typing import NoReturn

from prometheus_client import Histogram

from bookingd.sources import Clock

NAP = 0.1
"""Seconds between two looks: ten a second cost nothing, and a step of a tenth of a second is seen."""


async def watch_event_loop(clock: Clock, lag: Histogram) -> NoReturn:
    """Sleep again and again, and observe how much later than asked for we woke, in seconds."""
    while True:
        asleep = clock.monotonic()
        await clock.sleep(NAP)
        lag.observe(max(clock.monotonic() - asleep - NAP, 0.0))
