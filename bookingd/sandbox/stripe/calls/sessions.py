"""Calls about Checkout Sessions: payments on a page of the vendor's."""

from datetime import timedelta

from bookingd.sandbox.stripe import checkout, customers, faults
from bookingd.sandbox.stripe.account import Work
from bookingd.sandbox.stripe.calls import amounts
from bookingd.sandbox.stripe.calls.answers import OF_SESSION, expand
from bookingd.sandbox.stripe.calls.intents import CAPTURE_METHODS, USAGES, check_types
from bookingd.sandbox.stripe.params import Params
from bookingd.sandbox.stripe.records import Answer, CheckoutSession

SHORTEST, LONGEST = int(timedelta(minutes=30).total_seconds()), int(timedelta(hours=24).total_seconds())
"""Seconds for which a page may stand open, by the vendor's rules."""


def create(work: Work, _id: str, given: Params) -> Answer:
    session, paths = _new(work, given), expand(given, OF_SESSION)
    given.done()
    work.put(session)
    return _answer(work, session, paths)


def _new(work: Work, given: Params) -> CheckoutSession:
    given.one_of("mode", ("payment",), None) or given.required("mode")
    check_types(given)
    title, amount, currency = _lines(given)
    data = given.group("payment_intent_data") or Params({})
    session_id = work.new_id("cs_test")
    session = CheckoutSession(
        id=session_id,
        created=work.now,
        expires_at=_expiry(work, given),
        amount=amount,
        currency=currency,
        title=title,
        success_url=given.required("success_url"),
        cancel_url=given.text("cancel_url"),
        url=f"{work.origin}/c/pay/{session_id}",
        capture_method=data.one_of("capture_method", CAPTURE_METHODS, "automatic_async") or "",
        setup_future_usage=data.one_of("setup_future_usage", USAGES, None),
        description=data.text("description"),
        intent_metadata=data.metadata(),
        customer=_customer(work, given),
        customer_creation=given.one_of("customer_creation", ("always", "if_required"), "if_required") or "",
        customer_email=given.text("customer_email"),
        client_reference_id=given.text("client_reference_id", limit=200),
        metadata=given.metadata(),
    )
    data.done()
    return session


def _customer(work: Work, given: Params) -> str | None:
    customer_id = given.text("customer")
    return None if customer_id is None else customers.of(work, customer_id, status=400).id


def _lines(given: Params) -> tuple[str, int, str]:
    """What is sold, how much it all is, and in what currency."""
    lines = [_line(line) for line in given.groups("line_items")]
    if not lines:
        raise faults.missing("line_items")
    titles, totals, currencies = zip(*lines, strict=True)
    if len(set(currencies)) > 1:
        raise faults.invalid("All line items must have the same currency.", param="line_items")
    amounts.check(sum(totals), currencies[0])
    return ", ".join(titles), sum(totals), currencies[0]


def _line(line: Params) -> tuple[str, int, str]:
    price = line.group("price_data") or Params({})
    product = price.group("product_data") or Params({})
    title, currency = product.required("name"), amounts.currency(price)
    unit, quantity = price.integer("unit_amount"), line.integer("quantity")
    if unit is None or quantity is None:
        raise faults.missing("line_items[0][price_data][unit_amount]" if unit is None else "quantity")
    for part in (product, price, line):
        part.done()
    return title, unit * quantity, currency


def _expiry(work: Work, given: Params) -> int:
    expires_at = given.integer("expires_at")
    if expires_at is None:
        return work.now + LONGEST
    if not SHORTEST <= expires_at - work.now <= LONGEST:
        told = "The `expires_at` timestamp must be at least 30 minutes and at most 24 hours from creation."
        raise faults.invalid(told, param="expires_at")
    return expires_at


def read(work: Work, session_id: str, given: Params) -> Answer:
    paths = expand(given, OF_SESSION)
    given.done()
    return _answer(work, of(work, session_id), paths)


def expire(work: Work, session_id: str, given: Params) -> Answer:
    paths = expand(given, OF_SESSION)
    given.done()
    return _answer(work, checkout.expire(work, of(work, session_id)), paths)


def of(work: Work, session_id: str) -> CheckoutSession:
    """The session of the path."""
    session = work.account.sessions.get(session_id)
    if session is None:
        raise faults.no_such("checkout.session", session_id, param="session")
    return session


def _answer(work: Work, session: CheckoutSession, paths: tuple[str, ...]) -> Answer:
    return Answer(thing=session, expand=paths, intent=work.account.intents.get(session.intent or ""))
