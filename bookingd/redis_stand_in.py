"""The stand-in for Redis within the process, kept from growing.

Its one rule: it holds no more than a Redis would that is run as told (docs/operations.md): what has expired
goes, and of what has not the oldest, when there is no room.
"""

from collections import OrderedDict
from typing import Any

import fakeredis

MOST_BYTES = 64 * 1024 * 1024
"""Of values that are kept; a search is some hundred kilobytes."""

SWEEP = 100
"""Calls that may write, between two looks at what has expired: what nobody asks for again would stay."""


class RedisStandIn:
    """What is used of Redis. Scripts write little; what is large gets in by `set`."""

    in_process = True
    """So it is never away, see `RedisCalls`."""

    def __init__(self, *, most_bytes: int = MOST_BYTES) -> None:
        self._server = fakeredis.FakeServer()
        self._redis = fakeredis.FakeAsyncRedis(server=self._server)
        self.get = self._redis.get
        self._most_bytes = most_bytes
        self._sizes: OrderedDict[str, int] = OrderedDict()
        """Of what was put there, the latest last; some of it has expired."""
        self._bytes = 0
        self._since_sweep = 0

    async def set(self, name: str, value: bytes, /, *, px: int) -> Any:
        """Keep the value for `px` milliseconds, or until there is no room."""
        answer = await self._redis.set(name, value, px=px)
        self._bytes += len(value) - self._sizes.pop(name, 0)
        self._sizes[name] = len(value)
        await self._make_room()
        await self._sweep()
        return answer

    async def eval(self, script: str, numkeys: int, /, *keys_and_args: Any) -> Any:
        """What the script gives."""
        answer = await self._redis.eval(script, numkeys, *keys_and_args)
        await self._sweep()
        return answer

    async def aclose(self) -> None:
        """Leave it."""
        await self._redis.aclose()

    async def _make_room(self) -> None:
        while self._bytes > self._most_bytes:
            name, size = self._sizes.popitem(last=False)
            self._bytes -= size
            await self._redis.delete(name)

    async def _sweep(self) -> None:
        self._since_sweep += 1
        if self._since_sweep >= SWEEP:
            self._since_sweep = 0
            await self._redis.dbsize()  # counting, it throws away what has expired
