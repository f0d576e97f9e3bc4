"""PayPal's orders, authorisations, captures and refunds, as the payment that they are to us.

The one rule: an order lists what became of it; what we know of besides (an authorisation that replaced
another, a capture of this moment) is laid over that list, and the newest of each kind counts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

from bookingd.domain.declines import DeclineReason
from bookingd.domain.ids import IntentId, PaymentId
from bookingd.domain.money import Money, total
from bookingd.gateways.paypal_amounts import ours
from bookingd.gateways.port import GatewayPayment, GatewayStatus, Means, Refund

Thing: TypeAlias = Mapping[str, Any]
"""An object of PayPal's as it came: fields that we do not know are let be."""

REFUND_TAKES = timedelta(days=30)
"""A card can take so long to show a refund; a PayPal balance has it at once (PayPal's help, "Where is my
refund?", read 2026-11).
"""

_TAKEN = frozenset({"COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED"})
NOT_TAKEN = frozenset({"DECLINED", "FAILED"})
"""Statuses of a capture that brought nothing."""

_HOLDS_NOTHING = frozenset({"VOIDED", "EXPIRED", "DENIED"})

_ORDER = {
    "CREATED": GatewayStatus.REQUIRES_ACTION,
    "PAYER_ACTION_REQUIRED": GatewayStatus.REQUIRES_ACTION,
    "APPROVED": GatewayStatus.APPROVED,
    "VOIDED": GatewayStatus.VOIDED,
}
_AUTHORISATION = {
    "CREATED": GatewayStatus.AUTHORISED,
    "PENDING": GatewayStatus.IN_REVIEW,
    "DENIED": GatewayStatus.DECLINED,
    "VOIDED": GatewayStatus.VOIDED,
    "EXPIRED": GatewayStatus.VOIDED,
}
_HELD = frozenset({GatewayStatus.AUTHORISED, GatewayStatus.IN_REVIEW})
_REFUND = {"COMPLETED": "done", "FAILED": "failed", "CANCELLED": "failed"}

_APPROVAL_LINKS = ("payer-action", "approve")


