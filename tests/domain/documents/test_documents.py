"""Documents in numbers: whatever the currency, sums are exact and nothing is taken back twice."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookingd.domain.booking.state import Booking
from bookingd.domain.documents import casework
from bookingd.domain.documents.casework import Case, GivenBack, Paid
from bookingd.domain.documents.crediting import NothingToCredit, credit, remaining
from bookingd.domain.documents.document import (
    CreditReason,
    Document,
    DocumentKind,
    Draft,
    Issued,
    Party,
    numbered,
)
from bookingd.domain.documents.issuing import Occasion, invoice
from bookingd.domain.documents.taxes import Customer, NoTaxRule, Product, TaxBook, TaxRule, Treatment
from bookingd.domain.money import EXPONENTS, Money, total
from bookingd.domain.prices import LineKind, Price, PriceLine
from tests import factories

TODAY = date(2026, 12, 1)
ANNA = Party(name="Anna Weiß")
COMPANY = Party(name="Łódź Travel", city="Łódź", country="PL", tax_number="PL5260001246")

RULES = TaxBook(
    [
        TaxRule(
            country="DE",
            product=Product.FLIGHT,
            treatment=Treatment.MARGIN_SCHEME,
            valid_from=date(2020, 1, 1),
        ),
        TaxRule(
            country="DE",
            product=Product.SERVICE_FEE,
            treatment=Treatment.STANDARD,
            percent=Decimal(19),
            valid_from=date(2020, 1, 1),
        ),
        TaxRule(
            country="DE",
            product=Product.SERVICE_FEE,
            customer=Customer.EU_COMPANY,
            treatment=Treatment.REVERSE_CHARGE,
            valid_from=date(2020, 1, 1),
        ),
    ]
)

currencies = st.sampled_from(sorted(EXPONENTS))
amounts = st.integers(1, 10**9)
percents = st.sampled_from([Decimal("25.5"), Decimal(19), Decimal(27), Decimal("0.0001"), Decimal(100)])


def occasion(addressee: Party = ANNA, taxes: TaxBook = RULES) -> Occasion:
    return Occasion(issuer=factories.agency().issuer, addressee=addressee, today=TODAY, taxes=taxes)


def taxed_at(percent: Decimal) -> TaxBook:
    """Everything at that rate."""
    return TaxBook(
        TaxRule(
            country="DE",
            product=product,
            treatment=Treatment.STANDARD,
            percent=percent,
            valid_from=date(2020, 1, 1),
        )
        for product in Product
    )


def booking_of(currency: str, fares: Sequence[int], fee: int, discount: int = 0) -> Booking:
    lines = [
        PriceLine(kind=LineKind.NET, each=Money(fare, currency), count=1, room=room, label="Room")
        for room, fare in enumerate(fares, 1)
    ]
    lines.append(PriceLine(kind=LineKind.SERVICE_FEE, each=Money(fee, currency), count=1))
    if discount:
        lines.append(PriceLine(kind=LineKind.DISCOUNT, each=Money(-discount, currency), count=1))
    booking = factories.booking()
    offer = replace(booking.items[0].offer, price=Price(currency=currency, lines=tuple(lines)))
    return replace(booking, items=(replace(booking.items[0], offer=offer),))


def issued(draft: Draft, number: int = 1) -> Issued:
    prefix = {DocumentKind.RECEIPT: "REC", DocumentKind.INVOICE: "INV", DocumentKind.CREDIT_NOTE: "CRN"}
    return Issued(
        id=UUID(int=number + 1000),
        booking_id=draft.booking_id,
        subject=draft.subject,
        occasion=draft.occasion,
        document=numbered(draft.document, f"{prefix[draft.document.kind]}-2026", number),
        addressee=draft.addressee,
    )


def taken_back(original: Issued, credited: Sequence[Document], amount: Money) -> Draft:
    return credit(
        original,
        credited,
        amount=amount,
        today=TODAY,
        reason=CreditReason.REFUND,
        subject=UUID(int=len(credited)),
    )


# Invoices


@given(currencies, st.lists(amounts, min_size=1, max_size=5), amounts, percents)
def test_an_invoice_adds_up_in_every_currency(
    currency: str, fares: list[int], fee: int, percent: Decimal
) -> None:
    booking = booking_of(currency, fares, fee)

    document = invoice(booking, occasion(taxes=taxed_at(percent)), paid=()).document

    assert document.total == booking.total
    assert total((one.gross for one in document.taxes), currency) == document.total
    assert total((one.tax for one in document.taxes), currency) == document.tax
    for line in document.lines:
        exact = Decimal(line.gross.amount) * percent / (100 + percent)
        assert abs(Decimal(line.tax.amount) - exact) <= Decimal("0.5")
        assert line.net + line.tax == line.gross


@given(st.data(), currencies, st.lists(amounts, min_size=1, max_size=4), amounts, percents)
def test_credit_notes_take_back_all_of_an_invoice_and_no_more(
    data: st.DataObject, currency: str, fares: list[int], fee: int, percent: Decimal
) -> None:
    """Whatever the parts: each line and its tax come to nothing in the end, and never go below it."""
    discount = data.draw(st.integers(0, sum(fares) // 2))
    booking = booking_of(currency, fares, fee, discount)
    original = issued(invoice(booking, occasion(taxes=taxed_at(percent)), paid=()))
    notes: list[Document] = []
    while (rest := remaining(original.document, notes)).amount:
        most = rest.amount
        part = most if len(notes) == 4 else data.draw(st.integers(1, most))
        note = taken_back(original, notes, Money(part, currency)).document
        assert note.total == Money(-part, currency)
        notes.append(note)
        for number, line in enumerate(original.document.lines):
            back = [one for each in notes for one in each.lines if one.corrects == number]
            assert abs(sum(one.gross.amount for one in back)) <= abs(line.gross.amount)
            assert abs(sum(one.tax.amount for one in back)) <= abs(line.tax.amount)

    assert total((note.tax for note in notes), currency) == -original.document.tax


@pytest.mark.parametrize("amount", [0, -1, 10_001])
def test_no_more_is_taken_back_than_is_left(amount: int) -> None:
    original = issued(invoice(factories.booking(), occasion(), paid=()))

    with pytest.raises(NothingToCredit):
        taken_back(original, [], Money(amount, "EUR"))


def test_net_and_markup_are_in_no_document() -> None:
    document = invoice(factories.booking(), occasion(), paid=()).document

    assert [(line.kind, line.gross.amount) for line in document.lines] == [
        ("fare", 9_000),
        ("fee", 500),
        ("tax", 500),
    ]


def test_what_is_paid_at_the_hotel_is_not_ours_to_invoice() -> None:
    booking = booking_of("EUR", [9_000], 500)
    price = booking.items[0].offer.price
    there = PriceLine(kind=LineKind.TAX, each=Money(300, "EUR"), count=1, at_property=True)
    offer = replace(booking.items[0].offer, price=replace(price, lines=(*price.lines, there)))
    booking = replace(booking, items=(replace(booking.items[0], offer=offer),))

    assert invoice(booking, occasion(), paid=()).document.total == Money(9_500, "EUR")


# Taxes


def test_the_fee_is_taxed_and_the_margin_is_not_shown() -> None:
    document = invoice(factories.booking(), occasion(), paid=()).document

    told = [(one.treatment, one.percent, one.tax.amount, one.gross.amount) for one in document.taxes]
    assert told == [
        (Treatment.MARGIN_SCHEME, None, 0, 9_500),
        (Treatment.STANDARD, Decimal(19), 80, 500),
    ]
    assert {line.rule for line in document.lines} == {
        "DE/flight/anybody/2020-01-01@1",
        "DE/service_fee/anybody/2020-01-01@1",
    }


@pytest.mark.parametrize(
    ("addressee", "treatment"),
    [
        (COMPANY, Treatment.REVERSE_CHARGE),
        (replace(COMPANY, country="DE", tax_number="DE136695976"), Treatment.STANDARD),
        (replace(COMPANY, tax_number=""), Treatment.STANDARD),
        (replace(COMPANY, country="CH", tax_number="CHE-123"), Treatment.STANDARD),
    ],
)
def test_a_company_of_another_member_state_owes_the_tax_itself(
    addressee: Party, treatment: Treatment
) -> None:
    document = invoice(factories.booking(), occasion(addressee), paid=()).document

    (fee,) = [line for line in document.lines if line.kind == "fee"]
    assert fee.treatment is treatment
    assert document.total == factories.TOTAL, "P8: the price was agreed to"


def test_a_rule_counts_from_its_first_day_to_its_last_in_its_last_version() -> None:
    def rule(percent: int, since: date, until: date | None = None, version: int = 1) -> TaxRule:
        return TaxRule(
            country="EE",
            product=Product.SERVICE_FEE,
            treatment=Treatment.STANDARD,
            percent=Decimal(percent),
            valid_from=since,
            valid_until=until,
            version=version,
        )

    new = date(2025, 7, 1)
    book = TaxBook([rule(22, date(2024, 1, 1), date(2025, 6, 30)), rule(23, new), rule(24, new, version=2)])

    def found(day: date) -> str:
        wanted = book.rule(country="EE", product=Product.SERVICE_FEE, customer=Customer.ANYBODY, on=day)
        return wanted.reference

    assert found(date(2025, 6, 30)) == "EE/service_fee/anybody/2024-01-01@1"
    assert found(new) == "EE/service_fee/anybody/2025-07-01@2"
    with pytest.raises(NoTaxRule):
        found(date(2023, 12, 31))


def test_nothing_is_guessed_where_no_rule_counts() -> None:
    with pytest.raises(NoTaxRule, match="flight is taxed in DE"):
        invoice(factories.booking(), occasion(taxes=TaxBook([])), paid=())


@pytest.mark.parametrize(
    ("treatment", "percent"),
    [
        (Treatment.STANDARD, None),
        (Treatment.STANDARD, Decimal(0)),
        (Treatment.STANDARD, Decimal("100.01")),
        (Treatment.EXEMPT, Decimal(19)),
        (Treatment.OUTSIDE, None),
    ],
)
def test_a_rule_that_cannot_be_is_refused(treatment: Treatment, percent: Decimal | None) -> None:
    with pytest.raises(ValueError, match=r"rate|supply"):
        TaxRule(country="DE", product=Product.HOTEL, treatment=treatment, percent=percent, valid_from=TODAY)


# What a booking's money calls for

FIRST, SECOND = factories.payment_id(1), factories.payment_id(2)


class Desk:
    """Issues what is missing, and keeps it."""

    def __init__(self, *paid: Paid) -> None:
        self.case = Case(booking=factories.booking(), addressee=ANNA, paid=paid)

    def now_paid(self, *paid: Paid) -> None:
        self.case.paid = paid

    def keep(self, drafts: object) -> list[str]:
        told = []
        for draft in drafts:  # type: ignore[attr-defined]
            one = issued(draft, len(self.case.issued) + 1)
            self.case.issued.append(one)
            told.append(f"{one.document.kind} {one.document.total}")
        return told

    def captured(self, payment: object = FIRST) -> list[str]:
        return self.keep(casework.on_capture(self.case, occasion(), payment))  # type: ignore[arg-type]

    def sold(self) -> list[str]:
        return self.keep(casework.on_sale(self.case, occasion()))

    def refunded(self, payment: object = FIRST) -> list[str]:
        return self.keep(casework.on_refund(self.case, occasion(), payment))  # type: ignore[arg-type]

    def ended(self, kept: Money | None = None) -> list[str]:
        return self.keep(casework.on_end(self.case, occasion(), kept=kept))

    def addressed(self, addressee: Party) -> list[str]:
        self.case.addressee = addressee
        return self.keep(casework.on_new_address(self.case, occasion(addressee)))

    @property
    def sum(self) -> int:
        """What all documents but receipts come to, and the credit notes of those."""
        receipts = {
            one.document.number for one in self.case.issued if one.document.kind is DocumentKind.RECEIPT
        }
        counted = [
            one.document
            for one in self.case.issued
            if one.document.number not in receipts and one.document.corrects not in receipts
        ]
        return sum(one.total.amount for one in counted)


def paid(amount: int, *refunds: int, number: int = 1, gateway: str = "stripe") -> Paid:
    return Paid(
        id=factories.payment_id(number),
        gateway=gateway,
        captured=Money(amount, "EUR"),
        refunds=tuple(
            GivenBack(id=UUID(int=number * 100 + place), amount=Money(one, "EUR"))
            for place, one in enumerate(refunds)
        ),
    )


def test_every_payment_has_its_receipt_once() -> None:
    desk = Desk(paid(4_000), paid(6_000, number=2))

    assert desk.captured(FIRST) == ["receipt 40.00 EUR"]
    assert desk.captured(FIRST) == []
    assert desk.captured(SECOND) == ["receipt 60.00 EUR"]


def test_what_is_captured_later_of_a_payment_has_a_receipt_of_its_own() -> None:
    desk = Desk(paid(4_000))
    desk.captured()
    desk.now_paid(paid(10_000))

    assert desk.captured() == ["receipt 60.00 EUR"]


def test_an_invoice_tells_what_is_paid_and_what_is_due() -> None:
    desk = Desk(paid(4_000))

    assert desk.sold() == ["invoice 100.00 EUR"]
    assert desk.sold() == []
    assert desk.case.issued[0].document.due == Money(6_000, "EUR")


def test_what_is_on_account_is_invoiced_and_not_received() -> None:
    desk = Desk(paid(10_000, gateway="credit"))

    assert (desk.captured(), desk.sold()) == ([], ["invoice 100.00 EUR"])
    assert desk.case.issued[0].document.due == Money(10_000, "EUR")
    desk.now_paid(paid(10_000, 3_000, gateway="credit"))
    assert desk.refunded() == ["credit_note -30.00 EUR"]


def test_refunds_take_the_invoice_back_each_once() -> None:
    desk = Desk(paid(10_000))
    desk.sold()
    desk.now_paid(paid(10_000, 3_000))

    desk.captured()
    assert desk.refunded() == ["credit_note -30.00 EUR"]
    assert desk.refunded() == []
    desk.now_paid(paid(10_000, 3_000, 7_000))
    assert desk.refunded() == ["credit_note -70.00 EUR"]
    assert desk.sum == 0


def test_giving_back_a_payment_that_was_made_twice_leaves_the_invoice() -> None:
    """https://github.com/pretix/pretix/issues/343: refunds are per payment."""
    desk = Desk(paid(10_000), paid(10_000, number=2))
    desk.captured(FIRST)
    desk.captured(SECOND)
    desk.sold()
    desk.now_paid(paid(10_000), paid(10_000, 10_000, number=2))

    assert desk.refunded(SECOND) == ["credit_note -100.00 EUR"]
    (note,) = desk.case.of_kind(DocumentKind.CREDIT_NOTE)
    (_, second) = desk.case.of_kind(DocumentKind.RECEIPT)
    assert note.document.corrects == second.document.number
    assert desk.sum == 10_000


