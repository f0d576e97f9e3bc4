"""The life of a payment at the vendor: created, confirmed, authenticated, captured, cancelled, refunded.

    requires_payment_method -> requires_confirmation -> requires_action -> requires_capture -> succeeded
              ^ a declined or failed attempt comes back here        any but succeeded -> canceled

The one rule: a charge exists for each attempt; money moves only on the charge, the payment follows it.
"""

from datetime import timedelta

from msgspec.structs import replace

from bookingd.sandbox.stripe import cards, faults
from bookingd.sandbox.stripe.account import Work
from bookingd.sandbox.stripe.records import ApiError, Charge, PaymentIntent, PaymentMethod, Refund

AUTHORISATION_LASTS = int(timedelta(days=7).total_seconds())
"""Seconds for which a card's authorisation holds: customer-initiated, not present ("Place a hold")."""

CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
CANCELABLE = (*CONFIRMABLE, "requires_capture", "processing")


def create(work: Work, intent: PaymentIntent) -> PaymentIntent:
    """A new payment, not yet attempted."""
    work.put(intent)
    work.tell("payment_intent.created", intent)
    return intent


def confirm(work: Work, intent: PaymentIntent, method: PaymentMethod) -> PaymentIntent:
    """Attempt the payment, or send the payer to authenticate. Raises the vendor's decline."""
    require(intent, CONFIRMABLE, "confirmed")
    intent = replace(intent, payment_method=method.id, last_error=None)
    if not method.card.authenticate:
        return attempt(work, intent, method)
    intent = replace(
        intent,
        status="requires_action",
        action_url=f"{work.origin}/redirect/authenticate/{intent.id}?client_secret={intent.client_secret}",
    )
    work.put(intent)
    work.tell("payment_intent.requires_action", intent)
    return intent


def attempt(
    work: Work, intent: PaymentIntent, method: PaymentMethod, *, authenticated: bool = False
) -> PaymentIntent:
    """Ask the card's bank. Raises the vendor's decline, after noting it."""
    charge = _charge(work, intent, method, authenticated=authenticated)
    if method.card.decline is not None:
        raise _decline(work, intent, charge, method.card.decline)
    if intent.capture_method == "manual":
        return _authorise(work, intent, charge)
    return _take(work, replace(intent, action_url=None), charge, intent.amount)


def _charge(work: Work, intent: PaymentIntent, method: PaymentMethod, *, authenticated: bool) -> Charge:
    return Charge(
        id=work.new_id("ch"),
        intent=intent.id,
        amount=intent.amount,
        currency=intent.currency,
        created=work.now,
        method=method,
        metadata=intent.metadata,
        description=intent.description,
        statement_descriptor_suffix=intent.statement_descriptor_suffix,
        authenticated=authenticated,
    )


def _authorise(work: Work, intent: PaymentIntent, charge: Charge) -> PaymentIntent:
    charge = replace(charge, capture_before=work.now + AUTHORISATION_LASTS)
    intent = replace(
        intent,
        status="requires_capture",
        amount_capturable=intent.amount,
        latest_charge=charge.id,
        action_url=None,
    )
    work.put(charge)
    work.put(intent)
    work.tell("charge.succeeded", charge)
    work.tell("payment_intent.amount_capturable_updated", intent)
    return intent


def _decline(work: Work, intent: PaymentIntent, charge: Charge, reason: str) -> faults.Fault:
    code = reason if reason in cards.OWN_CODES else "card_declined"
    message = cards.MESSAGES[reason]
    charge = replace(charge, status="failed", failure_code=code, failure_message=message, decline_code=reason)
    error = ApiError(
        type="card_error",
        code=code,
        decline_code=reason,
        message=message,
        param="cvc" if reason == "incorrect_cvc" else None,
        charge=charge.id,
        method=charge.method,
    )
    intent = _failed(intent, error, charge.id)
    work.put(charge)
    work.put(intent)
    work.tell("charge.failed", charge)
    work.tell("payment_intent.payment_failed", intent)
    return faults.Fault(402, replace(error, intent=intent))


