"""What gateways tell us: verified, stored once, and answered; the payment actor looks for itself.

Stored first, acknowledged after. With an event for a payment of which we have no row yet, a timer is stored
that looks for the payment, so that the event is applied when the row is there, whoever dies meanwhile.
"""

import logging

from aiohttp import web

from bookingd.gateways.port import InvalidNotice
from bookingd.messages.envelope import SYSTEM
from bookingd.outcomes import Unavailable
from handlers.bodies import read_body
from handlers.errors import Problem, not_found
from handlers.parts import PARTS
from handlers.principals import origin_of
from handlers.receipts import Receipts, Told
from handlers.reply import json_reply
from handlers.views import View

log = logging.getLogger(__name__)

RECEIPTS = web.AppKey("receipts", Receipts)

VERIFY_AGAIN_AFTER = 30
"""Seconds after which to send an event again whose signing certificate cannot be had."""


UNREAD, UNVERIFIED = "too_large", "not_now"
"""Why an event was not taken, besides what a gateway's adapter says: too many bytes, or they broke off; what
it has to be verified with is away.
"""


class Received(View, frozen=True, kw_only=True):
    """The event is stored."""

    received: bool = True


async def receive(request: web.Request) -> web.Response:
    """Take in a gateway's event; the same one again is acknowledged and changes nothing."""
    name = request.match_info["gateway"]
    gateway = request.app[PARTS].gateways.get(name)
    if gateway is None:
        raise not_found()
    refused = request.app[PARTS].metrics.webhooks_refused
    try:
        body = await read_body(request)
    except Problem:
        refused.labels(name, UNREAD).inc()
        raise
    try:
        notice = await gateway.read_notice(request.headers, body)
    except InvalidNotice as error:
        refused.labels(name, error.reason).inc()
        log.warning("a webhook for %s was refused: %s", name, error)
        raise Problem("bad-signature", "This event is not signed as one of the gateway's.") from error
    except Unavailable as error:
        refused.labels(name, UNVERIFIED).inc()
        log.warning("a webhook of %s cannot be verified now: %s", name, error)
        later = {"Retry-After": str(VERIFY_AGAIN_AFTER)}
        raise Problem("unavailable", "The event cannot be verified at the moment.", headers=later) from error
    if notice is not None:
        told = Told(gateway=name, notice=notice, origin=origin_of(request, SYSTEM))
        await request.app[RECEIPTS].submit(told)
    return json_reply(Received())
