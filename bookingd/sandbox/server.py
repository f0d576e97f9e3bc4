"""The common part of the stand-ins: one loopback server for all of them, and the switches that they share.

The one rule: each vendor lives under its own prefix (`/stripe/v1/…`), so that the adapters differ from
production by base URL and credentials only. `/_sandbox/…` is ours, not any vendor's:

    POST   /_sandbox/misbehave   {"sandbox": "stripe", "operation": "capture", "how": "timeout_after_deed",
                                  "times": 1, "seconds": 3}; everything but `how` may be left out
    DELETE /_sandbox/misbehave   back to good manners
    GET    /_sandbox/{name}/ledger   what was authorised, captured and refunded
    …      /_sandbox/{name}/…        what else can be made to happen there (`Sandbox.controls`)
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec
from aiohttp import web

from bookingd.sandbox.misbehaviour import ANY, Choice, How, HungUp, Switches


class Sandbox(Protocol):
    """A stand-in for one vendor."""

    @property
    def name(self) -> str:
        """Its prefix and its name in switches."""
        ...

    def app(self) -> web.Application:
        """Its routes, as the vendor has them."""
        ...

    async def start(self) -> None:
        """Read back what it knew, and begin with what it does by itself."""
        ...

    async def stop(self) -> None:
        """End all that it began."""
        ...

    def ledger(self) -> Mapping[str, Any]:
        """What it has done, for tests and for the curious."""
        ...

    def controls(self) -> Sequence[web.RouteDef]:
        """What can be made to happen at this vendor, below `/_sandbox/{name}`."""
        ...


class SandboxServer:
    """Serves stand-ins on one port of the loopback interface."""

    def __init__(
        self,
        sandboxes: Sequence[Sandbox],
        *,
        switches: Switches,
        host: str = "127.0.0.1",
        pages: Mapping[str, web.Application] | None = None,
    ) -> None:
        """`pages` are for people: an application under each prefix, `/mail`."""
        self._sandboxes = tuple(sandboxes)
        self._pages = pages or {}
        self._switches = switches
        self._host = host
        self._runner: web.AppRunner | None = None
        self._port = 0

    async def start(self, port: int = 0) -> int:
        """Listen on `port`, or on a free one; the port is returned. Raises OSError when it is taken."""
        try:
            for sandbox in self._sandboxes:
                await sandbox.start()
            self._port = await self._listen(port)
        except BaseException:
            await self.stop()
            raise
        return self._port

    async def _listen(self, port: int) -> int:
        # A handler that keeps silent ends when its caller hangs up.
        self._runner = web.AppRunner(
            self._app(), access_log=None, handler_cancellation=True, shutdown_timeout=0.5
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, port, reuse_address=True).start()
        bound: int = self._runner.addresses[0][1]
        return bound

    async def stop(self) -> None:
        """Take no more calls, end what the stand-ins do by themselves."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        for sandbox in reversed(self._sandboxes):
            await sandbox.stop()

    def url(self, name: str) -> str:
        """The base URL of a vendor's stand-in, for its adapter."""
        return f"http://{self._host}:{self._port}/{name}"

    def _app(self) -> web.Application:
        app = web.Application(middlewares=[_quiet_when_hung_up])
        app.router.add_post("/_sandbox/misbehave", self._misbehave)
        app.router.add_delete("/_sandbox/misbehave", self._behave)
        app.router.add_get("/_sandbox/{name}/ledger", self._ledger)
        for sandbox in self._sandboxes:
            for control in sandbox.controls():
                path = f"/_sandbox/{sandbox.name}{control.path}"
                app.router.add_route(control.method, path, control.handler)
            app.add_subapp(f"/{sandbox.name}", sandbox.app())
        for prefix, page in self._pages.items():
            app.add_subapp(prefix, page)
        return app

    async def _misbehave(self, request: web.Request) -> web.Response:
        try:
            wish = msgspec.json.decode(await request.read(), type=_Wish)
        except msgspec.DecodeError as error:
            return web.json_response({"error": str(error)}, status=400)
        self._switches.add(
            sandbox=wish.sandbox,
            operation=wish.operation,
            choice=Choice(how=wish.how, seconds=wish.seconds),
            times=wish.times,
        )
        return web.Response(status=204)

    async def _behave(self, _request: web.Request) -> web.Response:
        self._switches.clear()
        return web.Response(status=204)

    async def _ledger(self, request: web.Request) -> web.Response:
        for sandbox in self._sandboxes:
            if sandbox.name == request.match_info["name"]:
                return web.Response(
                    body=msgspec.json.encode(sandbox.ledger()), content_type="application/json"
                )
        raise web.HTTPNotFound


class _Wish(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /_sandbox/misbehave."""

    how: How
    sandbox: str = ANY
    operation: str = ANY
    times: int | None = 1
    seconds: float = 3.0


@web.middleware
async def _quiet_when_hung_up(request: web.Request, handler: Any) -> web.StreamResponse:
    try:
        answer: web.StreamResponse = await handler(request)
    except HungUp:
        return web.Response()
    return answer