def _failed(intent: PaymentIntent, error: ApiError, charge_id: str | None) -> PaymentIntent:
    return replace(
        intent,
        status="requires_payment_method",
        payment_method=None,
        last_error=error,
        latest_charge=charge_id,
        action_url=None,
    )


def authenticated(work: Work, intent: PaymentIntent) -> PaymentIntent:
    """The payer proved who they are. A decline that follows is in the payment, not an error."""
    method = work.account.methods[intent.payment_method or ""]
    try:
        return attempt(work, intent, method, authenticated=True)
    except faults.Fault:
        return work.account.intents[intent.id]


def not_authenticated(work: Work, intent: PaymentIntent) -> PaymentIntent:
    """The payer failed to, or gave up."""
    error = ApiError(
        type=faults.INVALID_REQUEST,
        code="payment_intent_authentication_failure",
        message=(
            "The provided PaymentMethod has failed authentication. You can provide payment_method_data or"
            " a new PaymentMethod to attempt to fulfill this PaymentIntent again."
        ),
        method=work.account.methods.get(intent.payment_method or ""),
    )
    intent = _failed(intent, error, None)
    work.put(intent)
    work.tell("payment_intent.payment_failed", intent)
    return intent


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
    return _take(work, intent, work.account.charges[intent.latest_charge or ""], amount)


def _take(work: Work, intent: PaymentIntent, charge: Charge, amount: int) -> PaymentIntent:
    charge = replace(
        charge,
        captured=True,
        amount_captured=amount,
        amount_refunded=charge.amount - amount,
        balance_transaction=work.new_id("txn"),
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
    manual = intent.capture_method == "manual"
    work.tell("charge.captured" if manual else "charge.succeeded", charge)
    work.tell("payment_intent.succeeded", intent)
    return intent


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
        charge = replace(charge, amount_refunded=charge.amount)
        work.put(charge)
        work.tell("charge.expired" if reason == "automatic" else "charge.refunded", charge)
    return intent


def expire(work: Work, intent: PaymentIntent) -> None:
    """Seven days are over: what is still only authorised is so no more."""
    charge = work.account.charges.get(intent.latest_charge or "")
    due = charge is not None and charge.capture_before is not None and charge.capture_before <= work.now
    if due and intent.status == "requires_capture":
        cancel(work, intent, "automatic")


def refund(
    work: Work, charge: Charge, amount: int | None, reason: str | None, metadata: dict[str, str]
) -> Refund:
    """Give back `amount`, or all that is left of what was captured; never more."""
    if not charge.captured:
        raise faults.Fault(400, nothing_to_refund(charge.intent))
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
        balance_transaction=work.new_id("txn"),
    )
    before: dict[str, object] = {"amount_refunded": charge.amount_refunded}
    charge = _returned(charge, amount)
    work.put(made)
    work.put(charge)
    work.tell("refund.created", made)
    work.tell("charge.refunded", charge, before)
    return made


def _returned(charge: Charge, amount: int) -> Charge:
    return replace(charge, amount_refunded=charge.amount_refunded + amount, returned=charge.returned + amount)


def settle(work: Work, made: Refund) -> None:
    """What becomes of a refund to the cards that are slow or closed."""
    charge = work.account.charges[made.charge]
    match charge.method.card.refund, made.status:
        case "pending", "pending":
            done = replace(made, status="succeeded")
        case "failed", "succeeded":
            done = replace(made, status="failed", failure_reason="expired_or_canceled_card")
            charge = _returned(charge, -made.amount)
            work.put(charge)
        case _:
            return
    work.put(done)
    work.tell("charge.refund.updated", done, {"status": made.status})
    work.tell("refund.failed" if done.status == "failed" else "refund.updated", done)


def require(intent: PaymentIntent, statuses: tuple[str, ...], attempted: str) -> None:
    if intent.status not in statuses:
        raise faults.unexpected_state(intent, attempted, ", ".join(statuses))
