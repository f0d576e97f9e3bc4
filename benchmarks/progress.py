"""What a person sees while it runs: a bar for the step at hand, a line for each that is done."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bars

Tell = Callable[[str], None]


class Progress:
    """Steps on the console; without a terminal only their lines."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, text: str) -> None:
        """Something begins that has no known length."""
        self._console.print(f"[dim]{text} …[/]")

    @asynccontextmanager
    async def step(self, name: str, seconds: float) -> AsyncIterator[Tell]:
        """About `seconds` of work; call what is given with the result in a few words."""
        result = ""

        def tell(text: str) -> None:
            nonlocal result
            result = text

        columns = (TextColumn("{task.description}"), BarColumn(bar_width=20))
        quiet = not self._console.is_terminal
        with Bars(*columns, console=self._console, transient=True, auto_refresh=False, disable=quiet) as bars:
            moving = asyncio.create_task(_move(bars, name, seconds))
            try:
                yield tell
            finally:
                moving.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await moving
        self._console.print(f"{name:<44} {result}")


async def _move(bars: Bars, name: str, seconds: float) -> None:
    """Twice a second: more would be load."""
    task, begin = bars.add_task(name, total=seconds), time.perf_counter()
    while True:
        bars.update(task, completed=min(seconds, time.perf_counter() - begin), refresh=True)
        await asyncio.sleep(0.5)
