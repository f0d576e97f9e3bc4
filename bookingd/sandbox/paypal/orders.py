"""The life of an order at the vendor: created, approved by its buyer, authorised or captured, or voided.

    CREATED | PAYER_ACTION_REQUIRED -> APPROVED -> COMPLETED
               ^ a declined buyer comes back here    any but COMPLETED -> VOIDED, when its time is over

The one rule: an order moves no money; what it makes (authorisations, captures) does.
"""

from datetime import datetime

from msgspec.structs import replace

from bookingd.sandbox.paypal import events, faults, payments, render
from bookingd.sandbox.paypal.account import Work
from bookingd.sandbox.paypal.records import Buyer, Order
from bookingd.sandbox.paypal.terms import Terms

OPEN = ("CREATED", "PAYER_ACTION_REQUIRED")
"""Statuses in which a buyer may approve."""

_SENT_BACK = {"declined": "INSTRUMENT_DECLINED", "payer_action": "PAYER_ACTION_REQUIRED"}


def is_over(order: Order, now: datetime, terms: Terms) -> bool:
    """Whether it has waited for too long, whether or not that has been noted yet."""
    return order.status in {*OPEN, "APPROVED"} and now >= order.created + terms.order_lasts


def approve(work: Work, order: Order, buyer: Buyer) -> Order:
    """The buyer says yes."""
    order = replace(order, status="APPROVED", buyer=buyer, updated=work.now)
    work.put(order)
    events.order(work, "CHECKOUT.ORDER.APPROVED", "An order has been approved by buyer", order)
    return order


def authorise(work: Work, order: Order, terms: Terms) -> Order:
    """Hold the money of an approved order. Raises the vendor's refusal."""
    if order.intent != "AUTHORIZE":
        raise faults.refused("ACTION_DOES_NOT_MATCH_INTENT")
    if is_over(order, work.now, terms):
        expire(work, order)
        raise faults.refused("ORDER_EXPIRED")
    if order.status == "COMPLETED":
        raise faults.refused("ORDER_ALREADY_AUTHORIZED")
    if order.status == "VOIDED":
        raise faults.refused("ORDER_EXPIRED" if order.expired else "ORDER_COMPLETED_OR_VOIDED")
    buyer = _approved(work, order)
    order = _complete(work, order)
    payments.authorise(work, order, buyer, terms)
    return order


def capture(work: Work, order: Order) -> Order:
    """Take the money of an approved order at once. Raises the vendor's refusal."""
    if order.intent != "CAPTURE":
        raise faults.refused("ACTION_DOES_NOT_MATCH_INTENT")
    if order.status == "COMPLETED":
        raise faults.refused("ORDER_ALREADY_CAPTURED")
    _approved(work, order)
    order = _complete(work, order)
    for place in range(len(order.units)):
        payments.take_unit(work, order, place)
    return order


def _approved(work: Work, order: Order) -> Buyer:
    if order.status != "APPROVED" or order.buyer is None:
        raise faults.refused("ORDER_NOT_APPROVED")
    if order.buyer.instrument in _SENT_BACK:
        raise _send_back(work, order, _SENT_BACK[order.buyer.instrument])
    for unit in order.units:
        if unit.invoice_id is not None and _is_paid(work, order, unit.invoice_id):
            raise faults.refused("DUPLICATE_INVOICE_ID")
    return order.buyer


def _send_back(work: Work, order: Order, issue: str) -> faults.Fault:
    """The buyer has to go to their page again, and perhaps to choose another way of paying there."""
    status = "PAYER_ACTION_REQUIRED" if order.wallet else "CREATED"
    work.put(replace(order, status=status, buyer=None, updated=work.now))
    back = render.link(render.approval_url(order), "redirect", "GET")
    return faults.refused(issue, links=(back,))


def _is_paid(work: Work, order: Order, invoice_id: str) -> bool:
    """Whether another order has been paid under this invoice."""
    return any(
        other.id != order.id and payments.is_paid(work.account, other)
        for other in work.account.orders_of_invoice(invoice_id)
    )


def _complete(work: Work, order: Order) -> Order:
    order = replace(order, status="COMPLETED", updated=work.now)
    work.put(order)
    return order


def expire(work: Work, order: Order) -> None:
    """Nobody approved it in time, or nobody took it in time."""
    if order.status in {*OPEN, "APPROVED"}:
        void(work, replace(order, expired=True))


def void(work: Work, order: Order) -> None:
    """It comes to nothing; an approval that was given is taken back."""
    was_approved = order.status == "APPROVED"
    order = replace(order, status="VOIDED", updated=work.now)
    work.put(order)
    if was_approved:
        events.approval_reversed(work, order)
