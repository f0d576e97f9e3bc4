"""The private Redis is what the tests of the cache take it for."""

import pytest
import redis.asyncio

from tests.servers.redis import RedisServer


async def test_a_stopped_redis_refuses_and_comes_back_empty(redis_server: RedisServer) -> None:
    async with redis.asyncio.Redis.from_url(redis_server.url, retry=None) as client:
        await client.set("key", "value")

        await redis_server.stop()
        with pytest.raises(redis.ConnectionError):
            await client.get("key")
        await redis_server.start()

        assert await client.get("key") is None


async def test_each_test_begins_with_an_empty_redis(redis_url: str) -> None:
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        assert await client.dbsize() == 0
