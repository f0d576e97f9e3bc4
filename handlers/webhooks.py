"""What gateways tell us: verified, stored once, and answered; the payment actor looks for itself.

Stored first, acknowledged after. An event for a payment of which we have no row yet needs nothing more than
that: the answer to the authorisation itself brings the payment's state, and our own polls follow it.
"""

import logging
from collections.abc import Mapping
from types import MappingProxyType

from aiohttp import web

from bookingd.domain.ids import PaymentId
from bookingd.gateways.port import GatewayNotice, GatewayStatus, InvalidNotice
from bookingd.messages.envelope import SYSTEM
from bookingd.messages.payments import RefreshPayment
from bookingd.storage import payments
from bookingd.storage.payments import PaymentStatus
from bookingd.storage.transactions import Transaction
from handlers.bodies import read_body
from handlers.errors import Problem, not_found
from handlers.parts import PARTS
from handlers.principals import origin_of
from handlers.reply import json_reply
from handlers.views import View

log = logging.getLogger(__name__)


_BEYOND = frozenset(
    {PaymentStatus.AUTHORISED, PaymentStatus.CAPTURED, PaymentStatus.REFUNDED, PaymentStatus.VOIDED}
)

OLD_NEWS: Mapping[GatewayStatus, frozenset[PaymentStatus]] = MappingProxyType(
    {
        GatewayStatus.PENDING: frozenset(PaymentStatus),
        GatewayStatus.REQUIRES_ACTION: _BEYOND | {PaymentStatus.REQUIRES_ACTION},
        GatewayStatus.AUTHORISED: _BEYOND,
        GatewayStatus.CAPTURED: frozenset({PaymentStatus.CAPTURED, PaymentStatus.REFUNDED}),
        GatewayStatus.VOIDED: frozenset({PaymentStatus.VOIDED}),
        GatewayStatus.DECLINED: frozenset({PaymentStatus.FAILED}),
    }
)
"""What an event tells -> the states of our row in which we know that or better. Most events only repeat
what the answer to our own call has told; looking each time would double the calls to the gateway.
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
    body = await read_body(request)
    try:
        notice = gateway.read_notice(request.headers, body)
    except InvalidNotice as error:
        log.warning("a webhook for %s was refused: %s", name, error)
        raise Problem("bad-signature", "This event is not signed as one of the gateway's.") from error
    async with request.app[PARTS].transactions.begin() as transaction:
        await _store(request, transaction, name, notice)
    return json_reply(Received())


async def _store(request: web.Request, transaction: Transaction, gateway: str, notice: GatewayNotice) -> None:
    payment_id = await _about(transaction, gateway, notice)
    new = await payments.receive_webhook(
        transaction.connection,
        gateway=gateway,
        event_id=notice.event_id,
        kind=notice.kind,
        payment_id=payment_id,
        now=transaction.now,
    )
    if new and payment_id is not None:
        await refresh(request, transaction, payment_id, told=notice.status)


async def _about(transaction: Transaction, gateway: str, notice: GatewayNotice) -> PaymentId | None:
    """Our payment: a refund's event names the gateway's object only."""
    if notice.payment_id is not None or notice.gateway_reference is None:
        return notice.payment_id
    row = await payments.at_gateway(
        transaction.connection, gateway=gateway, reference=notice.gateway_reference
    )
    return None if row is None else row.id


async def refresh(
    request: web.Request,
    transaction: Transaction,
    payment_id: PaymentId,
    *,
    told: GatewayStatus | None = None,
) -> None:
    """Have the payment actor look at a payment that we know, unless what was `told` is old news."""
    row = await payments.load(transaction.connection, payment_id=payment_id)
    if row is not None and not (told and row.state in OLD_NEWS[told]):
        message = RefreshPayment(payment_id=row.id, booking_id=row.booking_id)
        transaction.send(message, origin=origin_of(request, SYSTEM))
