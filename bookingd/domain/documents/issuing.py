"""From a booking and its money to a receipt or an invoice.

The one rule: an invoice says what the traveller was shown, line by line, and no total is anything but the sum
of lines. Tax is rounded once, in the line that it is in. What is paid at the hotel is the hotel's to invoice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from bookingd.domain.booking.state import Booking
from bookingd.domain.documents.crediting import left
from bookingd.domain.documents.document import (
    AppliedPayment,
    Document,
    DocumentKind,
    DocumentLine,
    Draft,
    Issued,
    Issuer,
    Party,
    paid_how,
)
from bookingd.domain.documents.taxes import Product, TaxBook, TaxRule, Treatment, customer_of
from bookingd.domain.flights import Itinerary
from bookingd.domain.ids import PaymentId
from bookingd.domain.money import Money
from bookingd.domain.offers import Offer
from bookingd.domain.places import local
from bookingd.domain.prices import TravellerLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Who issues, to whom, when, and under which rules."""

    issuer: Issuer
    addressee: Party
    today: date
    """By the agency's clock."""
    taxes: TaxBook


def invoice(
    booking: Booking, occasion: Occasion, *, paid: Sequence[AppliedPayment], round_number: int = 1
) -> Draft:
    """What was sold, to the occasion's addressee; the `round_number`th of the booking. Raises NoTaxRule."""
    document = Document(
        kind=DocumentKind.INVOICE,
        booking=booking.reference,
        issued_on=occasion.today,
        supplied_on=_begins_on(booking),
        issuer=occasion.issuer,
        currency=booking.currency,
        items=tuple(described(item.offer) for item in booking.items),
        lines=tuple(_lines(booking, occasion)),
        paid=tuple(paid),
    )
    return Draft(
        document=document,
        addressee=occasion.addressee,
        booking_id=booking.id,
        subject=booking.id,
        occasion=str(round_number),
    )


def readdressed(
    original: Issued, credited: Sequence[Document], occasion: Occasion, *, round_number: int
) -> Draft:
    """What is left of an invoice, to the occasion's addressee: taxed as it was on the original's day.

    Raises NoTaxRule.
    """
    document = replace(
        original.document,
        number="",
        addressee="",
        issued_on=occasion.today,
        issuer=occasion.issuer,
        lines=tuple(
            line if line.product is None else taxed(line, _rule_of(line.product, original, occasion))
            for line in left(original.document, credited)
        ),
    )
    return Draft(
        document=document,
        addressee=occasion.addressee,
        booking_id=original.booking_id,
        subject=original.subject,
        occasion=str(round_number),
    )


def _rule_of(product: Product, original: Issued, occasion: Occasion) -> TaxRule:
    return rule_for(product, occasion, on=original.document.issued_on)


def receipt(
    booking: Booking, occasion: Occasion, *, payment_id: PaymentId, gateway: str, amount: Money, taken: Money
) -> Draft:
    """That `amount` came in by a payment, of which `taken` is taken by now. No supply, and so no tax."""
    line = DocumentLine(
        kind="payment",
        label=f"Payment received {paid_how(gateway)}",
        gross=amount,
        tax=Money.zero(amount.currency),
        treatment=Treatment.OUTSIDE,
    )
    document = Document(
        kind=DocumentKind.RECEIPT,
        booking=booking.reference,
        issued_on=occasion.today,
        issuer=occasion.issuer,
        currency=amount.currency,
        items=tuple(described(item.offer) for item in booking.items),
        lines=(line,),
    )
    return Draft(
        document=document,
        addressee=occasion.addressee,
        booking_id=booking.id,
        subject=payment_id,
        occasion=str(taken.amount),
    )


def described(offer: Offer) -> str:
    """What is sold, in a line: where from and to, and when."""
    return "; ".join(_ways(offer.itinerary))


def _ways(itinerary: Itinerary) -> Iterator[str]:
    for part in itinerary.slices:
        first = part.segments[0]
        flights = ", ".join(segment.designator for segment in part.segments)
        day = local(first.departs_at, first.origin_zone).date()
        yield f"Flight {first.origin} to {part.segments[-1].destination}, {day}, {flights}"


def _begins_on(booking: Booking) -> date:
    """The day of the first departure, by the clock there."""
    starts = (item.offer.itinerary.slices[0].segments[0] for item in booking.items)
    return min(local(first.departs_at, first.origin_zone).date() for first in starts)


def _lines(booking: Booking, occasion: Occasion) -> Iterator[DocumentLine]:
    for number, item in enumerate(booking.items):
        for line in item.offer.price.for_traveller().lines:
            if not line.at_property:
                product = Product.SERVICE_FEE if line.kind == "fee" else Product.FLIGHT
                yield _line(line, number, product, rule_for(product, occasion, on=occasion.today))


def rule_for(product: Product, occasion: Occasion, *, on: date) -> TaxRule:
    """How the product is taxed for the addressee. Raises NoTaxRule."""
    agency, addressee = occasion.issuer.party.country, occasion.addressee
    customer = customer_of(agency=agency, country=addressee.country, tax_number=addressee.tax_number)
    return occasion.taxes.rule(country=agency, product=product, customer=customer, on=on)


def taxed(line: DocumentLine, rule: TaxRule) -> DocumentLine:
    """The line under that rule; its tax is rounded here, once."""
    return replace(
        line,
        tax=rule.tax_in(line.gross),
        treatment=rule.treatment,
        percent=rule.percent,
        rule=rule.reference,
    )


def _line(line: TravellerLine, item: int, product: Product, rule: TaxRule) -> DocumentLine:
    untaxed = DocumentLine(
        kind=line.kind,
        label=line.label,
        count=line.count,
        passenger=line.passenger or "",
        product=product,
        item=item,
        gross=line.amount,
        tax=Money.zero(line.amount.currency),
        treatment=rule.treatment,
    )
    return taxed(untaxed, rule)
