"""What the vendor tells a merchant's endpoint, each with its resource as the vendor writes it."""

from bookingd.sandbox.paypal import amounts, render, render_disputes
from bookingd.sandbox.paypal.account import Work
from bookingd.sandbox.paypal.records import Authorization, Capture, Dispute, Money, Order, Refund


def order(work: Work, kind: str, summary: str, thing: Order) -> None:
    """Something happened to an order."""
    work.tell(kind, "checkout-order", summary, render.order(work.account, thing), thing.origin)


def approval_reversed(work: Work, thing: Order) -> None:
    """An approved order was not taken in time."""
    resource = {
        "order_id": thing.id,
        "purchase_units": [render.references(unit) for unit in thing.units],
        "payment_source": render.payment_source(thing),
    }
    summary = "A payment has been reversed after approval."
    work.tell("CHECKOUT.PAYMENT-APPROVAL.REVERSED", "checkout-order", summary, resource, thing.origin)


def authorization(work: Work, what: str, thing: Authorization) -> None:
    """PAYMENT.AUTHORIZATION.`what`."""
    summary = f"A payment authorization was {what.lower()} for {_sum(thing.amount)}"
    origin = work.account.orders[thing.order].origin
    resource = render.authorization(work.account, thing)
    work.tell(f"PAYMENT.AUTHORIZATION.{what}", "authorization", summary, resource, origin)


_CAPTURE = {
    "COMPLETED": "Payment completed for {}",
    "PENDING": "Payment pending for {}",
    "DECLINED": "A payment capture for {} was declined.",
    "DENIED": "A {} capture payment was denied",
}


def capture(work: Work, what: str, thing: Capture) -> None:
    """PAYMENT.CAPTURE.`what`."""
    origin = work.account.orders[thing.order].origin
    summary = _CAPTURE[what].format(_sum(thing.amount))
    work.tell(f"PAYMENT.CAPTURE.{what}", "capture", summary, render.capture(work.account, thing), origin)


_REFUND = {
    "PAYMENT.CAPTURE.REFUNDED": "A {} capture payment was refunded",
    "PAYMENT.CAPTURE.REVERSED": "A {} capture payment was reversed",
    "PAYMENT.REFUND.PENDING": "A {} refund is pending",
    "PAYMENT.REFUND.FAILED": "A {} refund failed",
}


def refund(work: Work, kind: str, thing: Refund) -> None:
    """Money of a capture went back, or is about to, or does not."""
    origin = work.account.orders[work.account.captures[thing.capture].order].origin
    summary = _REFUND[kind].format(_sum(thing.amount))
    work.tell(kind, "refund", summary, render.refund(work.account, thing), origin)


def dispute(work: Work, what: str, thing: Dispute) -> None:
    """CUSTOMER.DISPUTE.`what`."""
    told = {
        "CREATED": "A new dispute opened",
        "UPDATED": "A dispute was updated",
        "RESOLVED": "A dispute was resolved",
    }
    origin = work.account.orders[work.account.captures[thing.capture].order].origin
    resource = render_disputes.full(work.account, thing)
    summary = f"{told[what]} with Case # {thing.id}"
    work.tell(f"CUSTOMER.DISPUTE.{what}", "dispute", summary, resource, origin)


def _sum(money: Money) -> str:
    return f"{amounts.text(money.currency, money.units)} {money.currency}"
