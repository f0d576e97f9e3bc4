"""What a test or a curious person can make happen at this stand-in, below `/_sandbox/paypal`:

    POST /orders/{id}/approve        {"payer": "anna.vogel@example.org", "instrument": "balance"}, or nothing
    POST /orders/{id}/reverse        its approval is taken back
    POST /captures/{id}/dispute      {"reason": "UNAUTHORISED"}, or nothing
    POST /captures/{id}/reverse      what is left of it is taken back against the merchant's will
    POST /disputes/{id}/resolve      {"outcome": "won"} or "lost"
    POST /clock                      {"forward_seconds": 345600}: it is four days later
    DELETE /tokens                   all bearer tokens are good for nothing

The one rule: what happens is what would happen at the vendor, with the same events.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

import msgspec
from aiohttp import web
from msgspec.structs import replace

from bookingd.sandbox.control import Forward, Handler, plain, wish_of
from bookingd.sandbox.paypal import buyers, disputes, faults, orders, payments, render
from bookingd.sandbox.paypal.account import Work
from bookingd.sandbox.paypal.background import Background
from bookingd.sandbox.paypal.records import Buyer


class _Approval(msgspec.Struct, forbid_unknown_fields=True):
    payer: str = buyers.SOMEBODY
    instrument: str | None = None


class _Complaint(msgspec.Struct, forbid_unknown_fields=True):
    reason: str = disputes.REASONS[0]


class _Decision(msgspec.Struct, forbid_unknown_fields=True):
    outcome: Literal["won", "lost"]


def routes(background: Background) -> Sequence[web.RouteDef]:
    """Handlers by path, below `/_sandbox/paypal`."""
    controls = _Controls(background)
    return (
        web.post("/orders/{id}/approve", _plain(controls.approve)),
        web.post("/orders/{id}/reverse", _plain(controls.reverse)),
        web.post("/captures/{id}/dispute", _plain(controls.dispute)),
        web.post("/captures/{id}/reverse", _plain(controls.reverse_capture)),
        web.post("/disputes/{id}/resolve", _plain(controls.resolve)),
        web.post("/clock", _plain(controls.put_clock_forward)),
        web.delete("/tokens", _plain(controls.revoke)),
    )


class _Controls:
    def __init__(self, background: Background) -> None:
        self._background = background
        self._account = background.account

    async def approve(self, request: web.Request) -> web.StreamResponse:
        """The buyer says yes, without a browser."""
        order = self._account.order(request.match_info["id"])
        buyer = _buyer(await wish_of(request, _Approval))
        if not self._background.waits_for_buyer(order):
            return web.json_response({"error": f"the order is {order.status}"}, status=409)
        self._background.by_itself(lambda work: orders.approve(work, order, buyer))
        return web.json_response({"token": order.id, "PayerID": buyer.payer_id})

    async def reverse(self, request: web.Request) -> web.StreamResponse:
        """The approval is taken back."""
        order = self._account.order(request.match_info["id"])
        if order.status != "APPROVED":
            return web.json_response({"error": f"the order is {order.status}"}, status=409)
        self._background.by_itself(lambda work: orders.void(work, order))
        return web.Response(status=204)

    async def dispute(self, request: web.Request) -> web.StreamResponse:
        """The buyer wants a capture's money back."""
        capture, wish = self._account.capture(request.match_info["id"]), await wish_of(request, _Complaint)
        self._background.by_itself(lambda work: disputes.begin(work, capture, reason=wish.reason))
        found = self._account.open_dispute_of(capture.id)
        return web.json_response({"dispute_id": "" if found is None else found.id})

    async def reverse_capture(self, request: web.Request) -> web.StreamResponse:
        """What is left of a capture is taken back."""
        capture = self._account.capture(request.match_info["id"])
        if capture.status not in payments.GOT:
            return web.json_response({"error": f"the capture is {capture.status}"}, status=409)
        self._background.by_itself(lambda work: disputes.reverse(work, capture))
        return web.Response(status=204)

    async def resolve(self, request: web.Request) -> web.StreamResponse:
        """A dispute is decided, whatever state it is in."""
        dispute, wish = self._account.dispute(request.match_info["id"]), await wish_of(request, _Decision)
        self._background.by_itself(lambda work: disputes.resolve(work, dispute, won=wish.outcome == "won"))
        return web.Response(status=204)

    async def put_clock_forward(self, request: web.Request) -> web.StreamResponse:
        """It is later."""
        wish = await wish_of(request, Forward)
        self._background.put_clock_forward(timedelta(seconds=wish.forward_seconds))
        return web.json_response({"now": render.time(self._background.clock.now())})

    async def revoke(self, _request: web.Request) -> web.StreamResponse:
        """All tokens are good for nothing."""

        def end(work: Work) -> None:
            for token in list(self._account.tokens.values()):
                work.put(replace(token, expires=work.now))

        self._background.by_itself(end)
        return web.Response(status=204)


def _buyer(wish: _Approval) -> Buyer:
    email = wish.payer if wish.instrument is None else buyers.with_tag(wish.payer, wish.instrument)
    buyer = buyers.buyer(email)
    if buyer is None:
        raise ValueError(f"{email}: no address, or an unknown tag; there are {', '.join(buyers.INSTRUMENTS)}")
    return buyer


def _plain(handle: Handler) -> Handler:
    return plain(handle, lambda error: error.status if isinstance(error, faults.Fault) else None)
