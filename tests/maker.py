"""A process that makes a value which others want too, for tests of the cache.

    python -m tests.maker URL KEY LOG SECONDS

It writes a line to the file LOG when it begins to make, takes SECONDS for it, and prints what it has then.
"""

import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path

from bookingd.cache import Cache, Kept
from bookingd.leases import Leases
from bookingd.redis_calls import client_at
from bookingd.sources import Sources


async def main(url: str, key: str, log: Path, seconds: float) -> None:
    sources, client = Sources.system(), client_at(url)
    leases = Leases(client, clock=sources.clock, ids=sources.ids, budget=5)
    cache = Cache(client, clock=sources.clock, leases=leases, budget=5)

    async def make() -> Kept:
        with log.open("a") as lines:
            lines.write(f"{os.getpid()}\n")
        await asyncio.sleep(seconds)
        now = sources.clock.now()
        return Kept(value=str(os.getpid()).encode(), made_at=now, until=now + timedelta(minutes=1))

    kept = await asyncio.gather(*(cache.get_or_make(key, make) for _ in range(100)))
    sys.stdout.write(",".join(sorted({one.value.decode() for one in kept})))
    await cache.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), float(sys.argv[4])))
