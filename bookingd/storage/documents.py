"""Documents: numbered without a gap, stored with their transaction, and never changed.

The one rule: whoever issues takes a turn first (`take_turn`), and looks only then at what there is. The turn
is the row of the series: a number is taken exactly when its document is stored, and the next one waits.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

import asyncpg
import msgspec

from bookingd.domain.audit import SALT_BYTES as SALT
from bookingd.domain.audit import canonical, commitment
from bookingd.domain.documents.casework import GivenBack, Paid
from bookingd.domain.documents.document import Document, DocumentKind, Draft, Issued, Party, numbered
from bookingd.domain.ids import BookingId, PaymentId
from bookingd.domain.money import Money
from bookingd.messages import codec
from bookingd.sources import Sources
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

TAKE_TURN = query("documents.take_turn")
STORE = query("documents.store")
OF_BOOKINGS = query("documents.of_bookings")
MONEY_OF = query("documents.money_of")
GAPS = query("documents.gaps")
CHANGED = query("documents.changed")
BILL_TO = query("documents.bill_to")
BILLING_OF = query("documents.billing_of")
DUE_ADDRESSEES = query("documents.due_addressees")
FORGET_ADDRESSEES = query("documents.forget_addressees")


class DocumentChanged(Exception):
    """A stored document, or whom it is for, is not what was stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A series whose numbers are not 1 to the last one, each once."""

    series: str
    last: int
    documents: int
    highest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A document in its series, as it is written down."""

    issued: Issued
    series: str
    number: int
    salt: bytes


class Turn:
    """The right to number: what this transaction issues, in the order in which it does."""

    def __init__(self, series: Mapping[DocumentKind, str], last: Mapping[str, int]) -> None:
        self._series = series
        self._last = dict(last)
        self.placed: list[Placed] = []

    def place(self, draft: Draft, *, sources: Sources) -> Issued:
        """The draft under the next number of its kind."""
        series = self._series[draft.document.kind]
        self._last[series] += 1
        number, salt = self._last[series], sources.chance.token(SALT)
        told = replace(draft.document, addressee=commitment(salt=salt, stored=_written(draft.addressee)))
        issued = Issued(
            id=sources.ids.new(),
            booking_id=draft.booking_id,
            subject=draft.subject,
            occasion=draft.occasion,
            document=numbered(told, series, number),
            addressee=draft.addressee,
        )
        self.placed.append(Placed(issued=issued, series=series, number=number, salt=salt))
        return issued

    @property
    def last(self) -> Mapping[str, int]:
        """The last number of each series, with what was placed."""
        return self._last


async def take_turn(connection: Connection, *, series: Mapping[DocumentKind, str]) -> Turn:
    """Wait until nobody else numbers documents of these series; the turn ends with the transaction."""
    rows = await connection.fetch(TAKE_TURN, sorted(set(series.values())))
    return Turn(series, {row["name"]: row["last"] for row in rows})


async def store(connection: Connection, *, turn: Turn, now: datetime) -> None:
    """Write what was placed, in the transaction of the turn."""
    placed = turn.placed
    if not placed:
        return
    contents = [content_of(one.issued.document) for one in placed]
    documents = [one.issued.document for one in placed]
    await connection.execute(
        STORE,
        [one.issued.id for one in placed],
        [one.series for one in placed],
        [one.number for one in placed],
        [one.number for one in documents],
        [one.kind for one in documents],
        [one.issued.booking_id for one in placed],
        [one.issued.subject for one in placed],
        [one.issued.occasion for one in placed],
        [one.corrects for one in documents],
        [one.issued_on for one in documents],
        [one.total.amount for one in documents],
        [one.currency for one in documents],
        contents,
        [hashlib.sha256(content).digest() for content in contents],
        now,
        [one.salt for one in placed],
        [_written(one.issued.addressee) for one in placed],
        list(turn.last),
        list(turn.last.values()),
    )


def content_of(document: Document) -> bytes:
    """The document's canonical bytes: what is stored and hashed."""
    return canonical(msgspec.to_builtins(document))


