"""The stand-in for Stripe over HTTP: its addresses, and who may call them.

The one rule: what a browser may do with the publishable key is said with each call; the rest needs the
secret one.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from bookingd.sandbox.misbehaviour import Switches
from bookingd.sandbox.stripe import controls, faults, wire
from bookingd.sandbox.stripe.background import Background
from bookingd.sandbox.stripe.calls.lists import List
from bookingd.sandbox.stripe.calls.routes import DELETES, GETS, LISTS, POSTS, Route
from bookingd.sandbox.stripe.hosted import HostedPages
from bookingd.sandbox.stripe.params import Params, parse
from bookingd.sandbox.stripe.performing import Performer
from bookingd.sandbox.stripe.records import Answer
from bookingd.sources import Chance, Clock, Ids

SECRET_KEY = "sk_test_sandbox"  # noqa: S105 - opens nothing but this stand-in
PUBLISHABLE_KEY = "pk_test_sandbox"
WEBHOOK_SECRET = "whsec_sandbox"  # noqa: S105 - signs nothing but what this stand-in sends

LARGEST_BODY = 64 * 1024


class StripeSandbox:
    """Speaks what `calls.routes` lists, and shows what `hosted` has; see `bookingd.sandbox.server`."""

    name = "stripe"

    def __init__(
        self,
        *,
        clock: Clock,
        ids: Ids,
        chance: Chance,
        directory: Path | None = None,
        secret_key: str = SECRET_KEY,
        publishable_key: str = PUBLISHABLE_KEY,
        webhook_url: str | None = None,
        webhook_secret: str = WEBHOOK_SECRET,
        webhook_events: Collection[str] | None = None,
        switches: Switches | None = None,
    ) -> None:
        """Without `directory` nothing outlives the process; without `webhook_url` no webhook is sent.

        `webhook_events` are the kinds that the endpoint wants; None means all.
        """
        self._secret_key = secret_key
        self._publishable_key = publishable_key
        self._background = Background(
            clock=clock,
            ids=ids,
            chance=chance,
            directory=directory,
            webhook_url=webhook_url,
            webhook_secret=webhook_secret,
            webhook_events=webhook_events,
        )
        self._performer = Performer(
            self._background, name=self.name, switches=switches or Switches(), clock=self._background.clock
        )
        self._pages = HostedPages(self._background, self._performer)

    async def start(self) -> None:
        """Read back what was known, and send what was not delivered."""
        await self._background.start()

    async def stop(self) -> None:
        await self._background.stop()

    def ledger(self) -> Mapping[str, Any]:
        """Per `metadata.payment_id`: payments, and what was authorised, captured and refunded, in units
        of the vendor.
        """
        return self._background.ledger()

    def controls(self) -> Sequence[web.RouteDef]:
        """What else can be made to happen: `controls` lists it."""
        return controls.routes(self._background)

    def app(self) -> web.Application:
        app = web.Application(client_max_size=LARGEST_BODY, middlewares=[self._answer_faults])
        for path, route in POSTS.items():
            app.router.add_post(path, self._post(route))
        for path, route in DELETES.items():
            app.router.add_delete(path, self._post(route))
        for path, show in LISTS.items():
            app.router.add_get(path, self._list(show))
        for path, route in GETS.items():
            app.router.add_get(path, self._get(route))
        self._pages.add_to(app)
        app.router.add_route("*", "/{anything:.*}", self._unknown)
        return app

    def _post(self, route: Route) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.StreamResponse:
            self._authorise(request, publishable=route.publishable)
            return await self._performer.perform(request, route)

        return handle

    def _get(self, route: Route) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.StreamResponse:
            given = Params(parse(request.query_string))
            self._authorise(request, publishable=route.publishable and self._is_payer(request))

            def read() -> web.Response:
                answer = route.do(self._background.work(), request.match_info["id"], given)
                return wire.respond(request, answer, self._background.request_id())

            return await self._performer.show(request, route.name, read)

        return handle

    def _list(self, show: List) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.StreamResponse:
            self._authorise(request, publishable=False)
            given = Params(parse(request.query_string))

            def answer() -> web.Response:
                shown = show(self._background.account, request.match_info.get("id", ""), given)
                return wire.as_json(request, 200, shown, self._background.request_id())

            return await self._performer.show(request, "list", answer)

        return handle

    def _authorise(self, request: web.Request, *, publishable: bool) -> None:
        given = wire.key_of(request)
        if given == self._secret_key:
            return
        if given != self._publishable_key:
            raise faults.unauthorised(given)
        if not publishable:
            raise faults.secret_key_required()

    def _is_payer(self, request: web.Request) -> bool:
        """Whether a browser shows the client secret of the payment that it asks for."""
        intent = self._background.account.intents.get(request.match_info["id"])
        return intent is not None and request.query.get("client_secret") == intent.client_secret

    async def _unknown(self, request: web.Request) -> web.StreamResponse:
        if request.method == "OPTIONS":
            return web.Response(status=204, headers=wire.CORS)
        message = f"Unrecognized request URL ({request.method}: {request.path})."
        fault = faults.invalid(message)
        return wire.respond(request, Answer(thing=fault.error, status=404), self._background.request_id())

    @web.middleware
    async def _answer_faults(self, request: web.Request, handler: Any) -> web.StreamResponse:
        try:
            answer: web.StreamResponse = await handler(request)
        except faults.Fault as fault:
            fault_answer = Answer(thing=fault.error, status=fault.status)
            answer = wire.respond(request, fault_answer, self._background.request_id())
        return answer
