"""Disputes: a buyer wants money back, the merchant answers or does not, somebody decides.

    WAITING_FOR_SELLER_RESPONSE -> UNDER_REVIEW -> RESOLVED

Made from the vendor's public reference of Disputes v1, as far as a merchant's bookkeeping needs it.

The one rule: a lost dispute gives back what was left of the capture, once.
"""

from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from bookingd.sandbox.paypal import events, faults, refunds
from bookingd.sandbox.paypal.account import Work
from bookingd.sandbox.paypal.records import Capture, Dispute, Money, Refund

REASONS = (
    "MERCHANDISE_OR_SERVICE_NOT_RECEIVED",
    "MERCHANDISE_OR_SERVICE_NOT_AS_DESCRIBED",
    "UNAUTHORISED",
    "CREDIT_NOT_PROCESSED",
    "DUPLICATE_TRANSACTION",
    "INCORRECT_AMOUNT",
    "PAYMENT_BY_OTHER_MEANS",
    "CANCELED_RECURRING_BILLING",
    "PROBLEM_WITH_REMITTANCE",
    "OTHER",
)

ANSWER_WITHIN = timedelta(days=10)
"""How long a merchant has to answer a claim (guide "Disputes")."""

WINNING, LOSING = "winning_evidence", "losing_evidence"
"""Notes of an evidence that decide the case a moment later."""

FOR_SELLER, FOR_BUYER = "RESOLVED_SELLER_FAVOUR", "RESOLVED_BUYER_FAVOUR"


def begin(work: Work, capture: Capture, *, reason: str, amount: Money | None = None) -> Dispute:
    """The buyer disputes a capture. Raises ValueError where there is nothing to dispute."""
    left = capture.amount.units - capture.returned
    units = left if amount is None else amount.units
    if capture.status not in {"COMPLETED", "PARTIALLY_REFUNDED"} or not 0 < units <= left:
        raise ValueError(f"capture {capture.id} is {capture.status}: there is not so much to dispute")
    if reason not in REASONS:
        raise ValueError(f"there is no reason {reason!r}; there are {', '.join(REASONS)}")
    if work.account.open_dispute_of(capture.id) is not None:
        raise ValueError(f"capture {capture.id} is disputed already")
    dispute = Dispute(
        id=f"PP-R-{work.new_id(3)}-{work.new_id(8)}",
        capture=capture.id,
        amount=Money(capture.amount.currency, units),
        reason=reason,
        status="WAITING_FOR_SELLER_RESPONSE",
        created=work.now,
        updated=work.now,
        due=work.now + ANSWER_WITHIN,
    )
    work.put(dispute)
    events.dispute(work, "CREATED", dispute)
    return dispute


def provide_evidence(work: Work, dispute: Dispute, evidences: tuple[dict[str, Any], ...]) -> Dispute:
    """The merchant answers. Raises the vendor's refusal."""
    if dispute.status != "WAITING_FOR_SELLER_RESPONSE":
        raise faults.refused("ACTION_NOT_ALLOWED_IN_CURRENT_DISPUTE_STATE")
    dispute = replace(
        dispute,
        status="UNDER_REVIEW",
        due=None,
        evidences=(*dispute.evidences, *evidences),
        updated=work.now,
    )
    work.put(dispute)
    events.dispute(work, "UPDATED", dispute)
    return dispute


def ask_for_evidence(work: Work, dispute: Dispute) -> Dispute:
    """Who decides wants to hear the merchant (again)."""
    if dispute.status == "RESOLVED":
        raise faults.refused("ACTION_NOT_ALLOWED_IN_CURRENT_DISPUTE_STATE")
    dispute = replace(
        dispute,
        status="WAITING_FOR_SELLER_RESPONSE",
        due=work.now + ANSWER_WITHIN,
        updated=work.now,
    )
    work.put(dispute)
    events.dispute(work, "UPDATED", dispute)
    return dispute


def resolve(work: Work, dispute: Dispute, *, won: bool) -> Dispute:
    """It is decided. Raises the vendor's refusal."""
    if dispute.status == "RESOLVED":
        raise faults.refused("ACTION_NOT_ALLOWED_IN_CURRENT_DISPUTE_STATE")
    dispute = replace(
        dispute,
        status="RESOLVED",
        due=None,
        outcome=FOR_SELLER if won else FOR_BUYER,
        updated=work.now,
    )
    work.put(dispute)
    if not won:
        reverse(work, work.account.captures[dispute.capture], dispute.amount.units)
    events.dispute(work, "RESOLVED", dispute)
    return dispute


def reverse(work: Work, capture: Capture, units: int | None = None) -> Refund | None:
    """Take money of a capture back against the merchant's will; None where nothing is left of it."""
    left = capture.amount.units - capture.returned
    units = left if units is None else min(units, left)
    if units < 1:
        return None
    reversal = Refund(
        id=work.new_id(),
        capture=capture.id,
        amount=Money(capture.amount.currency, units),
        status="COMPLETED",
        created=work.now,
        updated=work.now,
        total=capture.returned + units,
        invoice_id=capture.invoice_id,
        custom_id=capture.custom_id,
        reversal=True,
    )
    work.put(reversal)
    refunds.count(work, capture, units)
    events.refund(work, "PAYMENT.CAPTURE.REVERSED", reversal)
    return reversal


def lapse(work: Work, dispute: Dispute) -> None:
    """The merchant has not answered in time."""
    if dispute.due is not None and work.now >= dispute.due:
        resolve(work, dispute, won=False)


def decide(work: Work, dispute: Dispute) -> None:
    """The evidence has been read; what its notes ask for comes true."""
    notes = {each.get("notes") for each in dispute.evidences}
    if dispute.status == "UNDER_REVIEW" and notes & {WINNING, LOSING}:
        resolve(work, dispute, won=WINNING in notes)
