"""Means of payment that an account has agreed to have kept: seen, and forgotten when it says so.

The one rule: from the answer on nothing is charged by it any more; that the gateway forgets it too follows.
"""

from collections.abc import Iterable
from uuid import UUID

from aiohttp import web

from bookingd.domain.ids import PaymentId
from bookingd.messages.envelope import Origin
from bookingd.messages.payments import ForgetMeans
from bookingd.storage import payment_means
from bookingd.storage.payment_means import Revoked
from bookingd.storage.transactions import Transaction
from handlers.accounts.changes import account_of
from handlers.accounts.trail import record
from handlers.errors import not_found
from handlers.gate import who_of
from handlers.parts import PARTS
from handlers.paying.option_views import KeptView, kept_view
from handlers.principals import origin_of
from handlers.reply import json_reply
from handlers.views import View


class PaymentMeans(View, frozen=True, kw_only=True):
    """What is kept, the last first."""

    means: tuple[KeptView, ...]


async def list_means(request: web.Request) -> web.Response:
    """What the account may be charged by."""
    parts = request.app[PARTS]
    async with parts.database.connection() as connection:
        kept = await payment_means.of_owner(connection, owner=who_of(request).principal)
    now = parts.sources.clock.now()
    return json_reply(PaymentMeans(means=tuple(kept_view(one, now) for one in kept)))


async def forget_means(request: web.Request) -> web.Response:
    """The consent is taken back."""
    parts, who = request.app[PARTS], who_of(request)
    async with parts.transactions.begin() as transaction:
        revoked = await payment_means.revoke(
            transaction.connection,
            owner=who.principal,
            payment_id=_payment_id(request),
            now=transaction.now,
        )
        if not revoked:
            raise not_found()
        origin = origin_of(request, who.acting)
        have_forgotten(transaction, revoked, origin)
        record(
            transaction,
            parts.sources,
            origin,
            account=account_of(request),
            action="account.payment_means_revoked",
            details={"payment": str(revoked[0].payment_id)},
        )
    return web.Response(status=204)


def have_forgotten(transaction: Transaction, revoked: Iterable[Revoked], origin: Origin) -> None:
    """Have the gateways told."""
    for one in revoked:
        message = ForgetMeans(payment_id=one.payment_id, booking_id=one.booking_id, gateway=one.gateway)
        transaction.send(message, origin=origin)


def _payment_id(request: web.Request) -> PaymentId:
    try:
        return PaymentId(UUID(request.match_info["means_id"]))
    except ValueError as error:
        raise not_found() from error
