"""Money given back, in as many parts as there are reasons for.

The one rule: never more than was captured, whatever is asked for and how often.
"""

from msgspec.structs import replace

from bookingd.sandbox.stripe import balance, disputes, faults, reviews
from bookingd.sandbox.stripe.account import Work
from bookingd.sandbox.stripe.records import ApiError, Charge, Refund


def refund(
    work: Work, charge: Charge, amount: int | None, reason: str | None, metadata: dict[str, str]
) -> Refund:
    """Give back `amount`, or all that is left of what was captured; never more."""
    if not charge.captured:
        raise faults.Fault(400, nothing_to_refund(charge.intent))
    if disputes.is_charged_back(work, charge):
        raise faults.Fault(400, _charged_back(charge))
    left = charge.amount_captured - charge.returned
    if left == 0:
        message = f"Charge {charge.id} has already been refunded."
        error = ApiError(type=faults.INVALID_REQUEST, code="charge_already_refunded", message=message)
        raise faults.Fault(400, error)
    amount = left if amount is None else amount
    if not 0 < amount <= left:
        message = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
        raise faults.Fault(400, ApiError(type=faults.INVALID_REQUEST, param="amount", message=message))
    return _give_back(work, charge, amount, reason, metadata)


def _charged_back(charge: Charge) -> ApiError:
    return ApiError(
        type=faults.INVALID_REQUEST,
        code="charge_disputed",
        message=f"Charge {charge.id} has been charged back; cannot issue a refund.",
    )


def nothing_to_refund(intent_id: str) -> ApiError:
    return ApiError(
        type=faults.INVALID_REQUEST,
        code="payment_intent_unexpected_state",
        param="payment_intent",
        message=f"This PaymentIntent ({intent_id}) does not have a successful charge to refund.",
    )


def _give_back(
    work: Work, charge: Charge, amount: int, reason: str | None, metadata: dict[str, str]
) -> Refund:
    made = Refund(
        id=work.new_id("re"),
        amount=amount,
        currency=charge.currency,
        created=work.now,
        charge=charge.id,
        intent=charge.intent,
        status="pending" if charge.method.card.refund == "pending" else "succeeded",
        metadata=metadata,
        reason=reason,
    )
    made = replace(made, balance_transaction=balance.of_refund(work, made).id)
    made = made if made.status == "pending" else _referenced(work, made)
    before: dict[str, object] = {"amount_refunded": charge.amount_refunded}
    charge = _returned(charge, amount)
    work.put(made)
    work.put(charge)
    work.tell("refund.created", made)
    work.tell("charge.refunded", charge, before)
    reviews.money_went_back(work, charge)
    disputes.given_back(work, charge)
    return made


def _returned(charge: Charge, amount: int) -> Charge:
    return replace(charge, amount_refunded=charge.amount_refunded + amount, returned=charge.returned + amount)


def _referenced(work: Work, made: Refund) -> Refund:
    """With the number of 23 digits that acquirers give; the vendor has it after some days."""
    return replace(made, reference=f"7{int(work.secret(), 16) % 10**22:022d}")


def settle(work: Work, made: Refund) -> None:
    """What becomes of a refund to the cards that are slow or closed."""
    charge = work.account.charges[made.charge]
    match charge.method.card.refund, made.status:
        case "pending", "pending":
            done = _referenced(work, replace(made, status="succeeded"))
        case "failed", "succeeded":
            done = _bounced(work, made)
            work.put(_returned(charge, -made.amount))
        case _:
            return
    work.put(done)
    work.tell("charge.refund.updated", done, {"status": made.status})
    work.tell("refund.failed" if done.status == "failed" else "refund.updated", done)


def _bounced(work: Work, made: Refund) -> Refund:
    return replace(
        made,
        status="failed",
        failure_reason="expired_or_canceled_card",
        failure_balance_transaction=balance.of_failed_refund(work, made).id,
        reference=None,
    )
