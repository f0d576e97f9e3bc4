"""A clock that can be put forward, so that nobody waits four days to see what happens then."""

from datetime import datetime, timedelta

from bookingd.sources import Clock


class ShiftedClock:
    """Another clock, and some time on top of it."""

    def __init__(self, base: Clock) -> None:
        self._base = base
        self._ahead = timedelta()

    def put_forward(self, by: timedelta) -> None:
        """From now on it is so much later. Who sleeps is not woken."""
        self._ahead += by

    def now(self) -> datetime:
        return self._base.now() + self._ahead

    def monotonic(self) -> float:
        return self._base.monotonic() + self._ahead.total_seconds()

    async def sleep(self, seconds: float) -> None:
        await self._base.sleep(seconds)
