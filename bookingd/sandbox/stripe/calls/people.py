"""Calls about customers."""

from msgspec.structs import replace

from bookingd.sandbox.stripe import customers, faults
from bookingd.sandbox.stripe.account import Work
from bookingd.sandbox.stripe.calls.answers import NOTHING, expand
from bookingd.sandbox.stripe.params import Params
from bookingd.sandbox.stripe.records import Answer, Customer

_TEXTS = ("email", "name", "phone", "description")


def create(work: Work, _id: str, given: Params) -> Answer:
    customer = _told(given, Customer(id=work.new_id("cus"), created=work.now))
    paths = expand(given, NOTHING)
    given.done()
    work.put(customer)
    work.tell("customer.created", customer)
    return Answer(thing=customer, expand=paths)


def update(work: Work, customer_id: str, given: Params) -> Answer:
    customer = _told(given, customers.of(work, customer_id))
    given.done()
    work.put(customer)
    work.tell("customer.updated", customer)
    return Answer(thing=customer)


def _told(given: Params, customer: Customer) -> Customer:
    texts = {name: given.text(name) or getattr(customer, name) for name in _TEXTS}
    return replace(customer, **texts, metadata={**customer.metadata, **given.metadata()})


def read(work: Work, customer_id: str, given: Params) -> Answer:
    given.done()
    customer = work.account.customers.get(customer_id)
    if customer is None:
        raise faults.no_such("customer", customer_id, param="id")
    return Answer(thing=customer)


def delete(work: Work, customer_id: str, given: Params) -> Answer:
    """The customer is forgotten, with the cards that it had."""
    given.done()
    customer = replace(customers.of(work, customer_id), deleted=True)
    for method in [each for each in work.account.methods.values() if each.customer == customer_id]:
        customers.detach(work, method)
    work.put(customer)
    work.tell("customer.deleted", customer)
    return Answer(thing=customer)
