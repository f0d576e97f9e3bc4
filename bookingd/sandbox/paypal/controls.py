"""What a test or a curious person can make happen at this stand-in, below `/_sandbox/paypal`:

    POST /orders/{id}/approve        {"payer": "anna.vogel@example.org", "instrument": "balance"}, or nothing
    POST /orders/{id}/reverse        its approval is taken back
    DELETE /tokens                   all bearer tokens are good for nothing

The one rule: what happens is what would happen at the vendor, with the same events.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

import msgspec
from aiohttp import web
from msgspec.structs import replace

from bookingd.sandbox.paypal import buyers, faults, orders
from bookingd.sandbox.paypal.account import Work
from bookingd.sandbox.paypal.background import Background
from bookingd.sandbox.paypal.records import Buyer

_Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _Approval(msgspec.Struct, forbid_unknown_fields=True):
    payer: str = buyers.SOMEBODY
    instrument: str | None = None


def routes(background: Background) -> Sequence[web.RouteDef]:
    """Handlers by path, below `/_sandbox/paypal`."""
    controls = _Controls(background)
    return (
        web.post("/orders/{id}/approve", _plain(controls.approve)),
        web.post("/orders/{id}/reverse", _plain(controls.reverse)),
        web.delete("/tokens", _plain(controls.revoke)),
    )


class _Controls:
    def __init__(self, background: Background) -> None:
        self._background = background
        self._account = background.account

    async def approve(self, request: web.Request) -> web.StreamResponse:
        """The buyer says yes, without a browser."""
        order = self._account.order(request.match_info["id"])
        buyer = _buyer(await request.read())
        if order.status not in orders.OPEN:
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

    async def revoke(self, _request: web.Request) -> web.StreamResponse:
        """All tokens are good for nothing."""

        def end(work: Work) -> None:
            for token in list(self._account.tokens.values()):
                work.put(replace(token, expires=work.now))

        self._background.by_itself(end)
        return web.Response(status=204)


def _buyer(body: bytes) -> Buyer:
    try:
        wish = msgspec.json.decode(body or b"{}", type=_Approval)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error
    email = wish.payer if wish.instrument is None else buyers.with_tag(wish.payer, wish.instrument)
    buyer = buyers.buyer(email)
    if buyer is None:
        raise ValueError(f"{email}: no address, or an unknown tag; there are {', '.join(buyers.INSTRUMENTS)}")
    return buyer


def _plain(handle: _Handler) -> _Handler:
    """Answer what is wrong in plain JSON: these addresses are ours."""

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handle(request)
        except faults.Fault as fault:
            return web.json_response({"error": str(fault)}, status=fault.status)
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)

    return answer
