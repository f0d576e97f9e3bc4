"""PCI DSS, SAQ A: after paying in every way no card number, security code or expiry date is anywhere with us.

Cards are typed where payers type them: in the gateway's fields, on its pages, at the bank. What is looked
through is everything that we keep or tell: all texts of the database (queues and outbox are in it), the log,
the mails, the metrics; also after somebody has sent a card's number to the wrong place.
"""

import re
from collections.abc import Iterator, Sequence
from email import message_from_bytes
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from bookingd.sandbox.stripe.sandbox import SECRET_KEY
from bookingd.storage.database import Database
from tests.acceptance.conftest import Agency, Open
from tests.acceptance.daemon import until
from tests.acceptance.guest import Guest, Refused

GOOD, DECLINED, BROKE = "4242424242424242", "4000000000000002", "4000000000009995"
SECURE, SECURE_DECLINED, REVIEWED = "4000002760003184", "4000008400001629", "4000000000009235"
AMEX = "378282246310005"
CARDS = (GOOD, DECLINED, BROKE, SECURE, SECURE_DECLINED, REVIEWED, AMEX)
CODE, MONTH, YEAR = "907", "11", "2043"
EXPIRIES = (f"{MONTH}/43", f"{MONTH}/{YEAR}", f"{YEAR}-{MONTH}", f"{MONTH}43{CODE}")
KINDS = ["text", "json", "jsonb", "bytea", "character varying", "ARRAY", "USER-DEFINED"]
FIELDS = re.compile(r"cvc|cvv|security_code|exp_month|exp_year|card\[number\]|\bpan\b", re.IGNORECASE)
"""What such data would be called."""


@pytest.fixture
async def agency(agency_of: Open) -> Agency:
    return await agency_of(30)


async def _typed(agency: Agency, number: str) -> str:
    """A token of what somebody typed into the gateway's fields, which talk to the gateway alone."""
    card = {
        "number": number,
        "exp_month": MONTH,
        "exp_year": YEAR,
        "cvc": CODE + ("1" if number == AMEX else ""),
    }
    form = {f"payment_method_data[card][{name}]": value for name, value in card.items()}
    form["payment_method_data[type]"] = "card"
    headers = {"Authorization": f"Bearer {SECRET_KEY}"}
    async with (
        aiohttp.ClientSession(headers=headers) as browser,
        browser.post(f"{agency.gateway.url}/v1/confirmation_tokens", data=form) as answer,
    ):
        token: str = (await answer.json())["id"]
    return token


async def _sends(page: str, **form: str) -> None:
    """A payer's browser at a page of the gateway or the bank, and back at ours."""
    async with aiohttp.ClientSession() as browser, browser.post(page, data=form) as answer:
        assert answer.status == 200, await answer.text()


async def _booked(guest: Guest, agency: Agency) -> str:
    return await guest.book((await guest.search(agency.world))[0]["id"])


async def _pays(guest: Guest, reference: str, token: str) -> None:
    await guest.post(
        f"/v1/bookings/{reference}/payments", {"gateway": "stripe", "payment_method": token}, wait=10
    )


async def _by_cards(guest: Guest, agency: Agency) -> None:
    """Declined, declined, and good; good at once; with a proof, and refused after one; reviewed."""
    for numbers in ((DECLINED, BROKE, GOOD), (AMEX,)):
        reference = await _booked(guest, agency)
        for number in numbers:
            await _pays(guest, reference, await _typed(agency, number))
        await guest.sees(reference, "confirmed")
    reference = await _booked(guest, agency)
    for number in (SECURE_DECLINED, SECURE):
        await _pays(guest, reference, await _typed(agency, number))
        page = await guest.asked_to_act(reference)
        await _sends(page, outcome="complete")
        await until(lambda: _left(guest, reference))
    await guest.sees(reference, "confirmed")
    await _pays(guest, await _booked(guest, agency), await _typed(agency, REVIEWED))


async def _left(guest: Guest, reference: str) -> bool:
    """Whether no payment of it waits for its payer any more."""
    paid = (await guest.booking(reference))["payments"]
    return all(one["state"] not in {"created", "requires_action"} for one in paid)


async def _by_pages(guest: Guest, agency: Agency) -> None:
    """On Stripe's own page, and at PayPal's."""
    reference = await _booked(guest, agency)
    await guest.post(f"/v1/bookings/{reference}/payments", {"gateway": "stripe"})
    card = {"wallet": "", "number": GOOD, "expiry": f"{MONTH}/43", "cvc": CODE}
    await _sends(await guest.asked_to_act(reference), **card)
    await guest.sees(reference, "confirmed")
    reference = await _booked(guest, agency)
    await guest.post(f"/v1/bookings/{reference}/payments", {"gateway": "paypal"})
    page = await guest.asked_to_act(reference)
    order = page.rpartition("=")[2]
    await agency.gateway.tell_paypal(f"/orders/{order}/approve")
    await guest.sees(reference, "confirmed")


