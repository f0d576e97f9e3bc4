"""Documents over HTTP: to whom the booking opens and to nobody else; each wrong field of an address named."""

import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pypdf import PdfReader

from bookingd.config import Settings
from bookingd.config.sections import Agency
from bookingd.documents.printer import Printer, PrinterAway
from bookingd.domain.booking.state import Booking
from bookingd.domain.documents.document import Party
from bookingd.storage.database import Connection
from bookingd.tokens import Purpose
from handlers.documents.billing import MOST_INVOICES
from tests.fakes.documents import plant_invoice
from tests.handlers.conftest import PUBLIC, Api, MakeApi

COMPANY = {
    "name": "Πειραιάς 東京",
    "address_lines": ["Οδός 1"],
    "postcode": "10558",
    "city": "Αθήνα",
    "country": "GR",
    "tax_number": "el 094259216",
}


@pytest.fixture
async def booking(api: Api) -> Booking:
    return await api.booked()


async def issue(api: Api, booking: Booking, addressee: Party) -> str:
    """An invoice of the booking."""
    parts = api.parts
    return await plant_invoice(parts.database, parts.sources, booking, addressee, now=api.clock.now())


async def sent(api: Api) -> list[str]:
    """The names of what was sent to the payment actor."""
    async with api.parts.database.connection() as connection:
        rows = await connection.fetch("SELECT bundle FROM outbox WHERE destination = 'payment'")
    return [
        name
        for row in rows
        for name in ("payment.address_invoice", "payment.issue_invoice")
        if name.encode() in row["bundle"]
    ]


async def test_a_booking_lists_its_documents(api: Api, booking: Booking) -> None:
    here = f"/v1/bookings/{booking.reference}/documents"
    assert await api.get(here) == {"documents": []}
    number = await issue(api, booking, Party(name="Anna"))

    (line,) = (await api.get(here))["documents"]

    assert (line["number"], line["kind"], line["link"]) == (number, "invoice", f"{here}/{number}")
    assert line["total"]["amount"] == booking.total.amount


async def test_a_document_is_json_to_programs(api: Api, booking: Booking) -> None:
    number = await issue(api, booking, Party(name="Anna", country="DE"))

    body = await api.get(f"/v1/bookings/{booking.reference}/documents/{number}")

    assert body["addressee"] == {
        "name": "Anna",
        "address_lines": [],
        "postcode": "",
        "city": "",
        "country": "DE",
        "tax_number": None,
    }
    assert body["total"]["amount"] == booking.total.amount
    assert sum(line["gross"]["amount"] for line in body["lines"]) == booking.total.amount
    assert {line["kind"] for line in body["lines"]} <= {"fare", "fee", "tax"}
    assert "net" not in {line["label"].lower() for line in body["lines"]}
    assert body["due"] == body["total"]


@pytest.mark.parametrize("accept", ["application/pdf", "text/html,application/xhtml+xml,*/*;q=0.8"])
async def test_a_document_is_paper_to_whoever_prefers_it(api: Api, booking: Booking, accept: str) -> None:
    number = await issue(api, booking, Party(name="Ελένη 王"))
    where = f"/v1/bookings/{booking.reference}/documents/{number}"

    first = await fetch(api, where, accept)
    again = await fetch(api, where, accept)

    assert first == again
    told = PdfReader(io.BytesIO(first[1])).pages[0].extract_text()
    assert number in told
    assert "Ελένη 王" in told
    assert first[0]["Content-Type"] == "application/pdf"
    assert first[0]["Content-Disposition"] == f'inline; filename="{number}.pdf"'
    assert (await fetch(api, where, accept, known=first[0]["ETag"]))[1] == b""


async def fetch(api: Api, where: str, accept: str, known: str = "") -> tuple[dict[str, str], bytes]:
    headers = {"Accept": accept, "Authorization": f"Bearer {api.token}", "If-None-Match": known}
    async with api.client.get(where, headers=headers) as answer:
        kept = ("Content-Type", "Content-Disposition", "ETag")
        return {name: answer.headers.get(name, "") for name in kept}, await answer.read()


async def test_a_printer_that_is_away_says_when_to_come_again(make_api: MakeApi) -> None:
    class Away(Printer):
        async def pdf(self, *_: Any) -> bytes:
            raise PrinterAway

    api = await (await make_api(printer=Away())).somebody()
    booking = await api.booked()
    number = await issue(api, booking, Party(name="Anna"))

    problem = await api.get(
        f"/v1/bookings/{booking.reference}/documents/{number}", headers={"Accept": "application/pdf"}
    )

    assert (api.status, problem["type"]) == (503, "/problems/unavailable")


