"""Money given back: by the merchant, of a capture, in parts or whole.

    PENDING -> COMPLETED | FAILED

The one rule: all refunds of a capture together are never more than it; what fails counts no more.
"""

from msgspec.structs import replace

from bookingd.sandbox.paypal import events, faults
from bookingd.sandbox.paypal.account import Work
from bookingd.sandbox.paypal.records import Capture, Money, Refund
from bookingd.sandbox.paypal.terms import Terms


def give_back(
    work: Work,
    capture: Capture,
    amount: Money | None,
    terms: Terms,
    *,
    invoice_id: str | None,
    custom_id: str | None,
    note: str | None,
) -> Refund:
    """Give back a part; all that is left where no amount is said. Raises the vendor's refusal."""
    amount = amount or Money(capture.amount.currency, capture.amount.units - capture.returned)
    _check(work, capture, amount, terms, invoice_id)
    slow = _instrument(work, capture) in {"refund_pending", "refund_failed"}
    refund = Refund(
        id=work.new_id(),
        capture=capture.id,
        amount=amount,
        status="PENDING" if slow else "COMPLETED",
        reason="ECHECK" if slow else None,
        created=work.now,
        updated=work.now,
        total=capture.returned + amount.units,
        invoice_id=invoice_id or capture.invoice_id,
        custom_id=custom_id or capture.custom_id,
        note=note,
    )
    work.put(refund)
    count(work, capture, amount.units)
    kind = "PAYMENT.REFUND.PENDING" if slow else "PAYMENT.CAPTURE.REFUNDED"
    events.refund(work, kind, refund)
    return refund


def _check(work: Work, capture: Capture, amount: Money, terms: Terms, invoice_id: str | None) -> None:
    issue = {"PENDING": "PENDING_CAPTURE", "DECLINED": "REFUND_NOT_ALLOWED", "FAILED": "REFUND_NOT_ALLOWED"}
    if capture.status in issue:
        raise faults.refused(issue[capture.status])
    if capture.returned >= capture.amount.units:
        raise faults.refused("CAPTURE_FULLY_REFUNDED")
    if work.now > capture.created + terms.refund_until:
        raise faults.refused("REFUND_TIME_LIMIT_EXCEEDED")
    if amount.currency != capture.amount.currency:
        raise faults.refused("REFUND_CAPTURE_CURRENCY_MISMATCH", field="/amount/currency_code")
    if capture.returned + amount.units > capture.amount.units:
        raise faults.refused("REFUND_AMOUNT_EXCEEDED", field="/amount/value")
    if invoice_id is not None and _is_used(work, capture, invoice_id):
        raise faults.refused("DUPLICATE_INVOICE_ID", field="/invoice_id", value=invoice_id)
    if work.account.open_dispute_of(capture.id) and amount.units < capture.amount.units - capture.returned:
        raise faults.refused("TRANSACTION_DISPUTED")
    if _instrument(work, capture) == "refund_no_funds":
        raise faults.refused("REFUND_FAILED_INSUFFICIENT_FUNDS")


def _is_used(work: Work, capture: Capture, invoice_id: str) -> bool:
    """Whether a refund of this capture has this invoice already."""
    earlier = work.account.refunds_of(capture.id)
    return any(each.invoice_id == invoice_id and each.status != "FAILED" for each in earlier)


def count(work: Work, capture: Capture, units: int) -> None:
    """So much more of a capture was given back; less, where `units` is negative."""
    returned = capture.returned + units
    status = "REFUNDED" if returned >= capture.amount.units else "PARTIALLY_REFUNDED"
    work.put(
        replace(capture, returned=returned, status=status if returned else "COMPLETED", updated=work.now)
    )


def settle(work: Work, refund: Refund) -> None:
    """A slow refund is done, or has failed."""
    if refund.status != "PENDING":
        return
    capture = work.account.captures[refund.capture]
    failed = _instrument(work, capture) == "refund_failed"
    refund = replace(
        refund,
        status="FAILED" if failed else "COMPLETED",
        reason="ECHECK" if failed else None,
        updated=work.now,
    )
    work.put(refund)
    if failed:
        count(work, capture, -refund.amount.units)
    events.refund(work, "PAYMENT.REFUND.FAILED" if failed else "PAYMENT.CAPTURE.REFUNDED", refund)


def _instrument(work: Work, capture: Capture) -> str:
    buyer = work.account.orders[capture.order].buyer
    return "" if buyer is None else buyer.instrument
