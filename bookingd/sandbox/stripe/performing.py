"""How a call is performed: what its idempotency key says, what goes wrong on purpose, who hears of it.

The one rule: a POST with a key has one effect and one answer, whatever happens to the connection.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bookingd.sandbox.misbehaviour import HEADER, Choice, How, Switches, after, before
from bookingd.sandbox.stripe import faults, wire, wishes
from bookingd.sandbox.stripe.account import Work
from bookingd.sandbox.stripe.background import Background
from bookingd.sandbox.stripe.calls.routes import Route
from bookingd.sandbox.stripe.params import Params, parse
from bookingd.sandbox.stripe.records import Answer, Kept, PaymentMethod
from bookingd.sources import Clock

LONGEST_KEY = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """A POST that has been read."""

    request: web.Request
    route: Route
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


class Performer:
    """Does what calls ask of the account."""

    def __init__(self, background: Background, *, name: str, switches: Switches, clock: Clock) -> None:
        self._background = background
        self._account = background.account
        self._name = name
        self._switches = switches
        self._clock = clock
        self._running: set[str] = set()
        self._spent: set[tuple[str, str]] = set()

    async def perform(self, request: web.Request, route: Route) -> web.StreamResponse:
        """The way of a POST: replayed, refused while the first is running, or done."""
        call = await self._call(request, route)
        done = await self._alone(call)
        if not isinstance(done, _Done):
            return done
        await self.announce(done.work, call.choice)
        return await after(call.choice, done.answer, request=call.request)

    async def show(
        self, request: web.Request, operation: str, read: Callable[[], web.Response]
    ) -> web.StreamResponse:
        """The way of a GET."""
        choice = self.choice(request, operation)
        return await self._before(request, choice) or await after(choice, read(), request=request)

    async def _call(self, request: web.Request, route: Route) -> _Call:
        text = (await request.read()).decode("utf-8", "replace")
        given, key = parse(text), request.headers.get("Idempotency-Key") or None
        if key is not None and len(key) > LONGEST_KEY:
            raise faults.invalid(f"Idempotency keys must be at most {LONGEST_KEY} characters.")
        token = given.get("payment_method") or given.get("confirmation_token")
        choice = self.choice(request, route.name, key=key, token=token)
        return _Call(request=request, route=route, key=key, text=text, given=given, choice=choice)

    async def _alone(self, call: _Call) -> "web.StreamResponse | _Done":
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

    def _once(self, call: _Call) -> _Done:
        request_id = self._background.request_id()
        work = self._background.work(request_id=request_id, key=call.key, origin=wire.origin(call.request))
        kept = None if call.key is None else self._account.kept(call.key, work.now)
        if kept is not None:
            return _Done(work=work, answer=_replay(call, kept))
        answer = _do(work, call)
        if call.choice is not None and call.choice.how is How.ERROR_AFTER_DEED:
            answer = Answer(thing=faults.of_status(500).error, status=500)
        if call.key is not None:
            work.put(_kept(call, call.key, work.now, request_id, answer))
        work.commit()
        return _Done(work=work, answer=wire.respond(call.request, answer, request_id))

    async def announce(self, work: Work, choice: Choice | None) -> None:
        """Send what happened to the webhook, as wrongly as `choice` says."""
        self._background.take_note(work)
        first = choice is not None and choice.how is How.WEBHOOK_FIRST
        for event in work.events:
            if first:
                await self._background.courier.deliver_at_once(event)
            else:
                self._background.courier.send(event, choice)

    async def _before(self, request: web.Request, choice: Choice | None) -> web.StreamResponse | None:
        def fault(status: int) -> web.StreamResponse:
            return wire.fault_of(request, status, self._background.request_id())

        return await before(choice, request=request, clock=self._clock, fault=fault)

    def choice(
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
        return wish or self._switches.take(self._name, operation)

    def _wish_of_card(
        self, request: web.Request, operation: str, key: str | None, token: Any
    ) -> Choice | None:
        """A misbehaving card does so once for each key, so that trying again helps."""
        intent = self._account.intents.get(request.match_info.get("id", ""))
        method = self._account.methods.get(intent.payment_method or "") if intent else self._behind(token)
        wish = method.misbehave if method else wishes.wish_of(token)
        subject = key or (intent.id if intent else None)
        if wish is None or wish[0] != operation or subject is None or (subject, operation) in self._spent:
            return None
        self._spent.add((subject, operation))
        return Choice(how=How(wish[1]))

    def _behind(self, token: Any) -> PaymentMethod | None:
        """The payment method of a confirmation token."""
        found = self._account.tokens.get(token) if isinstance(token, str) else None
        return None if found is None else found.method


def _do(work: Work, call: _Call) -> Answer:
    try:
        return call.route.do(work, call.request.match_info.get("id", ""), Params(call.given))
    except faults.Fault as fault:
        if not fault.kept:
            raise
        return Answer(thing=fault.error, status=fault.status)


def _replay(call: _Call, kept: Kept) -> web.Response:
    if kept.endpoint != call.request.path:
        raise faults.other_endpoint(kept.key, kept.endpoint)
    if kept.digest != call.digest():
        raise faults.other_parameters(kept.key)
    response = wire.respond(call.request, kept.answer, kept.request_id)
    response.headers["Idempotent-Replayed"] = "true"
    response.headers["Original-Request"] = kept.request_id
    return response


def _kept(call: _Call, key: str, now: int, request_id: str, answer: Answer) -> Kept:
    return Kept(
        key=key,
        created=now,
        endpoint=call.request.path,
        digest=call.digest(),
        request_id=request_id,
        answer=answer,
    )