async def test_the_link_of_a_mail_opens_documents_and_bills_nobody(api: Api, booking: Booking) -> None:
    """P10: a mail may be forwarded."""
    number = await issue(api, booking, Party(name="Anna"))
    expires_at = api.clock.now() + timedelta(days=1)
    link = api.parts.signer.sign(Purpose.LINK, str(booking.id), expires_at=expires_at)
    nobody, here = api.nobody(), f"/v1/bookings/{booking.reference}"

    for where in (f"{here}/documents", f"{here}/documents/{number}"):
        await nobody.get(f"{where}?link={link}")
        assert nobody.status == 200
    await nobody.get(f"{here}/billing?link={link}")
    assert nobody.status == 404


async def test_a_document_of_another_booking_is_not_there(api: Api, booking: Booking) -> None:
    other = await api.booked()
    number = await issue(api, other, Party(name="Anna"))

    await api.get(f"/v1/bookings/{booking.reference}/documents/{number}")

    assert api.status == 404


# Billing


async def test_a_company_is_named_and_named_again(api: Api, booking: Booking, connection: Connection) -> None:
    where = f"/v1/bookings/{booking.reference}/billing"
    assert await api.get(where) == {"billing": None}

    named = await api.ask("PUT", where, json=COMPANY)
    await api.ask("PUT", where, json=COMPANY)

    assert api.status == 200
    assert named["billing"] == {**COMPANY, "tax_number": "EL094259216"}
    assert await api.get(where) == named
    assert await sent(api) == ["payment.address_invoice"] * 2
    (entry,) = await connection.fetch(
        "SELECT DISTINCT canonical #>> '{details,country}' AS country, canonical::text AS text"
        " FROM audit_entries WHERE action = 'booking.billing_changed' LIMIT 1"
    )
    assert entry["country"] == "GR"
    assert COMPANY["name"] not in entry["text"]


@pytest.mark.parametrize(
    ("wrong", "fields"),
    [
        ({"name": ""}, {"name"}),
        ({"name": "a\nb"}, {"name"}),
        ({"address_lines": []}, {"address_lines"}),
        ({"address_lines": ["1"] * 5}, {"address_lines"}),
        ({"address_lines": ["", "x" * 101]}, {"address_lines[0]", "address_lines[1]"}),
        ({"postcode": "1" * 21}, {"postcode"}),
        ({"city": None}, {"city"}),
        ({"country": "gr"}, {"country"}),
        ({"country": "XX", "city": 7}, {"country", "city"}),
        ({"tax_number": "EL094259217"}, {"tax_number"}),
        ({"tax_number": "DE136695976"}, {"tax_number"}),
        ({"country": "CH", "tax_number": "?"}, {"tax_number"}),
        ({"vat": "DE136695976"}, {"vat"}),
    ],
)
async def test_each_wrong_field_is_named(
    api: Api, booking: Booking, wrong: dict[str, object], fields: set[str]
) -> None:
    problem = await api.ask("PUT", f"/v1/bookings/{booking.reference}/billing", json={**COMPANY, **wrong})

    assert (api.status, problem["type"]) == (422, "/problems/invalid-fields")
    assert {error["field"] for error in problem["errors"]} == fields
    assert await sent(api) == []


async def test_a_person_needs_no_tax_number(api: Api, booking: Booking) -> None:
    person = {name: told for name, told in COMPANY.items() if name not in {"tax_number", "postcode"}}

    named = await api.ask("PUT", f"/v1/bookings/{booking.reference}/billing", json=person)

    assert (api.status, named["billing"]["tax_number"]) == (200, None)


async def test_nobody_has_a_booking_invoiced_again_and_again(api: Api, booking: Booking) -> None:
    parts = api.parts
    for number in range(1, MOST_INVOICES + 1):
        await plant_invoice(
            parts.database,
            parts.sources,
            booking,
            Party(name=f"Anna {number}"),
            now=api.clock.now(),
            round_number=number,
        )

    problem = await api.ask("PUT", f"/v1/bookings/{booking.reference}/billing", json=COMPANY)

    assert (api.status, problem["type"]) == (409, "/problems/booking-state")
    assert await sent(api) == []


# Invoices before their time


async def test_invoices_come_by_themselves(api: Api, booking: Booking) -> None:
    problem = await api.post(f"/v1/bookings/{booking.reference}/invoices", {})

    assert (api.status, problem["type"]) == (409, "/problems/booking-state")


async def test_where_the_agency_does_so_an_invoice_is_asked_for(make_api: MakeApi) -> None:
    agency = replace(Agency(), early_invoices=True)
    api = await (await make_api(settings=Settings(public_url=PUBLIC, agency=agency))).somebody()
    booking = await api.booked()

    await api.post(f"/v1/bookings/{booking.reference}/invoices", {})

    assert api.status == 202
    assert await sent(api) == ["payment.issue_invoice"]
