"""PayPal's webhooks, read: whether PayPal sent them to us and lately, and what they are about.

The one rule: an event is a reason to look, never the truth; and one that is not PayPal's to this webhook is
not even that.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import msgspec

from bookingd.domain.ids import PaymentId
from bookingd.gateways.paypal_certificates import Transmission
from bookingd.gateways.paypal_orders import Thing, our_id, time
from bookingd.gateways.port import GatewayNotice, GatewayStatus, InvalidNotice

NOTICES = (
    "CHECKOUT.ORDER.APPROVED",
    "CHECKOUT.PAYMENT-APPROVAL.REVERSED",
    "PAYMENT.AUTHORIZATION.CREATED",
    "PAYMENT.AUTHORIZATION.VOIDED",
    "PAYMENT.CAPTURE.COMPLETED",
    "PAYMENT.CAPTURE.PENDING",
    "PAYMENT.CAPTURE.DECLINED",
    "PAYMENT.CAPTURE.DENIED",
    "PAYMENT.CAPTURE.REFUNDED",
    "PAYMENT.CAPTURE.REVERSED",
    "PAYMENT.REFUND.PENDING",
    "PAYMENT.REFUND.FAILED",
    "CUSTOMER.DISPUTE.CREATED",
    "CUSTOMER.DISPUTE.UPDATED",
    "CUSTOMER.DISPUTE.RESOLVED",
)
"""The events that a webhook for bookingd is to be subscribed to; others are acknowledged unread."""

OLDEST = timedelta(days=3, hours=1)
"""PayPal repeats an event for three days, and does not say whether a repetition is signed anew: one that is
not must still count on the third day. What is played again meanwhile is known by its id and changes nothing.
"""

AHEAD = timedelta(minutes=5)
"""How far PayPal's clock may be ahead of ours."""

LONGEST_WORD = 255

_STATUS = {
    ("PAYMENT.AUTHORIZATION.CREATED", "CREATED"): GatewayStatus.AUTHORISED,
    ("PAYMENT.CAPTURE.COMPLETED", "COMPLETED"): GatewayStatus.CAPTURED,
}
"""What of an event, with the status of what it is about, tells where the payment stood."""

_NO_EVENT = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError, AttributeError)
"""What reading a body raises that is something else than an event."""

Headers: TypeAlias = Mapping[str, str]


class Event:
    """A signed event, and what can be read of it."""

    def __init__(self, body: bytes) -> None:
        """Raises InvalidNotice for what is no event."""
        try:
            told = msgspec.json.decode(body, type=dict[str, Any])
            self.id, self.kind = _word(told["id"]), _word(told["event_type"])
            self.thing: Thing = told["resource"]
            self._unit: Thing = (self.thing.get("purchase_units") or [{}])[0]
            self._disputed: Thing = (self.thing.get("disputed_transactions") or [{}])[0]
            self._unit.get("custom_id"), self._disputed.get("custom")
        except (*_NO_EVENT, IndexError) as error:
            raise InvalidNotice("signed, but not an event", reason="unreadable") from error

    @property
    def is_followed(self) -> bool:
        """Whether it may tell us anything; a webhook may be subscribed to more than it need be."""
        return self.kind in NOTICES

    @property
    def payment_id(self) -> PaymentId | None:
        """Our own id, where the event carries it."""
        given = (self.thing.get("custom_id"), self._unit.get("custom_id"), self._disputed.get("custom"))
        return next((found for one in given if (found := our_id(one))), None)

    @property
    def disputed_capture(self) -> str | None:
        """The capture that a dispute is about."""
        found = self._disputed.get("seller_transaction_id")
        return found if isinstance(found, str) else None

    @property
    def merchants(self) -> set[str]:
        """Whose money it is about, where the event says so."""
        payees = (self.thing.get("payee"), self._unit.get("payee"), self._disputed.get("seller"))
        found = (one.get("merchant_id") for one in payees if isinstance(one, Mapping))
        return {one for one in found if isinstance(one, str)}

    def notice(self, payment_id: PaymentId | None) -> GatewayNotice:
        """In the port's words. Raises InvalidNotice where ids are none."""
        try:
            order, dispute = self._order(), self.thing.get("dispute_id")
        except _NO_EVENT as error:
            raise InvalidNotice("signed, but not an event", reason="unreadable") from error
        return GatewayNotice(
            event_id=self.id,
            kind=self.kind,
            gateway_reference=None if order is None else _word(order),
            payment_id=payment_id,
            status=_STATUS.get((self.kind, str(self.thing.get("status")))),
            dispute=None if dispute is None else _word(dispute),
        )

    def _order(self) -> object:
        """The order is the event's own thing, or named by it."""
        if self.kind.startswith("CHECKOUT."):
            return self.thing.get("order_id") or self.thing.get("id")
        related = (self.thing.get("supplementary_data") or {}).get("related_ids") or {}
        named = related.get("order_id") if isinstance(related, Mapping) else None
        return named or self._order_above()

    def _order_above(self) -> str | None:
        """Older authorisations name their order by a link only."""
        links = (link.get("href") for link in self.thing.get("links") or () if link.get("rel") == "up")
        return next((href.rpartition("/")[2] for href in links if "/checkout/orders/" in href), None)


def transmission(headers: Headers) -> Transmission:
    """What came beside an event. Raises InvalidNotice where something is missing."""
    given = {name.lower(): value for name, value in headers.items()}
    try:
        return Transmission(
            id=given["paypal-transmission-id"],
            time=given["paypal-transmission-time"],
            signature=given["paypal-transmission-sig"],
            certificate_url=given["paypal-cert-url"],
            algorithm=given["paypal-auth-algo"],
        )
    except KeyError as error:
        raise InvalidNotice(f"without the header {error}") from error


def refuse_old(sent: Transmission, now: datetime) -> None:
    """Raises InvalidNotice for what was signed long ago, or ahead of time."""
    try:
        at = time(sent.time)
    except ValueError:
        at = None
    if at is None:
        raise InvalidNotice("the time of its transmission is none")
    if not now - OLDEST <= at <= now + AHEAD:
        raise InvalidNotice(f"transmitted {(now - at).total_seconds():.0f} s ago", reason="too_old")


def _word(given: object) -> str:
    """An id or a kind as PayPal makes them; what is stored is not to be of any other sort."""
    if isinstance(given, str) and 0 < len(given) <= LONGEST_WORD and given.isascii() and given.isprintable():
        return given
    raise InvalidNotice("signed, but its ids are none", reason="unreadable")
