"""What Stripe's own books say: disputes, and movements of its balance, in our words."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from bookingd.domain.ids import PaymentId
from bookingd.domain.money import Money
from bookingd.gateways.port import Dispute, DisputeStatus, Posting, PostingKind
from bookingd.gateways.stripe_amounts import ours

_DISPUTES: Mapping[str, DisputeStatus] = MappingProxyType(
    {
        "needs_response": DisputeStatus.NEEDS_RESPONSE,
        "warning_needs_response": DisputeStatus.INQUIRY,
        "warning_under_review": DisputeStatus.INQUIRY,
        "won": DisputeStatus.WON,
        "warning_closed": DisputeStatus.WON,
        "lost": DisputeStatus.LOST,
    }
)
"""What is not in here is being looked at."""

_MOVEMENTS: Mapping[str, PostingKind] = MappingProxyType(
    {
        "charge": PostingKind.CAPTURE,
        "payment": PostingKind.CAPTURE,
        "refund": PostingKind.REFUND,
        "payment_refund": PostingKind.REFUND,
        "refund_failure": PostingKind.REFUND_FAILED,
        "payment_failure_refund": PostingKind.REFUND_FAILED,
    }
)


def dispute(thing: Mapping[str, Any]) -> Dispute:
    """A dispute object. Of an inquiry that was answered nothing is waited for."""
    answered = thing["status"] == "warning_under_review"
    due = None if answered else (thing.get("evidence_details") or {}).get("due_by")
    return Dispute(
        gateway_reference=thing["id"],
        amount=ours(thing["amount"], thing["currency"]),
        reason=thing.get("reason") or "general",
        status=_DISPUTES.get(thing["status"], DisputeStatus.UNDER_REVIEW),
        respond_by=datetime.fromtimestamp(due, UTC) if due else None,
    )


def postings(movement: Mapping[str, Any]) -> Iterator[Posting]:
    """A balance transaction with its source, and what Stripe took for it; nothing for one that moves no
    payment's money.
    """
    source, kind = movement.get("source"), _kind(movement)
    if kind is None or not isinstance(source, Mapping) or not source.get("payment_intent"):
        return
    moved = Posting(
        kind=kind,
        gateway_reference=_id(source["payment_intent"]),
        payment_id=_payment_id(source),
        amount=_amount(source),
        at=datetime.fromtimestamp(movement["created"], UTC),
        own_reference=source["id"],
    )
    yield moved
    if int(movement.get("fee") or 0) > 0:
        fee = ours(int(movement["fee"]), movement["currency"])
        yield replace(moved, kind=PostingKind.FEE, amount=fee, own_reference=movement["id"])


def _amount(source: Mapping[str, Any]) -> Money:
    """What moved, in the payment's currency; the balance may be in another one. Of a charge what was
    captured of it.
    """
    moved = source["amount_captured"] if source.get("object") == "charge" else source["amount"]
    return ours(int(moved), source["currency"])


def _id(given: Any) -> str:
    return str(given["id"] if isinstance(given, Mapping) else given)


def _kind(thing: Mapping[str, Any]) -> PostingKind | None:
    """A dispute moves the balance as an adjustment: down when it begins, up when we win it."""
    if thing["type"] == "adjustment":
        return PostingKind.DISPUTE if int(thing["amount"]) < 0 else PostingKind.DISPUTE_WON
    return _MOVEMENTS.get(thing["type"])


def _payment_id(source: Mapping[str, Any]) -> PaymentId | None:
    try:
        return PaymentId(UUID((source.get("metadata") or {}).get("payment_id", "")))
    except ValueError:
        return None