def test_money_that_came_too_late_is_taken_back_from_its_receipt() -> None:
    desk = Desk(paid(10_000, 10_000))

    assert desk.refunded() == ["receipt 100.00 EUR", "credit_note -100.00 EUR"]
    assert desk.refunded() == []


def test_an_unpaid_invoice_is_taken_back_when_the_booking_ends() -> None:
    desk = Desk()
    desk.sold()

    assert desk.ended() == ["credit_note -100.00 EUR"]
    assert desk.ended() == []
    assert desk.sold() == [], "what was called off is not invoiced again"


def test_what_is_kept_of_a_cancelled_booking_stays_invoiced() -> None:
    desk = Desk(paid(10_000))
    desk.captured()
    desk.sold()

    assert desk.ended(Money(3_000, "EUR")) == ["credit_note -70.00 EUR"]
    assert desk.ended(Money(3_000, "EUR")) == []
    desk.now_paid(paid(10_000, 7_000))
    desk.refunded()
    assert desk.sum == 3_000


@pytest.mark.parametrize("first", ["cancelled", "refunded"])
def test_a_cancellation_and_its_refund_take_the_invoice_back_once(first: str) -> None:
    """Whichever is told first."""
    desk = Desk(paid(10_000))
    desk.captured()
    desk.sold()
    desk.now_paid(paid(10_000, 7_000))
    if first == "refunded":
        desk.refunded()
    desk.ended(Money(3_000, "EUR"))
    desk.refunded()

    assert desk.sum == 3_000


def test_another_addressee_means_a_credit_note_and_another_invoice() -> None:
    desk = Desk(paid(10_000, 2_500))
    desk.captured()
    desk.sold()
    desk.refunded()

    assert desk.addressed(COMPANY) == ["credit_note -75.00 EUR", "invoice 75.00 EUR"]
    assert desk.addressed(COMPANY) == []
    present = desk.case.invoice
    assert present is not None
    assert (present.addressee, desk.sum) == (COMPANY, 7_500)
    assert {line.treatment for line in present.document.lines if line.kind == "fee"} == {
        Treatment.REVERSE_CHARGE
    }
    assert desk.addressed(ANNA) == ["credit_note -75.00 EUR", "invoice 75.00 EUR"]


def test_without_an_invoice_another_addressee_means_nothing_yet() -> None:
    assert Desk().addressed(COMPANY) == []
