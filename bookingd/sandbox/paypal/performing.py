"""How a call is done: what its request id says, and what goes wrong with it on purpose.

The one rule: a call with a PayPal-Request-Id has one effect, whatever happens to the connection; its
repetition is answered with what has become of that.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from bookingd.sandbox.misbehaviour import HEADER, Choice, How, Switches, after, before
from bookingd.sandbox.paypal import buyers, faults, operations, wire
from bookingd.sandbox.paypal.account import Work
from bookingd.sandbox.paypal.background import Background
from bookingd.sandbox.paypal.given import Given
from bookingd.sandbox.paypal.records import Kept, Order, Thing
from bookingd.sandbox.paypal.routes import Route
from bookingd.sandbox.paypal.terms import Terms
from bookingd.sources import Clock

LONGEST_KEY = 108
"""Of a PayPal-Request-Id (API description)."""

MOCK = "PayPal-Mock-Response"
"""The vendor's own switch in its sandbox: `{"mock_application_codes": "INSTRUMENT_DECLINED"}`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """A call that has been read."""

    request: web.Request
    route: Route
    key: str | None
    given: Given
    choice: Choice | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """The deed is done and on record; its answer is not sent yet."""

    work: Work
    answer: web.Response


class Performer:
    """Does calls, as well or as badly as is asked for."""

    def __init__(
        self,
        name: str,
        background: Background,
        written: wire.Wire,
        *,
        clock: Clock,
        switches: Switches,
        terms: Terms,
    ) -> None:
        self._name = name
        self._background = background
        self._account = background.account
        self._wire = written
        self._clock = clock
        self._switches = switches
        self._terms = terms
        self._running: set[str] = set()
        self._spent: set[tuple[str, str]] = set()

    async def perform(self, request: web.Request, route: Route) -> web.StreamResponse:
        """The way of a call that changes something: answered again, refused while the first runs, or done."""
        call = await self._read(request, route)
        done = await self._alone(call)
        if not isinstance(done, _Done):
            return done
        await self.announce(done.work, call.choice)
        return await after(call.choice, done.answer, request=request)

    async def answer(
        self, request: web.Request, operation: str, answer: Callable[[], web.Response]
    ) -> web.StreamResponse:
        """The way of a call that needs no request id."""
        choice = self.choice(request, operation)
        return await self._before(request, choice) or await after(choice, answer(), request=request)

    async def change(
        self, request: web.Request, operation: str, do: Callable[[Work], web.Response]
    ) -> web.StreamResponse:
        """The same for one that changes something."""
        choice = self.choice(request, operation)
        instead = await self._before(request, choice)
        if instead is not None:
            return instead
        work = self._background.work(wire.origin(request))
        answer = do(work)
        work.commit()
        await self.announce(work, choice)
        return await after(choice, answer, request=request)

    async def announce(self, work: Work, choice: Choice | None) -> None:
        """Tell of what a work has done, as wrongly as `choice` says."""
        self._background.take_note(work)
        first = choice is not None and choice.how is How.WEBHOOK_FIRST
        for event in work.events:
            if first:
                await self._background.courier.deliver_at_once(event)
            else:
                self._background.courier.send(event, choice)

    async def _read(self, request: web.Request, route: Route) -> _Call:
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
        choice = self.choice(request, route.name, key=key)
        return _Call(request=request, route=route, key=key, given=given, choice=choice)

    async def _alone(self, call: _Call) -> "web.StreamResponse | _Done":
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

    def _once(self, call: _Call) -> _Done:
        work = self._background.work(wire.origin(call.request))
        kept = None if call.key is None else self._account.kept(call.key, work.now)
        if kept is not None:
            thing = self._account.thing(kept.made)
            return _Done(work=work, answer=self._answer(call, thing, call.route.repeated))
        thing = self._do(work, call)
        if call.key is not None:
            lasts = self._terms.order_ids_last if call.route.of_order else self._terms.payment_ids_last
            work.put(Kept(key=call.key, until=work.now + lasts, made=thing.id))
        work.commit()
        if call.choice is not None and call.choice.how is How.ERROR_AFTER_DEED:
            return _Done(work=work, answer=self._wire.fault(call.request, faults.of_status(500)))
        return _Done(work=work, answer=self._answer(call, thing, call.route.status))

    def _do(self, work: Work, call: _Call) -> Thing:
        """Do it; what a refusal has changed (a declined order waits for its buyer again) is put on record."""
        _mock(call.request)
        try:
            return call.route.do(work, call.request.match_info.get("id", ""), call.given, self._terms)
        except faults.Fault:
            work.commit()
            self._background.take_note(work)
            raise

    def _answer(self, call: _Call, thing: Thing, status: int) -> web.Response:
        if call.route.call == "create" and isinstance(thing, Order) and thing.wallet:
            status = 200  # the vendor's answer to an order that names its source
        if "return=representation" in call.request.headers.get("Prefer", ""):
            return self._wire.json(status, operations.full(self._account, thing))
        if call.route.brief_status is not None:
            return self._wire.nothing(call.route.brief_status)
        return self._wire.json(status, call.route.brief(self._account, thing))

    async def _before(self, request: web.Request, choice: Choice | None) -> web.StreamResponse | None:
        def fault(status: int) -> web.StreamResponse:
            answer = self._wire.fault(request, faults.of_status(status))
            if status == 429:
                answer.headers["Retry-After"] = "1"
            return answer

        return await before(choice, request=request, clock=self._clock, fault=fault)

    def choice(self, request: web.Request, operation: str, *, key: str | None = None) -> Choice | None:
        """What goes wrong with this call: as its header, its buyer or a switch asks for, in this order."""
        header = request.headers.get(HEADER)
        if header is not None:
            try:
                return Choice.parse(header)
            except ValueError as error:
                raise faults.invalid("INVALID_PARAMETER_SYNTAX", field=HEADER, value=str(error)) from error
        wish = self._wish_of_buyer(request, operation, key)
        return wish or self._switches.take(self._name, operation)

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


def _mock(request: web.Request) -> None:
    """Refuse with the issue that the vendor's own switch names."""
    header = request.headers.get(MOCK)
    if header is None:
        return
    try:
        wish = json.loads(header)
        issue = wish["mock_application_codes"]
    except (ValueError, KeyError, TypeError) as error:
        raise faults.invalid("INVALID_PARAMETER_SYNTAX", field=MOCK, value=header) from error
    raise faults.forbidden() if issue == "PERMISSION_DENIED" else faults.refused(str(issue))
