"""What becomes of an authorisation: captured once, cancelled, or expired.

The one rule: money moves only on the charge, the payment follows it.
"""

from msgspec.structs import replace

from bookingd.sandbox.stripe import balance, faults, reviews
from bookingd.sandbox.stripe.account import Work
from bookingd.sandbox.stripe.records import Charge, PaymentIntent

CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
CANCELABLE = (*CONFIRMABLE, "requires_capture", "processing")


def require(intent: PaymentIntent, statuses: tuple[str, ...], attempted: str) -> None:
    """Raise the vendor's error where the payment is not in one of these."""
    if intent.status not in statuses:
        raise faults.unexpected_state(intent, attempted, ", ".join(statuses))


def capture(work: Work, intent: PaymentIntent, amount: int | None) -> PaymentIntent:
    """Take `amount` of what is authorised; the rest is released, once and for all."""
    require(intent, ("requires_capture",), "captured")
    amount = intent.amount_capturable if amount is None else amount
    if not 0 < amount <= intent.amount_capturable:
        raise faults.invalid(
            "The amount to capture must be positive and at most the amount that is capturable"
            f" ({intent.amount_capturable}).",
            param="amount_to_capture",
            code="amount_too_large" if amount > 0 else "parameter_invalid_integer",
        )
    return take(work, intent, work.account.charges[intent.latest_charge or ""], amount)


def take(work: Work, intent: PaymentIntent, charge: Charge, amount: int) -> PaymentIntent:
    """The amount is the merchant's; what was held beyond it is not held any more."""
    charge = replace(
        charge,
        captured=True,
        amount_captured=amount,
        amount_refunded=charge.amount - amount,
        balance_transaction=balance.of_charge(work, charge, amount).id,
    )
    intent = replace(
        intent,
        status="succeeded",
        amount_capturable=0,
        amount_received=amount,
        latest_charge=charge.id,
    )
    work.put(charge)
    work.put(intent)
    _pay_session(work, intent)
    manual = intent.capture_method == "manual"
    work.tell("charge.captured" if manual else "charge.succeeded", charge)
    work.tell("payment_intent.succeeded", intent)
    return intent


def _pay_session(work: Work, intent: PaymentIntent) -> None:
    session = work.account.session_of(intent.id)
    if session is not None:
        work.put(replace(session, paid=True))


def cancel(work: Work, intent: PaymentIntent, reason: str | None) -> PaymentIntent:
    """Give up a payment that is not captured; what was authorised is released."""
    require(intent, CANCELABLE, "canceled")
    charge = work.account.charges.get(intent.latest_charge or "")
    released = charge is not None and intent.status == "requires_capture"
    intent = replace(
        intent,
        status="canceled",
        amount_capturable=0,
        canceled_at=work.now,
        cancellation_reason=reason,
        action_url=None,
    )
    work.put(intent)
    work.tell("payment_intent.canceled", intent)
    if charge is not None and released:
        _release(work, charge, "charge.expired" if reason == "automatic" else "charge.refunded")
    return intent


def _release(work: Work, charge: Charge, kind: str) -> None:
    charge = replace(charge, amount_refunded=charge.amount)
    work.put(charge)
    work.tell(kind, charge)
    reviews.money_went_back(work, charge)


def expire(work: Work, intent: PaymentIntent) -> None:
    """The time is over: what is still only authorised is so no more."""
    charge = work.account.charges.get(intent.latest_charge or "")
    due = charge is not None and charge.capture_before is not None and charge.capture_before <= work.now
    if due and intent.status == "requires_capture":
        cancel(work, intent, "automatic")
