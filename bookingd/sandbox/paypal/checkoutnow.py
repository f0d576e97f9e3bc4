"""The vendor's page over HTTP: it is shown, the buyer decides, the browser goes back to the merchant.

The one rule: an address opened twice, or too late, decides nothing twice.
"""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from aiohttp import web

from bookingd.sandbox import pages
from bookingd.sandbox.paypal import buyers, orders, page
from bookingd.sandbox.paypal.background import Background
from bookingd.sandbox.paypal.performing import Performer
from bookingd.sandbox.paypal.records import Order


class Checkout:
    """`/checkoutnow?token=ORDER`."""

    def __init__(self, background: Background, performer: Performer) -> None:
        self._background = background
        self._performer = performer

    def add_to(self, router: web.UrlDispatcher) -> None:
        router.add_get("/checkoutnow", self._show)
        router.add_post("/checkoutnow", self._take)

    async def _show(self, request: web.Request) -> web.StreamResponse:
        order = self._order(request)
        if order is None or not self._background.waits_for_buyer(order):
            return self._leave(order)
        return _question(order)

    async def _take(self, request: web.Request) -> web.StreamResponse:
        order = self._order(request)
        if order is None or not self._background.waits_for_buyer(order):
            return self._leave(order)
        form = dict(parse_qsl((await request.read()).decode("utf-8", "replace")))
        if form.get("decision") == "cancel":
            return _go(order.cancel_url, {"token": order.id}) or _over(order)
        return await self._approve(request, order, form)

    async def _approve(
        self, request: web.Request, order: Order, form: Mapping[str, str]
    ) -> web.StreamResponse:
        email, instrument = form.get("email", buyers.SOMEBODY), form.get("instrument", buyers.GOOD)
        buyer = buyers.buyer(email if instrument == buyers.GOOD else buyers.with_tag(email, instrument))
        if buyer is None:
            return _question(order, wrong="This is no e-mail address, or its tag is unknown.", email=email)
        work = self._background.work(order.origin)
        order = orders.approve(work, order, buyer)
        work.commit()
        await self._performer.announce(work, self._performer.choice(request, "approve"))
        return self._leave(order)

    def _leave(self, order: Order | None) -> web.StreamResponse:
        """Back to the merchant when there is something to go back for."""
        if order is None or order.buyer is None or order.status == "VOIDED":
            return _over(order)
        back = {"token": order.id, "PayerID": order.buyer.payer_id}
        return _go(order.return_url, back) or _over(order)

    def _order(self, request: web.Request) -> Order | None:
        return self._background.account.orders.get(request.query.get("token", ""))


def _go(url: str | None, values: Mapping[str, str]) -> web.StreamResponse | None:
    if url is None:
        return None
    return web.Response(status=303, headers={"Location": pages.with_query(url, values)})


def _question(order: Order, *, wrong: str = "", email: str = buyers.SOMEBODY) -> web.StreamResponse:
    text = page.question(order, wrong=wrong, email=email)
    policy = pages.going_to(order.return_url, order.cancel_url)
    return pages.respond(text, policy=policy, status=422 if wrong else 200)


def _over(order: Order | None) -> web.StreamResponse:
    return pages.respond(page.over(order), status=404 if order is None else 200)
