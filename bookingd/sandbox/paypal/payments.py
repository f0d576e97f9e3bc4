"""Money held and money taken: the life of an authorisation and of a capture at the vendor.

    authorisation:  PENDING -> CREATED -> PARTIALLY_CAPTURED -> CAPTURED
                    PENDING -> DENIED     CREATED, PARTIALLY_CAPTURED -> VOIDED
    capture:        PENDING -> COMPLETED -> PARTIALLY_REFUNDED -> REFUNDED
                    PENDING -> DECLINED

The one rule: what was re-authorised and what did so are one pot; its count is kept on the first one.
"""

from datetime import datetime

from msgspec.structs import replace

from bookingd.sandbox.paypal import events, faults, fees
from bookingd.sandbox.paypal.account import Account, Work
from bookingd.sandbox.paypal.records import Authorization, Buyer, Capture, Money, Order
from bookingd.sandbox.paypal.terms import Terms

LIVE = ("CREATED", "PARTIALLY_CAPTURED", "PENDING")
"""Statuses of an authorisation that holds money, or is about to."""

GOT = ("COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED")
"""Statuses of a capture that brought money, whatever became of it."""

_HELD_BACK = {"review": "PENDING_REVIEW", "review_denied": "PENDING_REVIEW"}
_CHEQUES = {"echeck": "ECHECK", "echeck_denied": "ECHECK"}
_DENIED_IN_THE_END = ("review_denied", "echeck_denied")


def is_paid(account: Account, order: Order) -> bool:
    """Whether money of an order is held or was taken."""
    return any(each.status in {*LIVE, "CAPTURED"} for each in account.authorizations_of(order.id)) or any(
        each.status in {*GOT, "PENDING"} for each in account.captures_of(order.id)
    )


def authorise(work: Work, order: Order, buyer: Buyer, terms: Terms) -> Authorization:
    """Hold the money of an order."""
    status = "DENIED" if buyer.instrument == "denied" else "CREATED"
    reason = _HELD_BACK.get(buyer.instrument)
    thing = Authorization(
        id=work.new_id(),
        order=order.id,
        amount=order.units[0].amount,
        status="PENDING" if reason else status,
        reason=reason,
        created=work.now,
        updated=work.now,
        expires=work.now + terms.authorization_lasts,
    )
    work.put(thing)
    if thing.status == "CREATED":
        events.authorization(work, "CREATED", thing)
    return thing


def reauthorise(work: Work, thing: Authorization, amount: Money | None, terms: Terms) -> Authorization:
    """Make sure of the money again, for three more days. Raises the vendor's refusal."""
    _check_reauthorisation(work, thing, amount, terms)
    renewed = Authorization(
        id=work.new_id(),
        order=thing.order,
        amount=amount or thing.amount,
        status="CREATED",
        created=work.now,
        updated=work.now,
        expires=thing.expires,
        parent=thing.id,
    )
    work.put(renewed)
    events.authorization(work, "CREATED", renewed)
    return renewed


def _check_reauthorisation(work: Work, thing: Authorization, amount: Money | None, terms: Terms) -> None:
    if thing.parent is not None:
        raise faults.refused("REAUTHORIZATION_NOT_SUPPORTED")
    if thing.status in {"VOIDED", "DENIED"} or work.now >= thing.expires:
        raise faults.refused("AUTHORIZATION_VOIDED")
    if thing.status == "CAPTURED":
        raise faults.refused("AUTHORIZATION_ALREADY_CAPTURED")
    if thing.status == "PENDING" or work.now < thing.created + terms.honour_period:
        raise faults.refused("TRANSACTION_REFUSED")
    if amount is not None and amount.currency != thing.amount.currency:
        raise faults.refused("AUTH_CURRENCY_MISMATCH")
    if amount is not None and amount.units > terms.most(thing.amount):
        raise faults.refused("TRANSACTION_REFUSED")


def void(work: Work, thing: Authorization) -> Authorization:
    """Let go of what is still held. Raises the vendor's refusal."""
    if thing.parent is not None:
        raise faults.refused("CANNOT_BE_VOIDED")
    if thing.status == "CAPTURED":
        raise faults.refused("PREVIOUSLY_CAPTURED")
    if thing.status in {"VOIDED", "DENIED"}:
        raise faults.refused("PREVIOUSLY_VOIDED")
    return _let_go(work, thing)


def _let_go(work: Work, thing: Authorization) -> Authorization:
    for each in work.account.authorizations_of(thing.order):
        if each.parent == thing.id and each.status in LIVE:
            work.put(replace(each, status="VOIDED", reason=None, updated=work.now))
    thing = replace(thing, status="VOIDED", reason=None, updated=work.now)
    work.put(thing)
    events.authorization(work, "VOIDED", thing)
    return thing


def expire(work: Work, thing: Authorization) -> None:
    """Its 29 days are over."""
    if thing.parent is None and thing.status in LIVE and work.now >= thing.expires:
        _let_go(work, thing)


def take(
    work: Work,
    thing: Authorization,
    amount: Money | None,
    terms: Terms,
    *,
    final: bool,
    invoice_id: str | None,
    note: str | None,
) -> Capture:
    """Take money that is held; all that is left where no amount is said. Raises the vendor's refusal."""
    first = work.account.authorizations[thing.parent or thing.id]
    order = work.account.orders[thing.order]
    amount = amount or Money(thing.amount.currency, thing.amount.units - first.captured)
    _check_capture(work, thing, amount, terms, invoice=invoice_id)
    capture = _captured(work, order, 0, amount)
    capture = replace(
        capture,
        authorization=thing.id,
        final=final,
        note=note,
        invoice_id=invoice_id or capture.invoice_id,
    )
    if capture.status != "DECLINED":
        _count(work, thing, first, amount.units, final=final)
    _put(work, capture)
    return capture


