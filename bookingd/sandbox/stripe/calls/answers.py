"""What all calls share: their type, and answers with objects put into them in full.

The one rule: what the vendor does not expand is an error, never left out in silence.
"""

from collections.abc import Callable
from typing import TypeAlias

from bookingd.sandbox.stripe import faults
from bookingd.sandbox.stripe.account import Work
from bookingd.sandbox.stripe.params import Params
from bookingd.sandbox.stripe.records import Answer, PaymentIntent, Refund

Operation: TypeAlias = Callable[[Work, str, Params], Answer]
"""What a call does: the work to do it in, the id in its path ("" where there is none), its parameters."""

OF_INTENT = frozenset({"latest_charge", "payment_method", "review", "customer"})
OF_REFUND = frozenset({"charge", "payment_intent"})
OF_CHARGE = frozenset({"payment_intent", "review"})
OF_SESSION = frozenset({"payment_intent"})
NOTHING: frozenset[str] = frozenset()


def expand(given: Params, allowed: frozenset[str]) -> tuple[str, ...]:
    """The paths that are to be shown in full."""
    paths = given.texts("expand")
    for path in paths:
        if path not in allowed:
            raise faults.invalid(f"This property cannot be expanded ({path}).", param="expand")
    return paths


def of_intent(work: Work, intent: PaymentIntent, paths: tuple[str, ...]) -> Answer:
    account = work.account
    return Answer(
        thing=intent,
        expand=paths,
        charge=account.charges.get(intent.latest_charge or "") if "latest_charge" in paths else None,
        method=account.methods.get(intent.payment_method or "") if "payment_method" in paths else None,
        review=account.reviews.get(intent.review or "") if "review" in paths else None,
        customer=account.customers.get(intent.customer or "") if "customer" in paths else None,
    )


def of_refund(work: Work, refund: Refund, paths: tuple[str, ...]) -> Answer:
    charge = work.account.charges[refund.charge] if "charge" in paths else None
    intent = work.account.intents[refund.intent] if "payment_intent" in paths else None
    return Answer(thing=refund, expand=paths, charge=charge, intent=intent)
