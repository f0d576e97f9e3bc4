"""The stand-in for PayPal over HTTP: its addresses, and who may call them.

The one rule: all but the token, the certificate and the buyer's page needs a bearer token that is still good.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from bookingd.sandbox.misbehaviour import Switches
from bookingd.sandbox.paypal import controls, faults, operations, patching, tokens, wire
from bookingd.sandbox.paypal.account import Account, Work
from bookingd.sandbox.paypal.background import Background
from bookingd.sandbox.paypal.checkoutnow import Checkout
from bookingd.sandbox.paypal.notices import Notices
from bookingd.sandbox.paypal.performing import Performer
from bookingd.sandbox.paypal.records import Thing
from bookingd.sandbox.paypal.reports import Reports
from bookingd.sandbox.paypal.resolution import Resolution
from bookingd.sandbox.paypal.routes import GETS, POSTS, Route
from bookingd.sandbox.paypal.terms import Terms
from bookingd.sources import Chance, Clock, Ids

CLIENT_ID = "sandbox-client-id"
CLIENT_SECRET = "sandbox-client-secret"  # noqa: S105 - opens nothing but this stand-in
WEBHOOK_ID = "SANDBOX0WEBHOOK00"

LARGEST_BODY = 10 * 1024 * 1024
"""A document of a dispute's evidence (guide "Disputes")."""

_OPEN = ("/v1/oauth2/token", "/v1/notifications/certs/", "/checkoutnow")


class PayPalSandbox:
    """Speaks Orders v2, Payments v2, webhooks, disputes and reports; see `bookingd.sandbox.server`."""

    name = "paypal"

    def __init__(
        self,
        *,
        clock: Clock,
        ids: Ids,
        chance: Chance,
        directory: Path | None = None,
        client_id: str = CLIENT_ID,
        client_secret: str = CLIENT_SECRET,
        webhook_url: str | None = None,
        webhook_id: str = WEBHOOK_ID,
        webhook_events: Collection[str] | None = None,
        switches: Switches | None = None,
        terms: Terms | None = None,
    ) -> None:
        """Without `directory` nothing outlives the process; without `webhook_url` no webhook is sent.

        `webhook_events` are the kinds that the endpoint wants; None means all.
        """
        self._client = (client_id, client_secret)
        self._terms = terms or Terms()
        self._background = Background(
            clock=clock,
            ids=ids,
            chance=chance,
            directory=directory,
            terms=self._terms,
            webhook_url=webhook_url,
            webhook_id=webhook_id,
            webhook_events=webhook_events,
        )
        self._account = self._background.account
        self._wire = wire.Wire(self._background)
        self._performer = Performer(
            self.name,
            self._background,
            self._wire,
            clock=self._background.clock,
            switches=switches or Switches(),
            terms=self._terms,
        )

    async def start(self) -> None:
        """Read back what was known, and send what was not delivered."""
        await self._background.start()

    async def stop(self) -> None:
        await self._background.stop()

    def ledger(self) -> Mapping[str, Any]:
        """Per `custom_id`: orders, and what was authorised, captured and refunded, in units of the vendor."""
        return self._background.ledger()

    @property
    def root_certificate(self) -> bytes:
        """PEM: the trust anchor of webhooks, once started; with a directory also `paypal-ca.pem` there."""
        return self._background.authority.root

    def controls(self) -> Sequence[web.RouteDef]:
        return controls.routes(self._background)

    def app(self) -> web.Application:
        app = web.Application(client_max_size=LARGEST_BODY, middlewares=[self._answer_faults])
        for route in POSTS:
            app.router.add_post(route.path, self._post(route))
        app.router.add_patch("/v2/checkout/orders/{id}", self._patch)
        for path, read in GETS.items():
            app.router.add_get(path, self._get(read))
        app.router.add_post("/v1/oauth2/token", self._grant)
        for part in (
            Checkout(self._background, self._performer),
            Notices(self._background, self._performer, self._wire),
            Resolution(self._background, self._performer, self._wire),
            Reports(self._background, self._performer, self._wire, permitted=self._terms.may_search),
        ):
            part.add_to(app.router)
        app.router.add_route("*", "/{anything:.*}", self._unknown)
        return app

    async def _grant(self, request: web.Request) -> web.StreamResponse:
        body = (await request.read()).decode("utf-8", "replace")

        def answer() -> web.Response:
            if not tokens.is_client(request, *self._client):
                return self._wire.json(401, tokens.refusal())
            work = self._background.work()
            status, granted = tokens.grant(work, body, self._terms)
            work.commit()
            return self._wire.json(status, granted)

        return await self._performer.answer(request, "token", answer)

    def _get(self, read: Callable[[Account, str], Thing]) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.StreamResponse:
            def answer() -> web.Response:
                thing = read(self._account, request.match_info["id"])
                return self._wire.json(200, operations.full(self._account, thing))

            return await self._performer.answer(request, "retrieve", answer)

        return handle

    def _post(self, route: Route) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.StreamResponse:
            request[wire.CALL] = route.call
            return await self._performer.perform(request, route)

        return handle

    async def _patch(self, request: web.Request) -> web.StreamResponse:
        request[wire.CALL] = "patch"
        changes = patching.read(await request.read())

        def do(work: Work) -> web.Response:
            patching.patch(work, self._account.order(request.match_info["id"]), changes)
            return self._wire.nothing(204)

        return await self._performer.change(request, "patch", do)

    async def _unknown(self, request: web.Request) -> web.StreamResponse:
        return self._wire.fault(request, faults.Fault(404))

    @web.middleware
    async def _answer_faults(self, request: web.Request, handler: Any) -> web.StreamResponse:
        try:
            if not self._is_open(request) and not tokens.is_valid(self._background.work(), request):
                raise faults.unauthorised()
            answer: web.StreamResponse = await handler(request)
        except faults.Fault as fault:
            answer = self._wire.fault(request, fault)
        return answer

    def _is_open(self, request: web.Request) -> bool:
        path = request.path.removeprefix(f"/{self.name}")
        return path.startswith(_OPEN)
