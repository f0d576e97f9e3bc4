"""The ceiling of an HTTP answer: a bare aiohttp handler that sends the bytes of a file.

    python -m benchmarks.bare_http FILE

Its one rule: nothing is done that aiohttp does not do by itself. It says its port in a line when it listens.
"""

import asyncio
import sys
from pathlib import Path

import uvloop
from aiohttp import web


async def _serve(body: bytes) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_serve(Path(sys.argv[1]).read_bytes()))
