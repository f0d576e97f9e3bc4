"""A daemon that has nothing but an embedded PostgreSQL: `python -m tests.engine.daemon DIRECTORY`.

It says the server's process number when that is ready, and then does nothing until it is killed.
"""

import asyncio
import sys
from pathlib import Path

from bookingd.engine import Engine


async def main(directory: Path) -> None:
    async with Engine(directory, durable=False) as engine:
        sys.stdout.write(f"ready {engine.pid}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
