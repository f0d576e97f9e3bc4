"""Documents as PDF: readable by machines and people, in every script, the same bytes each time."""

import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date

import pytest
from pypdf import PdfReader

from bookingd.documents.printer import Printer, PrinterAway
from bookingd.documents.printing import print_document
from bookingd.domain.documents.crediting import credit
from bookingd.domain.documents.document import AppliedPayment, CreditReason, Document, Party
from bookingd.domain.documents.issuing import invoice, receipt
from bookingd.domain.money import Money
from tests import factories
from tests.domain.documents.test_documents import ANNA, COMPANY, FIRST, issued, occasion

BOOKING = factories.booking()


def numbered_invoice(addressee: Party = ANNA) -> Document:
    paid = AppliedPayment(payment_id=FIRST, gateway="stripe", amount=Money(4_000, "EUR"))
    return issued(invoice(BOOKING, occasion(addressee), paid=[paid])).document


def read(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def printed(document: Document, addressee: Party | None) -> str:
    return read(print_document(document, addressee))


def test_an_invoice_says_what_the_law_wants() -> None:
    """Directive 2006/112/EC, article 226."""
    told = printed(numbered_invoice(COMPANY), COMPANY)

    for wanted in (
        "Invoice",
        "INV-2026-000001",
        "1 December 2026",
        "2 December 2026",
        "Example Travel GmbH, Hauptstrasse 1, 60311 Frankfurt am Main, DE, Tax number DE136695976",
        "Łódź Travel",
        "PL5260001246",
        "Reverse charge: the customer is liable for the tax.",
        "Margin scheme - travel agents",
        "100.00 EUR",
        "-40.00 EUR",
        "60.00 EUR",
        BOOKING.reference,
    ):
        assert wanted in told


def test_tax_is_told_by_rate() -> None:
    told = printed(numbered_invoice(), ANNA)

    assert "19 % on 4.20 EUR net" in told
    assert "0.80 EUR" in told


@pytest.mark.parametrize(
    ("gateway", "told"),
    [("paypal", "by PayPal"), ("transfer", "by bank transfer"), ("cash", "in cash"), ("other", "by other")],
)
def test_a_receipt_says_how_it_was_paid_in_words_for_its_payer(gateway: str, told: str) -> None:
    amount = Money(10_000, "EUR")
    draft = receipt(BOOKING, occasion(), payment_id=FIRST, gateway=gateway, amount=amount, taken=amount)

    assert f"Payment received {told}" in printed(issued(draft).document, ANNA)


def test_a_receipt_tells_no_tax() -> None:
    amount = Money(10_000, "EUR")
    draft = receipt(BOOKING, occasion(), payment_id=FIRST, gateway="stripe", amount=amount, taken=amount)

    told = printed(issued(draft).document, ANNA)

    assert "Payment received by card" in told
    assert "Margin scheme" not in told


def test_a_credit_note_names_what_it_corrects() -> None:
    original = issued(invoice(BOOKING, occasion(), paid=()))
    draft = credit(
        original,
        [],
        amount=Money(10_000, "EUR"),
        today=date(2026, 12, 5),
        reason=CreditReason.REFUND,
        subject=original.id,
    )

    told = printed(issued(draft, 7).document, ANNA)

    assert "CRN-2026-000007" in told
    assert "INV-2026-000001" in told
    assert "-100.00 EUR" in told


@pytest.mark.parametrize(
    "name",
    [
        "Łukasz Żółć",
        "Đặng Thị Ngọc",
        "Анна Петрова",
        "Ελένη Παπαδοπούλου",
        "王小明",
        "たなか さくら",
        "김철수",
        "สมชาย",
        "Գրիգոր",
        "გიორგი",
    ],
)
def test_a_name_is_read_as_it_is_written(name: str) -> None:
    told = printed(numbered_invoice(), replace(ANNA, name=name))

    assert name in told
    assert "U+" not in told


@pytest.mark.parametrize("name", ["محمد علي", "שלום כהן", "राम कुमार", "শেখ হাসিনা"])
def test_every_letter_of_a_name_that_is_shaped_or_written_from_the_right_is_there(name: str) -> None:
    """Readers order and join such letters differently, so they are counted."""
    told = printed(numbered_invoice(), replace(ANNA, name=name))

    assert set(name) <= set(told)
    assert "U+" not in told


@pytest.mark.parametrize("strange", ["😀", "\U00012000", "\U000f0000"])
def test_what_no_font_has_is_told_by_number(strange: str) -> None:
    told = printed(numbered_invoice(), replace(ANNA, name=f"Anna {strange}"))

    assert f"[U+{ord(strange):04X}]" in told
    assert "Characters that cannot be printed" in told


def test_who_is_erased_is_said_to_be() -> None:
    assert "(erased" in printed(numbered_invoice(), None)


def test_a_long_document_goes_on_with_its_issuer_on_every_page() -> None:
    document = numbered_invoice()
    pdf = print_document(replace(document, lines=document.lines * 40), ANNA)

    pages = [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]

    assert len(pages) > 2
    for number, page in enumerate(pages, 1):
        assert "Example Travel GmbH" in page
        assert f"INV-2026-000001, page {number}" in page


def test_a_document_has_a_title_and_a_language() -> None:
    reader = PdfReader(io.BytesIO(print_document(numbered_invoice(), ANNA)))

    assert reader.metadata is not None
    assert reader.metadata.title == "Invoice INV-2026-000001"
    assert str(reader.root_object["/Lang"]) == "en-GB"
    assert reader.metadata.creation_date is not None
    assert reader.metadata.creation_date.date() == date(2026, 12, 1)


# The printer


@pytest.fixture
async def printer() -> AsyncIterator[Printer]:
    made = Printer()
    yield made
    await made.close()


async def test_the_same_document_is_the_same_bytes(printer: Printer) -> None:
    """In another process, one second later, after other documents."""
    party = replace(ANNA, name="Анна 王 محمد")
    document = numbered_invoice(party)

    first = await printer.pdf(document, party)
    await printer.pdf(numbered_invoice(COMPANY), COMPANY)
    again = await printer.pdf(document, party)

    assert first == again == print_document(document, party)


async def test_a_worker_that_takes_too_long_is_replaced(printer: Printer) -> None:
    hasty = Printer(seconds=0.001)
    with pytest.raises(PrinterAway):
        await hasty.pdf(numbered_invoice(), ANNA)
    await hasty.close()

    assert (await printer.pdf(numbered_invoice(), ANNA)).startswith(b"%PDF-")


async def test_a_worker_that_died_is_replaced(printer: Printer) -> None:
    await printer.pdf(numbered_invoice(), ANNA)
    assert printer._worker is not None
    await printer._worker.end()

    with pytest.raises(PrinterAway):
        await printer.pdf(numbered_invoice(), ANNA)
    assert (await printer.pdf(numbered_invoice(), ANNA)).startswith(b"%PDF-")


async def test_who_finds_too_many_waiting_is_turned_away() -> None:
    printer = Printer(waiting=-1)

    with pytest.raises(PrinterAway):
        await printer.pdf(numbered_invoice(), ANNA)
