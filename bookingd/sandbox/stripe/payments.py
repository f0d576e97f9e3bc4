"""The life of a payment at the vendor: created, confirmed, authenticated, captured, cancelled, refunded.

    requires_payment_method -> requires_confirmation -> requires_action -> requires_capture -> succeeded
              ^ a declined or failed attempt comes back here        any but succeeded -> canceled

The one rule: a charge exists for each attempt. `settling` has what comes after one that succeeded.
"""

from datetime import timedelta

from msgspec.structs import replace

from bookingd.sandbox.stripe import cards, customers, faults, reviews
from bookingd.sandbox.stripe.account import Work
from bookingd.sandbox.stripe.records import ApiError, Charge, PaymentIntent, PaymentMethod
from bookingd.sandbox.stripe.settling import CONFIRMABLE, require, take

AUTHORISATION_LASTS = int(timedelta(days=7).total_seconds())
"""Seconds for which a card's authorisation holds: customer-initiated, not present ("Place a hold")."""

VISA_WITHOUT_PAYER_LASTS = int(timedelta(days=4, hours=18).total_seconds())
"""The same page, for a merchant-initiated payment with a Visa card."""


def create(work: Work, intent: PaymentIntent) -> PaymentIntent:
    """A new payment, not yet attempted."""
    work.put(intent)
    work.tell("payment_intent.created", intent)
    return intent


def confirm(
    work: Work, intent: PaymentIntent, method: PaymentMethod, *, off_session: bool = False
) -> PaymentIntent:
    """Attempt the payment, or send the payer to authenticate. Raises the vendor's decline."""
    require(intent, CONFIRMABLE, "confirmed")
    customers.require_usable(intent, method)
    intent = replace(intent, payment_method=method.id, last_error=None, off_session=off_session)
    if not method.card.authenticate or (off_session and _is_exempt(method)):
        return attempt(work, intent, method)
    if off_session:
        raise _decline(work, intent, _charge(work, intent, method), "authentication_required")
    intent = replace(
        intent,
        status="requires_action",
        action_url=f"{work.origin}/redirect/authenticate/{intent.id}?client_secret={intent.client_secret}",
    )
    work.put(intent)
    work.tell("payment_intent.requires_action", intent)
    return intent


def _is_exempt(method: PaymentMethod) -> bool:
    return method.card.exempt == "always" or (method.card.exempt == "saved" and method.saved)


def attempt(
    work: Work, intent: PaymentIntent, method: PaymentMethod, *, authenticated: bool = False
) -> PaymentIntent:
    """Ask the card's bank. Raises the vendor's decline, after noting it."""
    charge = replace(_charge(work, intent, method), authenticated=authenticated)
    if method.card.decline is not None:
        raise _decline(work, intent, charge, method.card.decline)
    customers.used(work, intent, method)
    intent, charge = reviews.opened(work, replace(intent, action_url=None), charge)
    if intent.capture_method == "manual":
        return _authorise(work, intent, charge)
    return take(work, intent, charge, intent.amount)


def _charge(work: Work, intent: PaymentIntent, method: PaymentMethod) -> Charge:
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
        customer=intent.customer,
    )


def _authorise(work: Work, intent: PaymentIntent, charge: Charge) -> PaymentIntent:
    charge = replace(charge, capture_before=work.now + _lasts(intent, charge))
    intent = replace(
        intent, status="requires_capture", amount_capturable=intent.amount, latest_charge=charge.id
    )
    work.put(charge)
    work.put(intent)
    work.tell("charge.succeeded", charge)
    work.tell("payment_intent.amount_capturable_updated", intent)
    return intent


def _lasts(intent: PaymentIntent, charge: Charge) -> int:
    short = intent.off_session and charge.method.card.brand == "visa"
    return VISA_WITHOUT_PAYER_LASTS if short else AUTHORISATION_LASTS


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
