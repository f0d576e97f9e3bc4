"""One function a call: what the merchant wants taken apart, the vendor's rules applied, what came of it.

The one rule: a body is read to the end before anything is changed.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from bookingd.sandbox.paypal import checkout, faults, orders, payments, refunds, render
from bookingd.sandbox.paypal.account import Account, Work
from bookingd.sandbox.paypal.given import Given
from bookingd.sandbox.paypal.records import Authorization, Capture, Order, Refund, Thing
from bookingd.sandbox.paypal.terms import Terms

Operation: TypeAlias = Callable[[Work, str, Given, Terms], Thing]
"""What a call does: the work to do it in, the id in its path ("" without one), its body, the terms."""

Shape: TypeAlias = Callable[[Account, Any], dict[str, Any]]
"""How a record is written in an answer."""


def create_order(work: Work, _id: str, given: Given, _terms: Terms) -> Order:
    order = checkout.new_order(work, given)
    work.put(order)
    return order


def authorise_order(work: Work, order_id: str, _given: Given, terms: Terms) -> Order:
    return orders.authorise(work, work.account.order(order_id), terms)


def capture_order(work: Work, order_id: str, _given: Given, _terms: Terms) -> Order:
    return orders.capture(work, work.account.order(order_id))


def capture(work: Work, authorization_id: str, given: Given, terms: Terms) -> Capture:
    thing = work.account.authorization(authorization_id)
    amount, final = given.money("amount"), given.flag("final_capture")
    invoice_id, note = given.text("invoice_id"), given.text("note_to_payer", longest=255)
    given.text("soft_descriptor", longest=22)
    return payments.take(work, thing, amount, terms, final=final, invoice_id=invoice_id, note=note)


def void(work: Work, authorization_id: str, _given: Given, _terms: Terms) -> Authorization:
    return payments.void(work, work.account.authorization(authorization_id))


def reauthorise(work: Work, authorization_id: str, given: Given, terms: Terms) -> Authorization:
    thing = work.account.authorization(authorization_id)
    return payments.reauthorise(work, thing, given.money("amount"), terms)


def refund(work: Work, capture_id: str, given: Given, terms: Terms) -> Refund:
    thing = work.account.capture(capture_id)
    amount, note = given.money("amount"), given.text("note_to_payer", longest=255)
    invoice_id, custom_id = given.text("invoice_id"), given.text("custom_id")
    return refunds.give_back(
        work, thing, amount, terms, invoice_id=invoice_id, custom_id=custom_id, note=note
    )


def full(account: Account, thing: Thing) -> dict[str, Any]:
    """A record with all that the vendor tells of it."""
    match thing:
        case Order():
            return render.order(account, thing)
        case Authorization():
            return render.authorization(account, thing)
        case Capture():
            return render.capture(account, thing)
        case Refund():
            return render.refund(account, thing)


def created(_account: Account, thing: Order) -> dict[str, Any]:
    """The minimal answer to the creation of an order."""
    return render.order_in_short(thing)


def paid(account: Account, thing: Order) -> dict[str, Any]:
    """The minimal answer to its authorisation or capture."""
    return render.order_paid(account, thing)


def brief(account: Account, thing: Thing) -> dict[str, Any]:
    """The minimal answer of Payments v2."""
    return render.in_short(full(account, thing))


def read_order(account: Account, thing_id: str) -> Order:
    return account.order(thing_id)


def read_authorization(account: Account, thing_id: str) -> Authorization:
    return account.authorization(thing_id)


def read_capture(account: Account, thing_id: str) -> Capture:
    return account.capture(thing_id)


def read_refund(account: Account, thing_id: str) -> Refund:
    return account.refund(thing_id)


def needs_request_id(given: Given, request_id: str | None) -> None:
    """An order that names how it is paid cannot be made without an id of its own."""
    if given.has("payment_source") and request_id is None:
        raise faults.invalid("PAYPAL_REQUEST_ID_REQUIRED")
