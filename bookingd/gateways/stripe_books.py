"""What Stripe's own books say: disputes, and movements of its balance, in our words."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from bookingd.domain.ids import PaymentId
from bookingd.gateways.port import Dispute, DisputeStatus, Posting, PostingKind
from bookingd.gateways.stripe_amounts import ours

_DISPUTES: Mapping[str, DisputeStatus] = MappingProxyType(
    {
        "needs_response": DisputeStatus.NEEDS_RESPONSE,
        "warning_needs_response": DisputeStatus.NEEDS_RESPONSE,
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
    """A dispute object."""
    due = (thing.get("evidence_details") or {}).get("due_by")
    return Dispute(
        gateway_reference=thing["id"],
        amount=ours(thing["amount"], thing["currency"]),
        reason=thing.get("reason") or "general",
        status=_DISPUTES.get(thing["status"], DisputeStatus.UNDER_REVIEW),
        respond_by=datetime.fromtimestamp(due, UTC) if due else None,
    )


def posting(thing: Mapping[str, Any]) -> Posting | None:
    """A balance transaction with its source; None for one that moves no payment's money."""
    source = thing.get("source")
    kind = _kind(thing)
    if kind is None or not isinstance(source, Mapping) or not source.get("payment_intent"):
        return None
    return Posting(
        kind=kind,
        gateway_reference=str(source["payment_intent"]),
        payment_id=_payment_id(source),
        amount=ours(abs(int(thing["amount"])), thing["currency"]),
        at=datetime.fromtimestamp(thing["created"], UTC),
        own_reference=source["id"],
    )


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
