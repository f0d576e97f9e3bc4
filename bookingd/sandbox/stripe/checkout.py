"""Checkout: the vendor's own page of a payment, to which a merchant sends the payer.

The one rule: the payment is made on the page; a page is left paid, given up by its merchant, or too late.
"""

from msgspec.structs import replace

from bookingd.sandbox.stripe import faults, payments, settling
from bookingd.sandbox.stripe.account import Work
from bookingd.sandbox.stripe.records import CheckoutSession, Customer, PaymentIntent, PaymentMethod

CONFIRMED = frozenset({"requires_capture", "succeeded"})


def require_open(session: CheckoutSession, attempted: str) -> None:
    if session.status != "open":
        raise faults.invalid(
            f'Only Checkout Sessions with a status in ["open"] can be {attempted}. This Checkout Session'
            f" has a status of {session.status}."
        )


def expire(work: Work, session: CheckoutSession) -> CheckoutSession:
    """The page takes no payment any more, and what was begun on it is given up."""
    require_open(session, "expired")
    intent = work.account.intents.get(session.intent or "")
    if intent is not None and intent.status in settling.CONFIRMABLE:
        settling.cancel(work, intent, "abandoned")
    session = replace(session, status="expired", url=None)
    work.put(session)
    work.tell("checkout.session.expired", session)
    return session


def lapse(work: Work, session: CheckoutSession) -> None:
    """Its time is over."""
    if session.status == "open" and session.expires_at <= work.now:
        expire(work, session)


def pay(work: Work, session: CheckoutSession, method: PaymentMethod, back: str) -> PaymentIntent:
    """Attempt to pay with what was typed. `back`: where 3-D Secure leads. Raises the vendor's decline."""
    intent = work.account.intents.get(session.intent or "") or _made(work, session)
    intent = replace(intent, return_url=back)
    return payments.confirm(work, intent, method)


def _made(work: Work, session: CheckoutSession) -> PaymentIntent:
    intent_id = work.new_id("pi")
    customer = session.customer or _new_customer(work, session)
    intent = PaymentIntent(
        id=intent_id,
        amount=session.amount,
        currency=session.currency,
        created=work.now,
        capture_method=session.capture_method,
        client_secret=f"{intent_id}_secret_{work.secret()}",
        status="requires_payment_method",
        metadata=session.intent_metadata,
        description=session.description,
        customer=customer,
        setup_future_usage=session.setup_future_usage,
    )
    work.put(replace(session, intent=intent.id, customer=customer))
    return payments.create(work, intent)


def _new_customer(work: Work, session: CheckoutSession) -> str | None:
    if session.customer_creation != "always" and session.setup_future_usage is None:
        return None
    customer = Customer(id=work.new_id("cus"), created=work.now, email=session.customer_email)
    work.put(customer)
    work.tell("customer.created", customer)
    return customer.id


def attempt(work: Work, session: CheckoutSession, method: PaymentMethod, back: str) -> None:
    """As `pay`, of what a payer did: a decline stays with the payment, and the page tells of it."""
    work.put(method)
    try:
        pay(work, session, method, back)
    except faults.Fault:
        return
    completed(work, session.id)


def completed(work: Work, session_id: str) -> CheckoutSession:
    """The session after an attempt: complete where it held or took the money, open where it did not."""
    session = work.account.sessions[session_id]
    intent = work.account.intents.get(session.intent or "")
    if session.status == "open" and intent is not None and intent.status in CONFIRMED:
        session = replace(session, status="complete", url=None)
        work.put(session)
        work.tell("checkout.session.completed", session)
    return session
