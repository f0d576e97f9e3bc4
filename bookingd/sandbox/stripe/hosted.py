"""The pages of the vendor's that payers see: 3-D Secure, Checkout, and the frame of the Payment Element.

The one rule: a page opens to who has its secret, and works without script (but for the Element itself).
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web
from msgspec.structs import replace

from bookingd.sandbox import pages
from bookingd.sandbox.stripe import cards, checkout, faults, payments, wire
from bookingd.sandbox.stripe.account import Account, Work
from bookingd.sandbox.stripe.background import Background
from bookingd.sandbox.stripe.calls import methods, sessions
from bookingd.sandbox.stripe.pages import bank, element, pay
from bookingd.sandbox.stripe.params import Params
from bookingd.sandbox.stripe.performing import Performer
from bookingd.sandbox.stripe.records import PaymentIntent, PaymentMethod


class HostedPages:
    """Routes of pages, and what is clicked on them."""

    def __init__(self, background: Background, performer: Performer) -> None:
        self._background = background
        self._performer = performer
        self._account: Account = background.account

    def add_to(self, app: web.Application) -> None:
        app.router.add_get("/redirect/authenticate/{id}", self._ask)
        app.router.add_post("/redirect/authenticate/{id}", self._take_outcome)
        app.router.add_get("/c/pay/{id}", self._show_checkout)
        app.router.add_post("/c/pay/{id}", self._pay)
        app.router.add_get("/c/back/{id}", self._come_back)
        app.router.add_get("/js/v3/", self._script)
        app.router.add_get("/js/v3/element", self._frame)
        app.router.add_get("/js/v3/element.js", self._frame_script)

    # 3-D Secure

    async def _ask(self, request: web.Request) -> web.StreamResponse:
        intent = self._intent_of_payer(request)
        if intent.status != "requires_action":
            return _leave(intent)
        method = self._account.methods[intent.payment_method or ""]
        return pages.respond(bank.question(intent, method.card))

    async def _take_outcome(self, request: web.Request) -> web.StreamResponse:
        intent, form = self._intent_of_payer(request), await _form(request)
        if intent.status == "requires_action" and form.get("outcome") in {"complete", "fail"}:
            end = payments.authenticated if form["outcome"] == "complete" else payments.not_authenticated
            await self._do(request, "authenticate", lambda work: end(work, intent))
        return _leave(self._account.intents[intent.id])

    def _intent_of_payer(self, request: web.Request) -> PaymentIntent:
        intent = self._account.intents.get(request.match_info["id"])
        if intent is None or request.query.get("client_secret") != intent.client_secret:
            raise faults.no_such("payment_intent", request.match_info["id"], param="intent")
        return intent

    # Checkout

    async def _show_checkout(self, request: web.Request) -> web.StreamResponse:
        session = sessions.of(self._background.work(), request.match_info["id"])
        return pages.respond(pay.over(session) if session.status != "open" else pay.form(session))

    async def _pay(self, request: web.Request) -> web.StreamResponse:
        session, form = sessions.of(self._background.work(), request.match_info["id"]), await _form(request)
        if session.status != "open":
            return pages.respond(pay.over(session))
        try:
            method = self._typed(form)
        except faults.Fault as fault:
            return pages.respond(pay.form(session, told=fault.error.message))
        await self._do(
            request,
            "confirm",
            lambda work: checkout.attempt(work, session, method, f"{work.origin}/c/back/{session.id}"),
        )
        return self._after(session.id)

    def _typed(self, form: dict[str, str]) -> PaymentMethod:
        month, _, year = form.get("expiry", "").partition("/")
        printed = {"number": form.get("number"), "cvc": form.get("cvc")}
        expiry = {"exp_month": month.strip(), "exp_year": year.strip()}
        given = {
            "type": "card",
            "card": {name: value for name, value in (printed | expiry).items() if value},
            "billing_details": {"name": form.get("name"), "email": form.get("email")},
        }
        wallet = form.get("wallet")
        if wallet in methods.WALLETS:
            work = self._background.work()
            card = replace(cards.good(work.at), wallet=wallet)
            return PaymentMethod(id=work.new_id("pm"), created=work.now, card=card, billing_details={})
        return methods.described(self._background.work(), Params(given))

    async def _come_back(self, request: web.Request) -> web.StreamResponse:
        """From 3-D Secure."""
        session = sessions.of(self._background.work(), request.match_info["id"])
        await self._do(request, "confirm", lambda work: checkout.completed(work, session.id))
        return self._after(session.id)

    def _after(self, session_id: str) -> web.StreamResponse:
        """Where the payer goes on: to the bank, to the merchant, or to another attempt."""
        session = self._account.sessions[session_id]
        intent = self._account.intents[session.intent or ""]
        if session.status == "complete":
            return _see(session.success_url.replace("{CHECKOUT_SESSION_ID}", session.id))
        if intent.action_url is not None:
            return _see(intent.action_url)
        told = intent.last_error.message if intent.last_error else "The payment was not made."
        return pages.respond(pay.form(session, told=told))

    # The Payment Element

    async def _script(self, _request: web.Request) -> web.StreamResponse:
        return wire.script(element.script())

    async def _frame(self, _request: web.Request) -> web.StreamResponse:
        return pages.respond(element.frame(), policy=element.POLICY)

    async def _frame_script(self, _request: web.Request) -> web.StreamResponse:
        return wire.script(element.frame_script())

    async def _do(self, request: web.Request, operation: str, change: Callable[[Work], Any]) -> None:
        work = self._background.work(origin=wire.page_origin(request))
        change(work)
        work.commit()
        await self._performer.announce(work, self._performer.choice(request, operation))


async def _form(request: web.Request) -> dict[str, str]:
    return dict(parse_qsl((await request.read()).decode("utf-8", "replace")))


def _see(url: str) -> web.Response:
    return web.Response(status=303, headers={"Location": url})


def _leave(intent: PaymentIntent) -> web.StreamResponse:
    if intent.return_url is None:
        return pages.respond(bank.over())
    good = intent.status in checkout.CONFIRMED
    answer = {
        "payment_intent": intent.id,
        "payment_intent_client_secret": intent.client_secret,
        "redirect_status": "succeeded" if good else "failed",
    }
    return _see(pages.with_query(intent.return_url, answer))
