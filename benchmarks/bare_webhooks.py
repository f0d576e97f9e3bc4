"""The ceiling of taking webhooks: a bare aiohttp handler with one INSERT an event.

    python -m benchmarks.bare_webhooks DSN

Nothing is verified, nothing is looked for, nobody is told. It says its port in a line when it listens.
"""

import asyncio
import sys

import asyncpg
import uvloop
from aiohttp import web

TABLE = """
DROP TABLE IF EXISTS bare_events;
CREATE TABLE bare_events (id text PRIMARY KEY, body bytea NOT NULL, at timestamptz NOT NULL DEFAULT now())
"""
INSERT = "INSERT INTO bare_events (id, body) VALUES ($1, $2) ON CONFLICT DO NOTHING"
CONNECTIONS = 10
"""As many as the daemon's pool has by default."""


async def _serve(dsn: str) -> None:
    async with asyncpg.create_pool(dsn, min_size=CONNECTIONS, max_size=CONNECTIONS) as pool:
        await pool.execute(TABLE)

        async def take(request: web.Request) -> web.Response:
            body = await request.read()
            await pool.execute(INSERT, body[:48].decode(), body)
            return web.Response(body=b'{"received":true}', content_type="application/json")

        app = web.Application()
        app.router.add_post("/{path:.*}", take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        print(runner.addresses[0][1], flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_serve(sys.argv[1]))
