"""Whose a payment method is: attached to one customer, or nobody's and then good for one payment.

The one rule: a card is charged without its holder only when it was saved with the holder's consent.
"""

from msgspec.structs import replace

from bookingd.sandbox.stripe import faults
from bookingd.sandbox.stripe.account import Work
from bookingd.sandbox.stripe.records import Customer, PaymentIntent, PaymentMethod


def of(work: Work, customer_id: str, *, status: int = 404) -> Customer:
    """Raises the vendor's error for a customer that is not there, or no more."""
    customer = work.account.customers.get(customer_id)
    if customer is None or customer.deleted:
        raise faults.no_such("customer", customer_id, param="customer", status=status)
    return customer


def attach(work: Work, method: PaymentMethod, customer_id: str) -> PaymentMethod:
    """The method is this customer's from now on."""
    if method.customer == customer_id:
        return method
    if method.customer is not None:
        raise faults.invalid(
            "The payment method you provided has already been attached to a customer.", param="payment_method"
        )
    if method.spent:
        raise faults.invalid(faults.SPENT_METHOD, param="payment_method")
    method = replace(method, customer=customer_id)
    work.put(method)
    work.tell("payment_method.attached", method)
    return method


def detach(work: Work, method: PaymentMethod) -> PaymentMethod:
    """The method is nobody's, and can never be used again."""
    if method.customer is None:
        raise faults.invalid(
            "The payment method you provided is not attached to a customer so detachment is impossible.",
            param="payment_method",
        )
    before: dict[str, object] = {"customer": method.customer}
    method = replace(method, customer=None, saved=False, spent=True)
    work.put(method)
    work.tell("payment_method.detached", method, before)
    return method


def require_usable(intent: PaymentIntent, method: PaymentMethod) -> None:
    """Raise the vendor's error where this method cannot pay this payment."""
    if method.spent:
        raise faults.invalid(faults.SPENT_METHOD, param="payment_method")
    if method.customer is not None and method.customer != intent.customer:
        told = "does not belong to the Customer you supplied" if intent.customer else "belongs to a Customer"
        raise faults.invalid(
            f"The PaymentMethod {method.id} {told}. Please include the Customer in the `customer` parameter"
            " on the PaymentIntent.",
            param="payment_method",
        )


def used(work: Work, intent: PaymentIntent, method: PaymentMethod) -> None:
    """What becomes of a method that paid: saved as was agreed, or spent where it is nobody's."""
    usage = intent.setup_future_usage
    if usage is not None and intent.customer is not None:
        method = attach(work, method, intent.customer)
    if usage == "off_session" and not method.saved:
        work.put(replace(method, saved=True))
    elif usage is None and method.customer is None:
        work.put(replace(method, spent=True))