@dataclass(frozen=True, slots=True)
class Reference:
    """What a payment is called at PayPal: `ORDER`, `ORDER/AUTHORISATION` or `ORDER/AUTHORISATION/CAPTURE`."""

    order: str
    authorisation: str = ""
    capture: str = ""

    @classmethod
    def parse(cls, text: str) -> "Reference":
        order, authorisation, capture = [*text.split("/", 2), "", ""][:3]
        return cls(order, authorisation, capture)

    def __str__(self) -> str:
        return "/".join(part for part in (self.order, self.authorisation, self.capture) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """All that is known of a payment; lists from the oldest to the newest."""

    order: Thing
    unit: Thing
    authorisations: Sequence[Thing]
    captures: Sequence[Thing] = field(default=())
    refunds: Sequence[Thing] = field(default=())

    @property
    def authorisation(self) -> Thing | None:
        """The newest."""
        return self.authorisations[-1] if self.authorisations else None

    @property
    def capture(self) -> Thing | None:
        """The newest, unless the money was held anew after PayPal had failed to take it."""
        if not self.captures:
            return None
        capture, held = self.captures[-1], self.authorisation
        if capture["status"] in NOT_TAKEN and held is not None and _age(held) > _age(capture):
            return None
        return capture

    @property
    def voidable(self) -> Thing | None:
        """What a void is asked of: the oldest that still holds. PayPal voids what was authorised first, and
        with it what renewed it ("a reauthorized payment cannot be voided": void its parent).
        """
        return next((one for one in self.authorisations if one["status"] not in _HOLDS_NOTHING), None)

    @property
    def reference(self) -> Reference:
        return Reference(self.order["id"], _id(self.authorisation), _id(self.capture))

    def beside(self, *, authorisation: Thing | None = None, capture: Thing | None = None) -> "Picture":
        """The same with what PayPal has just told of besides."""
        return replace(
            self,
            authorisations=_laid_over(self.authorisations, authorisation),
            captures=_laid_over(self.captures, capture),
        )

    def lacks(self, known: Reference) -> Reference:
        """Of what we know the parts that the order does not list."""
        listed = {one["id"] for one in (*self.authorisations, *self.captures)}
        return Reference(
            "",
            "" if known.authorisation in listed else known.authorisation,
            "" if known.capture in listed else known.capture,
        )


def picture(order: Thing) -> Picture:
    """Of an order in full."""
    unit = order["purchase_units"][0]
    payments = unit.get("payments") or {}
    return Picture(
        order=order,
        unit=unit,
        authorisations=_laid_over(payments.get("authorizations") or (), None),
        captures=_laid_over(payments.get("captures") or (), None),
        refunds=_laid_over(payments.get("refunds") or (), None),
    )


def is_whole(order: Thing) -> bool:
    """Whether an answer is an order in full: the shortest say nothing of its amount."""
    units = order.get("purchase_units")
    return isinstance(units, list) and bool(units) and isinstance(units[0], Mapping) and "amount" in units[0]


def payment(seen: Picture) -> GatewayPayment:
    """The payment in the port's words."""
    amount = ours(seen.unit["amount"])
    status = _status(seen)
    held = seen.authorisation
    return GatewayPayment(
        gateway_reference=str(seen.reference),
        payment_id=payment_id(seen.unit),
        status=status,
        amount=amount,
        captured=_sum((one for one in seen.captures if one["status"] in _TAKEN), amount.currency),
        refunded=_sum((one for one in seen.refunds if refund_status(one) != "failed"), amount.currency),
        action_url=approval_url(seen.order) if status is GatewayStatus.REQUIRES_ACTION else None,
        # PayPal says why only when it refuses a call: what it denies later comes without a reason.
        decline_reason=DeclineReason.DECLINED if status is GatewayStatus.DECLINED else None,
        authorised_until=time(held.get("expiration_time")) if held and status in _HELD else None,
        means=_means(seen.order),
    )


def refund(thing: Thing) -> Refund:
    """A refund in the port's words."""
    made = time(thing.get("create_time"))
    status = refund_status(thing)
    return Refund(
        gateway_reference=thing["id"],
        amount=ours(thing["amount"]),
        status=status,
        trace=thing.get("acquirer_reference_number"),
        expected_by=made + REFUND_TAKES if made and status != "failed" else None,
        failure=_reason(thing, thing["status"].lower()) if status == "failed" else None,
    )


def refund_status(thing: Thing) -> str:
    """`pending`, `done` or `failed`."""
    return _REFUND.get(thing["status"], "pending")


def note_of_refund(payment: PaymentId | None, key: IntentId) -> str:
    """Our own id of a refund at PayPal: the payment, so that PayPal's reports tell it, and the intent."""
    return f"{payment}.{key}" if payment else str(key)


def is_refund_of(thing: Thing, key: IntentId) -> bool:
    """Whether this intent asked for it."""
    return str(thing.get("custom_id") or "").rpartition(".")[2] == str(key)


def payment_id(thing: Thing) -> PaymentId | None:
    """Our own id, of whatever of ours carries it."""
    return our_id(thing.get("custom_id"))


def our_id(note: object) -> PaymentId | None:
    """Our own id in a `custom_id`, of a payment or of a refund; None for another's."""
    try:
        return PaymentId(UUID(note.partition(".")[0])) if isinstance(note, str) else None
    except ValueError:
        return None


def approval_url(order: Thing) -> str | None:
    """Where the payer decides."""
    links = {link.get("rel"): link.get("href") for link in order.get("links") or ()}
    return next((links[name] for name in _APPROVAL_LINKS if links.get(name)), None)


def time(text: object) -> datetime | None:
    """An instant as PayPal writes it; None for none."""
    if not isinstance(text, str):
        return None
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else None


def _status(seen: Picture) -> GatewayStatus:
    if seen.capture is not None:
        return _status_of_capture(seen.capture)
    if seen.authorisation is not None:
        # A status that is new to us is not the end of anything: it is read again.
        return _AUTHORISATION.get(seen.authorisation["status"], GatewayStatus.PENDING)
    return _ORDER.get(seen.order["status"], GatewayStatus.PENDING)


def _status_of_capture(capture: Thing) -> GatewayStatus:
    """Of one that is pending (an electronic cheque, a review) nothing is in hand, and its call is not over:
    PayPal says in the end whether it took the money.
    """
    if capture["status"] in _TAKEN:
        return GatewayStatus.CAPTURED
    return GatewayStatus.DECLINED if capture["status"] in NOT_TAKEN else GatewayStatus.PENDING


def _reason(thing: Thing, otherwise: str) -> str:
    return str((thing.get("status_details") or {}).get("reason") or otherwise).lower()


def _means(order: Thing) -> Means | None:
    """Who pays, as they know it themselves; the account's id is the same for the same payer."""
    payer = (order.get("payment_source") or {}).get("paypal") or {}
    email, account = payer.get("email_address"), payer.get("account_id")
    if not email and not account:
        return None
    return Means(kind="paypal", label=f"PayPal {_shortened(str(email or ''))}".strip(), fingerprint=account)


def _shortened(email: str) -> str:
    """`a…l@example.org`: enough for who it is, and little for anybody else."""
    name, at, host = email.rpartition("@")
    return f"{name[:1]}…{name[-1:]}{at}{host}" if at and name else ""


def _laid_over(listed: Sequence[Thing], news: Thing | None) -> Sequence[Thing]:
    """From the oldest to the newest, what is new in place of what it is news of."""
    others = [one for one in listed if news is None or one["id"] != news["id"]]
    return sorted([*others, *([news] if news else [])], key=_age)


def _age(thing: Thing) -> datetime:
    """Of the same second the later in the list is the newer."""
    return time(thing.get("create_time")) or datetime.min.replace(tzinfo=UTC)


def _sum(things: Iterable[Thing], currency: str) -> Money:
    return total((ours(one["amount"]) for one in things), currency)


def _id(thing: Thing | None) -> str:
    return str(thing["id"]) if thing else ""
