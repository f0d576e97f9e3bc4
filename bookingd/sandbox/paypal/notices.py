"""Webhooks over HTTP: the certificate that proves them, whether one is genuine, and all that were told.

The one rule: an event is shown as it was sent.
"""

from collections.abc import Iterator

from aiohttp import web

from bookingd.sandbox.paypal import faults, render, webhooks, wire
from bookingd.sandbox.paypal.authority import signed_text
from bookingd.sandbox.paypal.background import Background
from bookingd.sandbox.paypal.given import Given
from bookingd.sandbox.paypal.performing import Performer
from bookingd.sandbox.paypal.records import Event

_ROOT = "/v1/notifications"
_PAGE = 10
_LARGEST_PAGE = 1500


class Notices:
    """`/v1/notifications`."""

    def __init__(self, background: Background, performer: Performer, written: wire.Wire) -> None:
        self._background = background
        self._performer = performer
        self._wire = written

    def add_to(self, router: web.UrlDispatcher) -> None:
        router.add_get(f"{_ROOT}/certs/{{name}}", self._certificate)
        router.add_post(f"{_ROOT}/verify-webhook-signature", self._verify)
        router.add_get(f"{_ROOT}/webhooks-events", self._list)
        router.add_get(f"{_ROOT}/webhooks-events/{{id}}", self._show)
        router.add_post(f"{_ROOT}/webhooks-events/{{id}}/resend", self._resend)

    async def _certificate(self, request: web.Request) -> web.StreamResponse:
        def answer() -> web.Response:
            authority = self._background.authority
            if request.match_info["name"] != authority.name:
                raise faults.Fault(404)
            return web.Response(body=authority.chain, content_type="application/x-pem-file")

        return await self._performer.answer(request, "certificate", answer)

    async def _verify(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()

        def answer() -> web.Response:
            genuine = self._is_genuine(Given.parse(body, malformed="MALFORMED_REQUEST_JSON"))
            return self._wire.json(200, {"verification_status": "SUCCESS" if genuine else "FAILURE"})

        return await self._performer.answer(request, "verify", answer)

    def _is_genuine(self, given: Given) -> bool:
        """Whether an event came from us. The event is looked up: what was sent is known to the byte."""
        told = given.group("webhook_event")
        if not told.values:
            raise given.missing("webhook_event")
        names = (
            "auth_algo",
            "cert_url",
            "transmission_id",
            "transmission_sig",
            "transmission_time",
            "webhook_id",
        )
        algorithm, _, transmission, signature, time, webhook_id = (
            given.required(name, longest=500) for name in names
        )
        event = self._find(told.text("id") or "")
        if event is None or algorithm != webhooks.ALGORITHM or webhook_id != self._background.webhook_id:
            return False
        if told.values != render.event(event):
            return False
        signed = signed_text(transmission, time, webhook_id, webhooks.body(event))
        return self._background.authority.verify(signature, signed)

    async def _list(self, request: web.Request) -> web.StreamResponse:
        def answer() -> web.Response:
            found = [render.event(each) for each in self._wanted(request)]
            return self._wire.json(200, {"events": found, "count": len(found), "links": []})

        return await self._performer.answer(request, "list", answer)

    def _wanted(self, request: web.Request) -> Iterator[Event]:
        query = request.query
        kind, thing = query.get("event_type"), query.get("transaction_id")
        size = query.get("page_size", str(_PAGE))
        if not size.isascii() or not size.isdigit() or not 1 <= int(size) <= _LARGEST_PAGE:
            raise faults.invalid("INVALID_PARAMETER_VALUE", field="page_size", value=size)
        fits = (
            event
            for event in self._background.account.newest_events()
            if kind in {None, event.type} and thing in {None, event.resource.get("id")}
        )
        return (event for event, _ in zip(fits, range(int(size)), strict=False))

    async def _show(self, request: web.Request) -> web.StreamResponse:
        def answer() -> web.Response:
            return self._wire.json(200, render.event(self._named(request)))

        return await self._performer.answer(request, "retrieve", answer)

    async def _resend(self, request: web.Request) -> web.StreamResponse:
        def answer() -> web.Response:
            event = self._named(request)
            self._background.courier.send(event)
            return self._wire.json(202, render.event(event))

        return await self._performer.answer(request, "resend", answer)

    def _named(self, request: web.Request) -> Event:
        event = self._find(request.match_info["id"])
        if event is None:
            raise faults.no_such("event_id", request.match_info["id"])
        return event

    def _find(self, event_id: str) -> Event | None:
        events = self._background.account.newest_events()
        return next((event for event in events if event.id == event_id), None)
