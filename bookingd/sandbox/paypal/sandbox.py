"""The stand-in for PayPal over HTTP: who calls, what the request id says, what goes wrong on purpose.

The one rule: a call with a PayPal-Request-Id has one effect, whatever happens to the connection; its
repetition is answered with what has become of that.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from bookingd.sandbox.misbehaviour import HEADER, Choice, How, Switches, after, before
from bookingd.sandbox.paypal import buyers, controls, faults, operations, tokens
from bookingd.sandbox.paypal.account import Account, Work
from bookingd.sandbox.paypal.background import Background
from bookingd.sandbox.paypal.checkoutnow import Checkout
from bookingd.sandbox.paypal.given import Given
from bookingd.sandbox.paypal.records import Kept, Order, Thing
from bookingd.sandbox.paypal.terms import Terms
from bookingd.sources import Chance, Clock, Ids

CLIENT_ID = "sandbox-client-id"
CLIENT_SECRET = "sandbox-client-secret"  # noqa: S105 - opens nothing but this stand-in
WEBHOOK_ID = "SANDBOX0WEBHOOK00"

LARGEST_BODY = 256 * 1024
LONGEST_KEY = 108
"""Of a PayPal-Request-Id (API description)."""

_ENCODE = msgspec.json.Encoder().encode

_CALL = web.RequestKey("call", str)
"""Which call it is, for the wording of errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Route:
    """A call that changes something."""

    path: str
    name: str
    """In misbehaviour switches."""
    call: str
    """In the wording of errors."""
    do: operations.Operation
    brief: operations.Shape
    status: int = 201
    repeated: int = 201
    brief_status: int | None = None
    malformed: str = "INVALID_PARAMETER_SYNTAX"
    of_order: bool = False
    needs: Callable[[Given, str | None], None] | None = None


_ORDERS, _PAYMENTS = "/v2/checkout/orders", "/v2/payments"

_POSTS = (
    _Route(
        path=_ORDERS,
        name="create",
        call="create",
        do=operations.create_order,
        brief=operations.created,
        repeated=200,
        malformed="MALFORMED_REQUEST_JSON",
        of_order=True,
        needs=operations.needs_request_id,
    ),
    _Route(
        path=f"{_ORDERS}/{{id}}/authorize",
        name="authorise",
        call="authorise",
        do=operations.authorise_order,
        brief=operations.paid,
        repeated=200,
        malformed="MALFORMED_REQUEST_JSON",
        of_order=True,
    ),
    _Route(
        path=f"{_ORDERS}/{{id}}/capture",
        name="capture",
        call="capture_order",
        do=operations.capture_order,
        brief=operations.paid,
        repeated=200,
        malformed="MALFORMED_REQUEST_JSON",
        of_order=True,
    ),
    _Route(
        path=f"{_PAYMENTS}/authorizations/{{id}}/capture",
        name="capture",
        call="payment",
        do=operations.capture,
        brief=operations.brief,
    ),
    _Route(
        path=f"{_PAYMENTS}/authorizations/{{id}}/void",
        name="cancel",
        call="payment",
        do=operations.void,
        brief=operations.brief,
        status=200,
        repeated=200,
        brief_status=204,
    ),
    _Route(
        path=f"{_PAYMENTS}/authorizations/{{id}}/reauthorize",
        name="reauthorise",
        call="payment",
        do=operations.reauthorise,
        brief=operations.brief,
    ),
    _Route(
        path=f"{_PAYMENTS}/captures/{{id}}/refund",
        name="refund",
        call="refund",
        do=operations.refund,
        brief=operations.brief,
    ),
)

_GETS: Mapping[str, Callable[[Account, str], Thing]] = {
    f"{_ORDERS}/{{id}}": operations.read_order,
    f"{_PAYMENTS}/authorizations/{{id}}": operations.read_authorization,
    f"{_PAYMENTS}/captures/{{id}}": operations.read_capture,
    f"{_PAYMENTS}/refunds/{{id}}": operations.read_refund,
}


