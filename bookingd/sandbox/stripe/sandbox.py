"""The stand-in for Stripe over HTTP: who calls, what the idempotency key says, what goes wrong on purpose.

The one rule: a POST with a key has one effect and one answer, whatever happens to the connection.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from bookingd.sandbox.misbehaviour import HEADER, Choice, How, Switches, after, before
from bookingd.sandbox.stripe import faults, lists, operations, page, payments, wire
from bookingd.sandbox.stripe.account import Work
from bookingd.sandbox.stripe.background import Background
from bookingd.sandbox.stripe.params import Params, parse
from bookingd.sandbox.stripe.records import Answer, Kept, PaymentIntent
from bookingd.sources import Chance, Clock, Ids

SECRET_KEY = "sk_test_sandbox"  # noqa: S105 - opens nothing but this stand-in
PUBLISHABLE_KEY = "pk_test_sandbox"
WEBHOOK_SECRET = "whsec_sandbox"  # noqa: S105 - signs nothing but what this stand-in sends

LARGEST_BODY = 64 * 1024
LONGEST_KEY = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class _Route:
    """A call: its name in misbehaviour switches, what it does, and whether a browser may make it."""

    name: str
    do: operations.Operation
    publishable: bool = False


_POSTS = {
    "/v1/payment_intents": _Route(name="authorise", do=operations.create_payment_intent),
    "/v1/payment_intents/{id}/confirm": _Route(name="confirm", do=operations.confirm_payment_intent),
    "/v1/payment_intents/{id}/capture": _Route(name="capture", do=operations.capture_payment_intent),
    "/v1/payment_intents/{id}/cancel": _Route(name="cancel", do=operations.cancel_payment_intent),
    "/v1/payment_methods": _Route(
        name="payment_method", do=operations.create_payment_method, publishable=True
    ),
    "/v1/refunds": _Route(name="refund", do=operations.create_refund),
}

_GETS = {
    "/v1/payment_intents/{id}": _Route(name="retrieve", do=operations.read_payment_intent, publishable=True),
    "/v1/payment_methods/{id}": _Route(name="retrieve", do=operations.read_payment_method),
    "/v1/refunds/{id}": _Route(name="retrieve", do=operations.read_refund),
    "/v1/charges/{id}": _Route(name="retrieve", do=operations.read_charge),
}

_LISTS = {
    "/v1/payment_intents": lists.payment_intents,
    "/v1/refunds": lists.refunds,
    "/v1/events": lists.events,
}


class StripeSandbox:
    """Speaks PaymentIntents, PaymentMethods, Refunds, Charges and Events; see `bookingd.sandbox.server`."""

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
        self._clock = clock
        self._secret_key = secret_key
        self._publishable_key = publishable_key
        self._switches = switches or Switches()
        self._background = Background(
            clock=clock,
            ids=ids,
            chance=chance,
            directory=directory,
            webhook_url=webhook_url,
            webhook_secret=webhook_secret,
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
        """Per `metadata.payment_id`: payments, and what was authorised, captured and refunded, in units
        of the vendor.
        """
        return self._background.ledger()

    def app(self) -> web.Application:
        app = web.Application(client_max_size=LARGEST_BODY, middlewares=[self._answer_faults])
        for path, route in _POSTS.items():
            app.router.add_post(path, self._post(route))
        for path, read in _LISTS.items():
            app.router.add_get(path, self._list(read))
        for path, route in _GETS.items():
            app.router.add_get(path, self._get(route))
        app.router.add_get("/redirect/authenticate/{id}", self._show_page)
        app.router.add_post("/redirect/authenticate/{id}", self._take_outcome)
        app.router.add_route("*", "/{anything:.*}", self._unknown)
        return app

    def _post(self, route: _Route) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.StreamResponse:
            self._authorise(request, publishable=route.publishable)
            return await self._perform(await self._call(request, route))

        return handle

    def _get(self, route: _Route) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.StreamResponse:
            given = Params(parse(request.query_string))
            publishable = route.publishable and self._is_payer(request)
            self._authorise(request, publishable=publishable)

            def read() -> web.Response:
                work = self._background.work()
                answer = route.do(work, request.match_info["id"], given)
                return wire.respond(request, answer, self._background.request_id())

            return await self._misbehaving(request, route.name, read)

        return handle

    def _list(self, read: Callable[[Any, Params], dict[str, Any]]) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.StreamResponse:
            self._authorise(request, publishable=False)
            given = Params(parse(request.query_string))

            def answer() -> web.Response:
                return wire.as_json(request, 200, read(self._account, given), self._background.request_id())

            return await self._misbehaving(request, "list", answer)

        return handle

    async def _call(self, request: web.Request, route: _Route) -> "_Call":
        text = (await request.read()).decode("utf-8", "replace")
        given, key = parse(text), request.headers.get("Idempotency-Key") or None
        if key is not None and len(key) > LONGEST_KEY:
            raise faults.invalid(f"Idempotency keys must be at most {LONGEST_KEY} characters.")
        choice = self._choice(request, route.name, key=key, token=given.get("payment_method"))
        return _Call(request=request, route=route, key=key, text=text, given=given, choice=choice)

    async def _perform(self, call: "_Call") -> web.StreamResponse:
        """The way of a POST: replayed, refused while the first is running, or done."""
        done = await self._alone(call)
        if not isinstance(done, _Done):
            return done
        await self._announce(done.work, call.choice)
        return await after(call.choice, done.answer, request=call.request)

    async def _alone(self, call: "_Call") -> "web.StreamResponse | _Done":
        """Hold the key while the deed is done, so that the same call at the same time gets a 409."""
        if call.key is None:
            return await self._before(call.request, call.choice) or self._once(call)
        if call.key in self._running:
            raise faults.key_in_use(call.key)
        self._running.add(call.key)
        try:
            return await self._before(call.request, call.choice) or self._once(call)
        finally:
            self._running.discard(call.key)

    def _once(self, call: "_Call") -> "_Done":
        request_id = self._background.request_id()
        work = self._background.work(request_id=request_id, key=call.key, origin=wire.origin(call.request))
        kept = None if call.key is None else self._account.kept(call.key, work.now)
        if kept is not None:
            return _Done(work=work, answer=self._replay(call, kept))
        answer = self._do(work, call)
        if call.choice is not None and call.choice.how is How.ERROR_AFTER_DEED:
            answer = Answer(thing=faults.of_status(500).error, status=500)
        if call.key is not None:
            work.put(_kept(call, call.key, work.now, request_id, answer))
        work.commit()
        return _Done(work=work, answer=wire.respond(call.request, answer, request_id))

    def _do(self, work: Work, call: "_Call") -> Answer:
        try:
            return call.route.do(work, call.request.match_info.get("id", ""), Params(call.given))
        except faults.Fault as fault:
            if not fault.kept:
                raise
            return Answer(thing=fault.error, status=fault.status)

    def _replay(self, call: "_Call", kept: Kept) -> web.Response:
        if kept.endpoint != call.request.path:
            raise faults.other_endpoint(kept.key, kept.endpoint)
        if kept.digest != call.digest():
            raise faults.other_parameters(kept.key)
        response = wire.respond(call.request, kept.answer, kept.request_id)
        response.headers["Idempotent-Replayed"] = "true"
        response.headers["Original-Request"] = kept.request_id
        return response

    async def _announce(self, work: Work, choice: Choice | None) -> None:
        self._background.take_note(work)
        first = choice is not None and choice.how is How.WEBHOOK_FIRST
        for event in work.events:
            if first:
                await self._background.courier.deliver_at_once(event)
            else:
                self._background.courier.send(event, choice)

    async def _misbehaving(
        self, request: web.Request, operation: str, read: Callable[[], web.Response]
    ) -> web.StreamResponse:
        choice = self._choice(request, operation)
        return await self._before(request, choice) or await after(choice, read(), request=request)

    async def _before(self, request: web.Request, choice: Choice | None) -> web.StreamResponse | None:
        def fault(status: int) -> web.StreamResponse:
            return wire.fault_of(request, status, self._background.request_id())

        return await before(choice, request=request, clock=self._clock, fault=fault)

    def _choice(
        self, request: web.Request, operation: str, *, key: str | None = None, token: Any = None
    ) -> Choice | None:
        """What goes wrong with this call: as its header, its card or a switch asks for, in this order."""
        header = request.headers.get(HEADER)
        if header is not None:
            try:
                return Choice.parse(header)
            except ValueError as error:
                raise faults.invalid(f"{HEADER}: {error}") from error
        wish = self._wish_of_card(request, operation, key, token)
        return wish or self._switches.take(self.name, operation)

    def _wish_of_card(
        self, request: web.Request, operation: str, key: str | None, token: Any
    ) -> Choice | None:
        """A misbehaving card does so once for each key, so that trying again helps."""
        intent = self._account.intents.get(request.match_info.get("id", ""))
        method = self._account.methods.get(intent.payment_method or "") if intent else None
        wish = method.misbehave if method else operations.wish_of(token)
        subject = key or (intent.id if intent else None)
        if wish is None or wish[0] != operation or subject is None or (subject, operation) in self._spent:
            return None
        self._spent.add((subject, operation))
        return Choice(how=How(wish[1]))

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
        intent = self._account.intents.get(request.match_info["id"])
        return intent is not None and request.query.get("client_secret") == intent.client_secret

    async def _show_page(self, request: web.Request) -> web.StreamResponse:
        intent = self._intent_of_payer(request)
        if intent.status != "requires_action":
            return self._leave(intent)
        method = self._account.methods[intent.payment_method or ""]
        return wire.html(page.question(intent, method.card))

    async def _take_outcome(self, request: web.Request) -> web.StreamResponse:
        intent = self._intent_of_payer(request)
        form = dict(parse_qsl((await request.read()).decode("utf-8", "replace")))
        if intent.status == "requires_action" and form.get("outcome") in {"complete", "fail"}:
            work = self._background.work(origin=wire.origin(request))
            end = payments.authenticated if form["outcome"] == "complete" else payments.not_authenticated
            intent = end(work, intent)
            work.commit()
            await self._announce(work, self._choice(request, "authenticate"))
        return self._leave(intent)

    def _intent_of_payer(self, request: web.Request) -> PaymentIntent:
        intent = self._account.intents.get(request.match_info["id"])
        if intent is None or request.query.get("client_secret") != intent.client_secret:
            raise faults.no_such("payment_intent", request.match_info["id"], param="intent")
        return intent

    def _leave(self, intent: PaymentIntent) -> web.StreamResponse:
        if intent.return_url is None:
            return wire.html(page.over())
        good = intent.status in {"requires_capture", "succeeded"}
        answer = {
            "payment_intent": intent.id,
            "payment_intent_client_secret": intent.client_secret,
            "redirect_status": "succeeded" if good else "failed",
        }
        return web.Response(status=303, headers={"Location": wire.with_query(intent.return_url, answer)})

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """A POST that has been read."""

    request: web.Request
    route: _Route
    key: str | None
    text: str
    given: dict[str, Any]
    choice: Choice | None

    def digest(self) -> str:
        """What makes two calls with one key the same."""
        return hashlib.blake2b(self.text.encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """The deed is done and on record; its answer is not sent yet."""

    work: Work
    answer: web.Response


def _kept(call: _Call, key: str, now: int, request_id: str, answer: Answer) -> Kept:
    return Kept(
        key=key,
        created=now,
        endpoint=call.request.path,
        digest=call.digest(),
        request_id=request_id,
        answer=answer,
    )