async def _sent_to_the_wrong_place(guest: Guest, agency: Agency) -> None:
    """A client that takes us for the gateway."""
    reference = await _booked(guest, agency)
    path = f"/v1/bookings/{reference}/payments"
    for body in (
        {"gateway": "stripe", "payment_method": GOOD},
        {"gateway": "stripe", "card": {"number": GOOD, "cvc": CODE, "exp": f"{MONTH}/{YEAR}"}},
        {"gateway": GOOD, "payment_method": "pm_card_visa"},
    ):
        with pytest.raises(Refused):
            await guest.post(path, body)
    form = {"attempt": uuid4().hex, "schedule": "full", "way": "stripe", "payment_method": GOOD}
    headers = {"Sec-Fetch-Site": "same-origin", "Authorization": f"Bearer {guest.token}"}
    where = f"{agency.daemon.url}/v1/bookings/{reference}/pay"
    async with aiohttp.ClientSession() as browser, browser.post(where, data=form, headers=headers) as answer:
        assert answer.status == 422
        assert GOOD not in await answer.text()


async def _texts(database: Database) -> Iterator[tuple[str, str]]:
    """Every text, JSON and blob of the database, with its table and column."""
    async with database.connection() as connection:
        columns = await connection.fetch(
            "SELECT c.table_schema AS schema, c.table_name AS of, c.column_name AS name, c.data_type AS kind"
            " FROM information_schema.columns AS c JOIN information_schema.tables AS t"
            " USING (table_schema, table_name)"
            " WHERE c.table_schema NOT IN ('pg_catalog', 'information_schema')"
            " AND t.table_type = 'BASE TABLE' AND c.data_type = ANY ($1)",
            KINDS,
        )
        found: list[tuple[str, str]] = []
        for one in columns:
            value = f'"{one["name"]}"'
            shown = f"encode({value}, 'escape')" if one["kind"] == "bytea" else f"{value}::text"
            rows = await connection.fetch(
                f'SELECT {shown} AS told FROM "{one["schema"]}"."{one["of"]}" WHERE {value} IS NOT NULL'
            )
            found += [(f"{one['of']}.{one['name']}", row["told"]) for row in rows]
    return iter(found)


def _traces(where: str, text: str) -> Iterator[str]:
    """What of a card's data is in the text."""
    digits = re.sub(r"(?<=\d)[ -](?=\d)", "", text)
    for number in CARDS:
        if number in digits or number[:12] in digits:
            yield f"{where}: a number"
    for expiry in EXPIRIES:
        if expiry in text:
            yield f"{where}: an expiry date"
    if found := FIELDS.search(text):
        yield f"{where}: {found[0]}"
    if re.search(rf"(?i)(?:code|cv[cv])\W{{0,8}}{CODE}", text):
        yield f"{where}: a security code"


def _mails(agency: Agency) -> Sequence[tuple[str, str]]:
    """As they were sent, and each part as it is read."""
    found = []
    for file in agency.mails.directory.rglob("*.eml"):
        mail = message_from_bytes(file.read_bytes())
        parts = [part.get_payload(decode=True) for part in mail.walk() if not part.is_multipart()]
        texts = [one.decode(errors="replace") for one in parts if isinstance(one, bytes)]
        found.append((f"mail {file.name}", "\n".join([mail.as_string(), *texts])))
    return found


async def _metrics(agency: Agency) -> str:
    async with aiohttp.ClientSession() as browser, browser.get(f"{agency.daemon.url}/metrics") as answer:
        return await answer.text()


async def test_no_card_data_is_anywhere_after_paying_in_every_way(agency: Agency) -> None:
    async with agency.guest() as guest:
        await _by_cards(guest, agency)
        await _by_pages(guest, agency)
        await _sent_to_the_wrong_place(guest, agency)
        await until(lambda: _told(agency))

    looked = [*await _texts(agency.database), *_mails(agency), ("log", agency.daemon.log)]
    looked.append(("metrics", await _metrics(agency)))
    tables = {where.partition(".")[0] for where, _ in looked}
    assert {"payments", "intents", "bookings", "audit_entries", "log", "metrics"} <= tables
    assert sum(where.startswith("mail ") for where, _ in looked) >= 3
    assert sorted({trace for where, text in looked for trace in _traces(where, text)}) == []


async def _told(agency: Agency) -> bool:
    return len(_mails(agency)) >= 3


@pytest.mark.parametrize(
    "text",
    [
        f'{{"number": "{GOOD}"}}',
        "4242 4242 4242 4242",
        "4242-4242-4242-4242",
        f"{MONTH}/{YEAR}",
        f'"cvc": "{CODE}"',
        f"exp_month={MONTH}",
        f"security code: {CODE}",
    ],
)
def test_what_is_looked_for_would_be_found(text: str) -> None:
    assert list(_traces("here", text))


@pytest.mark.parametrize("text", ["Visa ending in 4242", "pm_1Nv0FGQ9RKHgCVdK", "2026-11-30T12:43:09.907Z"])
def test_what_tells_which_card_it_was_is_no_card_data(text: str) -> None:
    found: list[Any] = list(_traces("here", text))
    assert found == []