class PayPalSandbox:
    """Speaks Orders v2, Payments v2 and webhooks; see `bookingd.sandbox.server`."""

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
        self._clock = clock
        self._client = (client_id, client_secret)
        self._switches = switches or Switches()
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
        self._running: set[str] = set()
        self._spent: set[tuple[str, str]] = set()

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
        """PEM: the trust anchor of webhooks, once started."""
        return self._background.authority.root

    def controls(self) -> Sequence[web.RouteDef]:
        return controls.routes(self._background)

    def app(self) -> web.Application:
        app = web.Application(client_max_size=LARGEST_BODY, middlewares=[self._answer_faults])
        for route in _POSTS:
            app.router.add_post(route.path, self._post(route))
        for path, read in _GETS.items():
            app.router.add_get(path, self._get(read))
        app.router.add_post("/v1/oauth2/token", self._grant)
        app.router.add_get("/v1/notifications/certs/{name}", self._certificate)
        Checkout(self._background, self._announce_by_buyer).add_to(app.router)
        app.router.add_route("*", "/{anything:.*}", self._unknown)
        return app

    async def _grant(self, request: web.Request) -> web.StreamResponse:
        body = (await request.read()).decode("utf-8", "replace")

        def answer() -> web.Response:
            if not tokens.is_client(request, *self._client):
                return self._json(401, tokens.refusal())
            work = self._background.work()
            status, granted = tokens.grant(work, body, self._terms)
            work.commit()
            return self._json(status, granted)

        return await self._misbehaving(request, "token", answer)

    async def _certificate(self, request: web.Request) -> web.StreamResponse:
        authority = self._background.authority
        if request.match_info["name"] != authority.name:
            raise web.HTTPNotFound
        return web.Response(body=authority.chain, content_type="application/x-pem-file")

    def _get(self, read: Callable[[Account, str], Thing]) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.StreamResponse:
            self._authorise(request)

            def answer() -> web.Response:
                thing = read(self._account, request.match_info["id"])
                return self._json(200, operations.full(self._account, thing))

            return await self._misbehaving(request, "retrieve", answer)

        return handle

    def _post(self, route: _Route) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.StreamResponse:
            request[_CALL] = route.call
            self._authorise(request)
            call = await self._call(request, route)
            done = await self._alone(call)
            if not isinstance(done, _Done):
                return done
            await self._announce(done.work, call.choice)
            return await after(call.choice, done.answer, request=request)

        return handle

    async def _call(self, request: web.Request, route: _Route) -> "_Call":
        body = await request.read()
        if body.strip() and request.content_type != "application/json":
            raise faults.Fault(415)
        given = Given.parse(body, malformed=route.malformed)
        request_id = request.headers.get("PayPal-Request-Id") or None
        if request_id is not None and len(request_id) > LONGEST_KEY:
            raise faults.invalid("INVALID_STRING_LENGTH", field="PayPal-Request-Id", value=request_id)
        if route.needs is not None:
            route.needs(given, request_id)
        key = None if request_id is None else f"{route.path} {request_id}"
        choice = self._choice(request, route.name, key=key)
        return _Call(request=request, route=route, key=key, given=given, choice=choice)

    async def _alone(self, call: "_Call") -> "web.StreamResponse | _Done":
        """Hold the request id while the deed is done, so that the same call at the same time gets a 409."""
        if call.key is None:
            return await self._before(call.request, call.choice) or self._once(call)
        if call.key in self._running:
            raise faults.in_progress()
        self._running.add(call.key)
        try:
            return await self._before(call.request, call.choice) or self._once(call)
        finally:
            self._running.discard(call.key)

    def _once(self, call: "_Call") -> "_Done":
        work = self._background.work(_origin(call.request))
        kept = None if call.key is None else self._account.kept(call.key, work.now)
        if kept is not None:
            answer = self._answer(call, self._account.thing(kept.made), call.route.repeated)
            return _Done(work=work, answer=answer)
        thing = self._do(work, call)
        if call.key is not None:
            lasts = self._terms.order_ids_last if call.route.of_order else self._terms.payment_ids_last
            work.put(Kept(key=call.key, until=work.now + lasts, made=thing.id))
        work.commit()
        if call.choice is not None and call.choice.how is How.ERROR_AFTER_DEED:
            return _Done(work=work, answer=self._fault(call.request, faults.of_status(500)))
        return _Done(work=work, answer=self._answer(call, thing, call.route.status))

    def _do(self, work: Work, call: "_Call") -> Thing:
        """Do it; what a refusal has changed (a declined order waits for its buyer again) is put on record."""
        try:
            return call.route.do(work, call.request.match_info.get("id", ""), call.given, self._terms)
        except faults.Fault:
            work.commit()
            raise

    def _answer(self, call: "_Call", thing: Thing, status: int) -> web.Response:
        if call.route.call == "create" and isinstance(thing, Order) and thing.wallet:
            status = 200  # the vendor's answer to an order that names its source
        if "return=representation" in call.request.headers.get("Prefer", ""):
            return self._json(status, operations.full(self._account, thing))
        if call.route.brief_status is not None:
            return web.Response(status=call.route.brief_status, headers=self._headers())
        return self._json(status, call.route.brief(self._account, thing))

    async def _announce(self, work: Work, choice: Choice | None) -> None:
        self._background.take_note(work)
        first = choice is not None and choice.how is How.WEBHOOK_FIRST
        for event in work.events:
            if first:
                await self._background.courier.deliver_at_once(event)
            else:
                self._background.courier.send(event, choice)

    async def _announce_by_buyer(self, request: web.Request, work: Work) -> None:
        await self._announce(work, self._choice(request, "approve"))

    async def _misbehaving(
        self, request: web.Request, operation: str, answer: Callable[[], web.Response]
    ) -> web.StreamResponse:
        choice = self._choice(request, operation)
        return await self._before(request, choice) or await after(choice, answer(), request=request)

    async def _before(self, request: web.Request, choice: Choice | None) -> web.StreamResponse | None:
        def fault(status: int) -> web.StreamResponse:
            answer = self._fault(request, faults.of_status(status))
            if status == 429:
                answer.headers["Retry-After"] = "1"
            return answer

        return await before(choice, request=request, clock=self._clock, fault=fault)

    def _choice(self, request: web.Request, operation: str, *, key: str | None = None) -> Choice | None:
        """What goes wrong with this call: as its header, its buyer or a switch asks for, in this order."""
        header = request.headers.get(HEADER)
        if header is not None:
            try:
                return Choice.parse(header)
            except ValueError as error:
                raise faults.invalid("INVALID_PARAMETER_VALUE", field=HEADER, value=str(error)) from error
        wish = self._wish_of_buyer(request, operation, key)
        return wish or self._switches.take(self.name, operation)

    def _wish_of_buyer(self, request: web.Request, operation: str, key: str | None) -> Choice | None:
        """A misbehaving buyer's operation goes wrong once for each key, so that trying again helps."""
        if operation not in buyers.MISBEHAVING:
            return None
        order = self._account.order_of(request.match_info.get("id", ""))
        wish = None if order is None or order.buyer is None else order.buyer.misbehave
        subject = key or (order.id if order else "")
        if wish is None or wish[0] != operation or (subject, operation) in self._spent:
            return None
        self._spent.add((subject, operation))
        return Choice(how=How(wish[1]))

    def _authorise(self, request: web.Request) -> None:
        if not tokens.is_valid(self._background.work(), request):
            raise faults.unauthorised()

    async def _unknown(self, request: web.Request) -> web.StreamResponse:
        return self._fault(request, faults.Fault(404))

    @web.middleware
    async def _answer_faults(self, request: web.Request, handler: Any) -> web.StreamResponse:
        try:
            answer: web.StreamResponse = await handler(request)
        except faults.Fault as fault:
            answer = self._fault(request, fault)
        return answer

    def _fault(self, request: web.Request, fault: faults.Fault) -> web.Response:
        debug_id = self._background.debug_id()
        return self._json(fault.status, fault.body(debug_id, request.get(_CALL, "")), debug_id)

    def _json(self, status: int, body: Mapping[str, Any], debug_id: str | None = None) -> web.Response:
        headers = {"Content-Type": "application/json", **self._headers(debug_id)}
        return web.Response(status=status, body=_ENCODE(body), headers=headers)

    def _headers(self, debug_id: str | None = None) -> dict[str, str]:
        return {"Paypal-Debug-Id": debug_id or self._background.debug_id()}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """A call that has been read."""

    request: web.Request
    route: _Route
    key: str | None
    given: Given
    choice: Choice | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """The deed is done and on record; its answer is not sent yet."""

    work: Work
    answer: web.Response


def _origin(request: web.Request) -> str:
    """Where the caller found us, with the prefix in front of the vendor's paths."""
    return f"{request.scheme}://{request.host}{request.path.partition('/v2/')[0]}"
