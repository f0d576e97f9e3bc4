"""The merchant's balance: a movement for each time that money comes or goes.

The one rule: a movement is never changed; what is undone is another one.
"""

from bookingd.sandbox.stripe.account import Work
from bookingd.sandbox.stripe.records import BalanceTransaction, Charge, Dispute, Refund

FEE_PERCENT, FEE_FIXED = 15, 25
"""1.5 % and 25 cents: the vendor's price for cards of the European Economic Area (tenths of a percent)."""

DISPUTE_FEE = 1500
"""The vendor's price of a dispute, in the charge's currency as the sample of its event has it."""


def of_charge(work: Work, charge: Charge, amount: int) -> BalanceTransaction:
    """What was captured comes in, less the fee."""
    fee = min(amount * FEE_PERCENT // 1000 + FEE_FIXED, amount)
    return _move(work, charge, "charge", amount=amount, fee=fee, description=charge.description)


def of_refund(work: Work, refund: Refund) -> BalanceTransaction:
    """What is given back goes out; the fee of the charge stays paid."""
    return _move(work, refund, "refund", amount=-refund.amount, description="REFUND FOR CHARGE")


def of_failed_refund(work: Work, refund: Refund) -> BalanceTransaction:
    return _move(work, refund, "refund_failure", amount=refund.amount, description="REFUND FAILURE")


def of_dispute(work: Work, dispute: Dispute) -> BalanceTransaction:
    """What is disputed is withdrawn, with the fee of the dispute."""
    told = f"Chargeback withdrawal for {dispute.charge}"
    return _move(work, dispute, "dispute", amount=-dispute.amount, fee=DISPUTE_FEE, description=told)


def of_won_dispute(work: Work, dispute: Dispute) -> BalanceTransaction:
    """What was withdrawn comes back; the fee does not."""
    told = f"Chargeback reversal for {dispute.charge}"
    return _move(work, dispute, "dispute_reversal", amount=dispute.amount, description=told)


def _move(
    work: Work,
    source: Charge | Refund | Dispute,
    category: str,
    *,
    amount: int,
    description: str | None,
    fee: int = 0,
) -> BalanceTransaction:
    movement = BalanceTransaction(
        id=work.new_id("txn"),
        created=work.now,
        amount=amount,
        fee=fee,
        currency=source.currency,
        type="adjustment" if isinstance(source, Dispute) else category,
        category=category,
        source=source.id,
        description=description,
    )
    work.put(movement)
    return movement