def digest(document: Document) -> bytes:
    """SHA-256 of its bytes."""
    return hashlib.sha256(content_of(document)).digest()


async def of_bookings(connection: Connection, *, ids: Collection[BookingId]) -> dict[BookingId, list[Issued]]:
    """All documents of each of the bookings, the first issued first. Raises DocumentChanged."""
    found: dict[BookingId, list[Issued]] = {booking_id: [] for booking_id in ids}
    for row in await connection.fetch(OF_BOOKINGS, list(ids)):
        found[BookingId(row["booking_id"])].append(_issued(row))
    return found


async def money_of(connection: Connection, *, ids: Collection[BookingId]) -> dict[BookingId, list[Paid]]:
    """What was taken for each of the bookings, and what went back of it."""
    found: dict[BookingId, dict[PaymentId, Paid]] = {booking_id: {} for booking_id in ids}
    for row in await connection.fetch(MONEY_OF, list(ids)):
        payments, currency = found[BookingId(row["booking_id"])], row["currency"]
        payment_id = PaymentId(row["id"])
        paid = payments.get(payment_id) or Paid(
            id=payment_id, gateway=row["gateway"], captured=Money(row["captured"], currency)
        )
        if row["refund_id"] is not None:
            back = GivenBack(id=row["refund_id"], amount=Money(row["refunded"], currency))
            paid = replace(paid, refunds=(*paid.refunds, back))
        payments[payment_id] = paid
    return {booking_id: list(payments.values()) for booking_id, payments in found.items()}


async def gaps(connection: Connection) -> list[Gap]:
    """Series that are not as they have to be: none."""
    return [
        Gap(series=row["name"], last=row["last"], documents=row["documents"], highest=row["highest"])
        for row in await connection.fetch(GAPS)
    ]


async def changed(connection: Connection) -> list[str]:
    """The numbers of documents that are not what was stored: none."""
    return [row["name"] for row in await connection.fetch(CHANGED)]


async def bill_to(connection: Connection, *, booking_id: BookingId, party: Party, now: datetime) -> None:
    """From now on the booking is to be invoiced to `party`."""
    await connection.execute(
        BILL_TO,
        booking_id,
        party.name,
        list(party.lines),
        party.postcode,
        party.city,
        party.country,
        party.tax_number,
        now,
    )


async def billing_of(connection: Connection, *, ids: Collection[BookingId]) -> dict[BookingId, Party]:
    """To whom those of the bookings are to be invoiced for which somebody said so."""
    return {
        BookingId(row["booking_id"]): Party(
            name=row["name"],
            lines=tuple(row["lines"]),
            postcode=row["postcode"],
            city=row["city"],
            country=row["country"],
            tax_number=row["tax_number"],
        )
        for row in await connection.fetch(BILLING_OF, list(ids))
    }


async def due_addressees(connection: Connection, *, before: date) -> int:
    """How many documents of before then still have their addressee."""
    due: int = await connection.fetchval(DUE_ADDRESSEES, before)
    return due


async def forget_addressees(connection: Connection, *, before: date, limit: int) -> int:
    """Up to `limit` documents of before then lose their addressee; how many did."""
    return len(await connection.fetch(FORGET_ADDRESSEES, before, limit))


def _written(party: Party | None) -> bytes:
    return canonical(msgspec.to_builtins(party))


def _issued(row: asyncpg.Record) -> Issued:
    """Only what is as it was stored: its hash, and the commitment to whom it is for."""
    content, addressee, salt = row["content"], row["addressee"], row["salt"]
    document = codec.decode(content, Document)
    if hashlib.sha256(content).digest() != row["hash"]:
        raise DocumentChanged(f"document {document.number} has other bytes than were stored")
    if addressee is not None and commitment(salt=salt, stored=addressee) != document.addressee:
        raise DocumentChanged(f"document {document.number} has another addressee than was stored")
    return Issued(
        id=UUID(str(row["id"])),
        booking_id=BookingId(row["booking_id"]),
        subject=row["subject"],
        occasion=row["occasion"],
        document=document,
        addressee=None if addressee is None else codec.decode(addressee, Party),
    )