def _check_capture(
    work: Work, thing: Authorization, amount: Money, terms: Terms, *, invoice: str | None
) -> None:
    first = work.account.authorizations[thing.parent or thing.id]
    _check_state(work, thing, first)
    if amount.currency != thing.amount.currency:
        raise faults.refused("AUTH_CAPTURE_CURRENCY_MISMATCH")
    most = terms.most(max(first.amount, thing.amount, key=lambda money: money.units))
    if amount.units < 1 or first.captured + amount.units > most:
        raise faults.refused("MAX_CAPTURE_AMOUNT_EXCEEDED")
    if first.captures >= terms.most_captures:
        raise faults.refused("MAX_CAPTURE_COUNT_EXCEEDED")
    if invoice is not None and _is_captured(work.account, thing, invoice):
        raise faults.refused("DUPLICATE_INVOICE_ID")
    _check_buyer(work, thing, terms)


def _check_state(work: Work, thing: Authorization, first: Authorization) -> None:
    if work.now >= thing.expires:
        raise faults.refused("AUTHORIZATION_EXPIRED")
    issue = {
        "VOIDED": "AUTHORIZATION_VOIDED",
        "DENIED": "AUTHORIZATION_DENIED",
        "CAPTURED": "AUTHORIZATION_ALREADY_CAPTURED",
        "PENDING": "TRANSACTION_REFUSED",
    }.get(first.status if first.status == "CAPTURED" else thing.status)
    if issue is not None:
        raise faults.refused(issue)


def _is_captured(account: Account, thing: Authorization, invoice_id: str) -> bool:
    """Whether this invoice has been taken before, by another order or by another capture of this one."""
    others = account.orders_of_invoice(invoice_id)
    if any(other.id != thing.order and is_paid(account, other) for other in others):
        return True
    return any(each.invoice_id == invoice_id for each in account.captures_of(thing.order))


def _check_buyer(work: Work, thing: Authorization, terms: Terms) -> None:
    instrument = _buyer(work.account, thing.order).instrument
    if instrument == "capture_refused":
        raise faults.refused("TRANSACTION_REFUSED")
    if instrument == "lapsing" and work.now >= thing.created + terms.honour_period:
        raise faults.refused("PAYER_CANNOT_PAY")


def _count(work: Work, thing: Authorization, first: Authorization, units: int, *, final: bool) -> None:
    captured = first.captured + units
    done = final or captured >= max(first.amount.units, thing.amount.units)
    status = "CAPTURED" if done else "PARTIALLY_CAPTURED"
    work.put(replace(first, captured=captured, captures=first.captures + 1, status=status, updated=work.now))
    if thing.id != first.id:
        work.put(replace(thing, status=status, updated=work.now))


def take_unit(work: Work, order: Order, place: int) -> Capture:
    """Take the money of a purchase unit without having held it."""
    capture = _captured(work, order, place, order.units[place].amount)
    _put(work, capture)
    return capture


def _captured(work: Work, order: Order, place: int, amount: Money) -> Capture:
    unit, instrument = order.units[place], _buyer(work.account, order.id).instrument
    held_back = _CHEQUES.get(instrument)
    if order.intent == "CAPTURE":
        held_back = held_back or _HELD_BACK.get(instrument)
    declined = instrument == "capture_declined" or (order.intent == "CAPTURE" and instrument == "denied")
    return Capture(
        id=work.new_id(),
        order=order.id,
        unit=place,
        amount=amount,
        status="DECLINED" if declined else "PENDING" if held_back else "COMPLETED",
        reason=held_back,
        created=work.now,
        updated=work.now,
        fee=fees.of(amount),
        final=True,
        invoice_id=unit.invoice_id,
        custom_id=unit.custom_id,
    )


def _put(work: Work, capture: Capture) -> None:
    work.put(capture)
    events.capture(work, capture.status, capture)


def settle_authorization(work: Work, thing: Authorization) -> None:
    """The review is over."""
    if thing.status != "PENDING":
        return
    denied = _buyer(work.account, thing.order).instrument in _DENIED_IN_THE_END
    thing = replace(thing, status="DENIED" if denied else "CREATED", reason=None, updated=work.now)
    work.put(thing)
    events.authorization(work, "VOIDED" if denied else "CREATED", thing)


def settle_capture(work: Work, thing: Capture) -> None:
    """The cheque has cleared, or not; the review is over."""
    if thing.status != "PENDING":
        return
    denied = _buyer(work.account, thing.order).instrument in _DENIED_IN_THE_END
    thing = replace(thing, status="DECLINED" if denied else "COMPLETED", reason=None, updated=work.now)
    work.put(thing)
    events.capture(work, "DENIED" if denied else "COMPLETED", thing)


def held(account: Account, order: Order, now: datetime) -> int:
    """What of an order can still be taken without more than was approved, in units."""
    found = account.authorizations_of(order.id)
    live = [each for each in found if each.status in LIVE and now < each.expires]
    if not live:
        return 0
    return max(0, max(each.amount.units for each in live) - found[0].captured)


def _buyer(account: Account, order_id: str) -> Buyer:
    buyer = account.orders[order_id].buyer
    if buyer is None:
        raise RuntimeError(f"order {order_id} has payments and no buyer")
    return buyer
