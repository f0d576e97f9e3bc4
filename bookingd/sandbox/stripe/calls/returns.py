"""Calls about refunds, and about the charges that they give back."""

from bookingd.sandbox.stripe import faults, refunds
from bookingd.sandbox.stripe.account import Work
from bookingd.sandbox.stripe.calls.answers import OF_CHARGE, OF_REFUND, expand, of_refund
from bookingd.sandbox.stripe.params import Params
from bookingd.sandbox.stripe.records import Answer, Charge


def create(work: Work, _id: str, given: Params) -> Answer:
    charge = _refundable(work, given.text("payment_intent"), given.text("charge"))
    amount, metadata = given.integer("amount"), given.metadata()
    reason = given.one_of("reason", ("duplicate", "fraudulent", "requested_by_customer"), None)
    paths = expand(given, OF_REFUND)
    given.done()
    return of_refund(work, refunds.refund(work, charge, amount, reason, metadata), paths)


def _refundable(work: Work, intent_id: str | None, charge_id: str | None) -> Charge:
    if intent_id is None and charge_id is None:
        raise faults.invalid("One of the following params should be provided: payment_intent or charge.")
    if intent_id is not None:
        intent = work.account.intents.get(intent_id)
        if intent is None:
            raise faults.no_such("payment_intent", intent_id, param="payment_intent")
        charge_id = intent.latest_charge
        if charge_id is None:
            raise faults.Fault(400, refunds.nothing_to_refund(intent.id))
    charge = work.account.charges.get(charge_id or "")
    if charge is None:
        raise faults.no_such("charge", charge_id or "", param="charge")
    return charge


def read(work: Work, refund_id: str, given: Params) -> Answer:
    paths = expand(given, OF_REFUND)
    given.done()
    refund = work.account.refunds.get(refund_id)
    if refund is None:
        raise faults.no_such("refund", refund_id, param="id")
    return of_refund(work, refund, paths)


def read_charge(work: Work, charge_id: str, given: Params) -> Answer:
    paths = expand(given, OF_CHARGE)
    given.done()
    charge = work.account.charges.get(charge_id)
    if charge is None:
        raise faults.no_such("charge", charge_id, param="id")
    intent, review = work.account.intents[charge.intent], work.account.reviews.get(charge.review or "")
    return Answer(thing=charge, expand=paths, intent=intent, review=review)


def read_movement(work: Work, movement_id: str, given: Params) -> Answer:
    given.done()
    movement = work.account.movements.get(movement_id)
    if movement is None:
        raise faults.no_such("balance_transaction", movement_id, param="id")
    return Answer(thing=movement)
