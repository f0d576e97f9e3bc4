"""Disputes: the holder of a card asks for the money back, and the merchant answers with evidence.

    needs_response -> under_review -> won | lost           money is withdrawn at once, and comes back if won
    warning_needs_response -> warning_under_review -> warning_closed, or escalated to needs_response

The one rule: as at the vendor in test mode, words in the evidence decide (docs.stripe.com/testing#disputes).
"""

from datetime import timedelta

from msgspec.structs import replace

from bookingd.sandbox.stripe import balance, faults, reviews
from bookingd.sandbox.stripe.account import Work
from bookingd.sandbox.stripe.records import ApiError, BalanceTransaction, Charge, Dispute

ANSWER_WITHIN = int(timedelta(days=9).total_seconds())
"""Seconds for which evidence is taken: the vendor names 7 to 21 days, by network; its sample has nine."""

WINNING, LOSING, ESCALATING = "winning_evidence", "losing_evidence", "escalate_inquiry_evidence"
"""What `uncategorized_text` says to have the dispute decided so."""

EVIDENCE = tuple(
    "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure"
    " cancellation_rebuttal customer_communication customer_email_address customer_name customer_purchase_ip"
    " customer_signature duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id"
    " product_description receipt refund_policy refund_policy_disclosure refund_refusal_explanation"
    " service_date service_documentation shipping_address shipping_carrier shipping_date"
    " shipping_documentation shipping_tracking_number uncategorized_file uncategorized_text".split()
)
"""What can be said in a dispute; those that end in a file's name at the vendor are texts here."""

ENDED = frozenset({"won", "lost", "warning_closed"})
OPEN = frozenset({"needs_response", "warning_needs_response"})


def open_for(work: Work, charge: Charge) -> None:
    """The holder of a card that does so disputes what was taken."""
    card = charge.method.card
    if card.dispute is not None and can_be_opened(charge):
        begin(work, charge, card.dispute, inquiry=card.inquiry)


def can_be_opened(charge: Charge) -> bool:
    """Whether there is money to ask for, and nobody asked yet."""
    return charge.captured and charge.dispute is None and _left(charge) > 0


def _left(charge: Charge) -> int:
    return charge.amount_captured - charge.returned


def begin(work: Work, charge: Charge, reason: str, *, inquiry: bool) -> Dispute:
    """The bank asks; unless it does no more than that, it takes the money too."""
    dispute = _opened(work, charge, reason, inquiry=inquiry)
    work.put(dispute)
    work.put(replace(charge, dispute=dispute.id))
    work.tell("charge.dispute.created", dispute)
    reviews.disputed(work, charge)
    return dispute if inquiry else _withdraw(work, dispute)


def _opened(work: Work, charge: Charge, reason: str, *, inquiry: bool) -> Dispute:
    return Dispute(
        id=work.new_id("dp"),
        created=work.now,
        charge=charge.id,
        intent=charge.intent,
        amount=_left(charge),
        currency=charge.currency,
        brand=charge.method.card.brand,
        reason=reason,
        status="warning_needs_response" if inquiry else "needs_response",
        due_by=work.now + ANSWER_WITHIN,
        inquiry=inquiry,
    )


def _withdraw(work: Work, dispute: Dispute) -> Dispute:
    dispute = _moved(work, dispute, balance.of_dispute(work, dispute))
    work.tell("charge.dispute.funds_withdrawn", dispute)
    return dispute


def _moved(work: Work, dispute: Dispute, movement: BalanceTransaction) -> Dispute:
    dispute = replace(dispute, movements=(*dispute.movements, movement))
    work.put(dispute)
    return dispute


def answer(
    work: Work, dispute: Dispute, evidence: dict[str, str], metadata: dict[str, str], *, submit: bool
) -> Dispute:
    """Keep what is said, and hand it to the bank if that is asked for. Raises where it is too late."""
    if evidence and dispute.status not in OPEN:
        raise faults.Fault(400, _closed_to_evidence(dispute))
    dispute = replace(
        dispute, evidence={**dispute.evidence, **evidence}, metadata={**dispute.metadata, **metadata}
    )
    if submit and evidence:
        status = "warning_under_review" if dispute.inquiry else "under_review"
        dispute = replace(dispute, status=status, submissions=dispute.submissions + 1)
    work.put(dispute)
    work.tell("charge.dispute.updated", dispute)
    return dispute


def _closed_to_evidence(dispute: Dispute) -> ApiError:
    return ApiError(
        type=faults.INVALID_REQUEST,
        message=f"The dispute {dispute.id} no longer takes evidence: its status is {dispute.status}.",
        param="evidence",
    )


def decide(work: Work, dispute: Dispute) -> None:
    """What the bank says to evidence that was submitted, where its words tell."""
    said = dispute.evidence.get("uncategorized_text")
    match said, dispute.status:
        case str(), "under_review" if said == WINNING:
            _win(work, dispute)
        case str(), "under_review" if said == LOSING:
            _end(work, dispute, "lost")
        case str(), "warning_under_review" if said == ESCALATING:
            _escalate(work, dispute)
        case str(), "warning_under_review" if said == WINNING:
            _end(work, dispute, "warning_closed")


def lapse(work: Work, dispute: Dispute) -> None:
    """Nobody answered in time: what was withdrawn is gone, what was only asked is asked no more."""
    if dispute.status in OPEN and dispute.due_by <= work.now:
        _end(work, dispute, "warning_closed" if dispute.inquiry else "lost")


def accept(work: Work, dispute: Dispute) -> Dispute:
    """The merchant gives in."""
    if dispute.status in ENDED:
        raise faults.Fault(400, _closed_to_evidence(dispute))
    return _end(work, dispute, "warning_closed" if dispute.inquiry else "lost")


def given_back(work: Work, charge: Charge) -> None:
    """A refund answers an inquiry."""
    dispute = work.account.disputes.get(charge.dispute or "")
    if dispute is not None and dispute.inquiry and dispute.status not in ENDED and not _left(charge):
        _end(work, dispute, "warning_closed")


def is_charged_back(work: Work, charge: Charge) -> bool:
    """Whether the bank has the money, or the last word was that it keeps it: then none can be refunded."""
    dispute = work.account.disputes.get(charge.dispute or "")
    return dispute is not None and not dispute.inquiry and dispute.status != "won"


def resolve(work: Work, dispute: Dispute, *, won: bool) -> Dispute:
    """The bank decides, whatever was said."""
    if dispute.status in ENDED:
        raise faults.Fault(400, _closed_to_evidence(dispute))
    if dispute.inquiry:
        return _end(work, dispute, "warning_closed" if won else "lost")
    return _win(work, dispute) if won else _end(work, dispute, "lost")


def _win(work: Work, dispute: Dispute) -> Dispute:
    dispute = _moved(work, dispute, balance.of_won_dispute(work, dispute))
    work.tell("charge.dispute.funds_reinstated", dispute)
    return _end(work, dispute, "won")


def _escalate(work: Work, dispute: Dispute) -> None:
    """The bank wants what was not given back meanwhile."""
    dispute = replace(
        dispute,
        amount=min(dispute.amount, _left(work.account.charges[dispute.charge])),
        inquiry=False,
        status="needs_response",
        evidence={},
        due_by=work.now + ANSWER_WITHIN,
    )
    work.put(dispute)
    work.tell("charge.dispute.updated", dispute)
    _withdraw(work, dispute)


def _end(work: Work, dispute: Dispute, status: str) -> Dispute:
    dispute = replace(dispute, status=status)
    work.put(dispute)
    work.tell("charge.dispute.closed", dispute)
    return dispute
