"""What a test or a curious person can make happen at this stand-in, below `/_sandbox/stripe`:

    POST /payment_intents/{id}/authenticate   {"outcome": "complete"} or "fail": 3-D Secure without a browser
    POST /payment_intents/{id}/dispute        {"reason": "fraudulent", "inquiry": false}, or nothing
    POST /checkout_sessions/{id}/pay          {"payment_method": "pm_card_visa"}, or nothing
    POST /disputes/{id}/resolve               {"outcome": "won"} or "lost"
    POST /reviews/{id}/refuse                 the money goes back
    POST /clock                               {"forward_seconds": 604800}: it is seven days later

The one rule: what happens is what would happen at the vendor, with the same events.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Literal

import msgspec
from aiohttp import web

from bookingd.sandbox.control import Forward, Handler, plain, wish_of
from bookingd.sandbox.stripe import checkout, disputes, faults, payments, refunds, settling
from bookingd.sandbox.stripe.account import Work
from bookingd.sandbox.stripe.background import Background
from bookingd.sandbox.stripe.calls import intents, methods, sessions, troubles
from bookingd.sandbox.stripe.records import Charge


class _Outcome(msgspec.Struct, forbid_unknown_fields=True):
    outcome: Literal["complete", "fail"]


class _Complaint(msgspec.Struct, forbid_unknown_fields=True):
    reason: Literal["fraudulent", "product_not_received", "duplicate", "credit_not_processed", "general"] = (
        "fraudulent"
    )
    inquiry: bool = False


class _Decision(msgspec.Struct, forbid_unknown_fields=True):
    outcome: Literal["won", "lost"]


class _Means(msgspec.Struct, forbid_unknown_fields=True):
    payment_method: str = "pm_card_visa"


def routes(background: Background) -> Sequence[web.RouteDef]:
    """Handlers by path, below `/_sandbox/stripe`."""
    controls = _Controls(background)
    return (
        web.post("/payment_intents/{id}/authenticate", _plain(controls.authenticate)),
        web.post("/payment_intents/{id}/dispute", _plain(controls.dispute)),
        web.post("/checkout_sessions/{id}/pay", _plain(controls.pay)),
        web.post("/disputes/{id}/resolve", _plain(controls.resolve)),
        web.post("/reviews/{id}/refuse", _plain(controls.refuse)),
        web.post("/clock", _plain(controls.put_clock_forward)),
    )


class _Controls:
    def __init__(self, background: Background) -> None:
        self._background = background
        self._account = background.account

    async def authenticate(self, request: web.Request) -> web.StreamResponse:
        """The payer proves who they are, or does not."""
        intent = intents.of(self._background.work(), request.match_info["id"])
        wish = await wish_of(request, _Outcome)
        settling.require(intent, ("requires_action",), "authenticated")
        end = payments.authenticated if wish.outcome == "complete" else payments.not_authenticated
        return self._do(lambda work: {"status": end(work, intent).status})

    async def dispute(self, request: web.Request) -> web.StreamResponse:
        """The holder of the card wants the money back."""
        intent = intents.of(self._background.work(), request.match_info["id"])
        wish = await wish_of(request, _Complaint)
        charge = self._account.charges.get(intent.latest_charge or "")
        if charge is None or not disputes.can_be_opened(charge):
            raise faults.invalid("there is nothing to dispute")
        return self._do(
            lambda work: {"dispute": disputes.begin(work, charge, wish.reason, inquiry=wish.inquiry).id}
        )

    async def pay(self, request: web.Request) -> web.StreamResponse:
        """The payer is done with the page of Checkout."""
        session = sessions.of(self._background.work(), request.match_info["id"])
        wish = await wish_of(request, _Means)
        checkout.require_open(session, "paid")

        def pay(work: Work) -> dict[str, str]:
            # The page's own address is where 3-D Secure leads back to.
            back = (session.url or "").replace("/c/pay/", "/c/back/")
            checkout.attempt(work, session, methods.of(work, wish.payment_method), back)
            return {"status": work.account.sessions[session.id].status}

        return self._do(pay)

    async def resolve(self, request: web.Request) -> web.StreamResponse:
        """A dispute is decided, whatever was said in it."""
        dispute = troubles.dispute_of(self._background.work(), request.match_info["id"])
        wish = await wish_of(request, _Decision)
        return self._do(
            lambda work: {"status": disputes.resolve(work, dispute, won=wish.outcome == "won").status}
        )

    async def refuse(self, request: web.Request) -> web.StreamResponse:
        """A person found something wrong: what is held is released, what was taken is given back."""
        review = troubles.review_of(self._background.work(), request.match_info["id"])
        charge = self._account.charges[review.charge]
        return self._do(lambda work: _give_back(work, charge))

    async def put_clock_forward(self, request: web.Request) -> web.StreamResponse:
        """It is later."""
        wish = await wish_of(request, Forward)
        self._background.put_clock_forward(timedelta(seconds=wish.forward_seconds))
        return web.json_response({"now": self._background.clock.now().isoformat()})

    def _do(self, change: Callable[[Work], dict[str, str]]) -> web.Response:
        return web.json_response(self._background.by_itself(change))


def _give_back(work: Work, charge: Charge) -> dict[str, str]:
    if charge.captured:
        refunds.refund(work, charge, None, "fraudulent", {})
    else:
        settling.cancel(work, work.account.intents[charge.intent], "fraudulent")
    return {"status": work.account.intents[charge.intent].status}


def _plain(handle: Handler) -> Handler:
    return plain(handle, lambda error: error.status if isinstance(error, faults.Fault) else None)
