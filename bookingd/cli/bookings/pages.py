"""A booking for eyes: who and what, the money, how it came about, and what is still to come."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from rich.console import Group, RenderableType
from rich.text import Text

from bookingd.cli.screen import WIDE, facts, listing, moment, noted, part, shown, span, width
from bookingd.domain.booking.state import Item, Payment
from bookingd.domain.flights import Segment
from bookingd.domain.places import local
from bookingd.storage.bookings import Event, Traveller
from bookingd.storage.dossiers import Dossier
from bookingd.storage.notifications import Notification
from bookingd.storage.payments import PaymentRow


def page(dossier: Dossier, *, now: datetime) -> RenderableType:
    """All of it; parts that are empty are left out."""
    booking = dossier.view.booking
    heading = Text.assemble((f"Booking {booking.reference}", "bold"), f"  {booking.state}\n")
    return Group(heading, facts(_facts(dossier, now)), Text(), *_parts(dossier, now))


def _facts(dossier: Dossier, now: datetime) -> list[tuple[str, Any]]:
    view, booking = dossier.view, dossier.view.booking
    people = (f"{_called(one)} ({one.type})" for one in dossier.travellers)
    hold = booking.hold_until
    return [
        ("total", booking.total),
        ("proposed", booking.proposed_total if any(item.proposed for item in booking.items) else None),
        ("why", booking.reason),
        ("travellers", ", ".join(people) or "erased"),
        ("contact", view.contact.email if view.contact else "erased"),
        ("made", f"{moment(view.created_at)} by {booking.owner}"),
        ("changed", moment(view.changed_at)),
        ("held until", f"{moment(hold)} ({_when(hold, now)})" if hold else None),
        ("id", booking.id),
    ]


def _called(traveller: Traveller) -> str:
    """Their name, unless they were erased with their account."""
    return f"{traveller.given_name} {traveller.surname}".strip() or "erased"


def _parts(dossier: Dossier, now: datetime) -> Iterator[RenderableType]:
    booking = dossier.view.booking
    yield part("Items", *map(_item, booking.items))
    if booking.payments:
        yield part("Payments", _payments(dossier))
    if dossier.books:
        yield part("Books", _books(dossier))
    yield part("Timeline", _timeline(dossier))
    if dossier.mails:
        yield part("Mails", _mails(dossier.mails))
    yield from _pending(dossier, now)


def _pending(dossier: Dossier, now: datetime) -> Iterator[RenderableType]:
    """What has not come to its end."""
    if dossier.underway:
        yield part("On their way", _underway(dossier, now))
    if dossier.calls:
        yield part("Asked outside", _calls(dossier, now))
    if dossier.attention:
        yield part("Waits for a person", _attention(dossier, now))
    if dossier.dead_letters:
        yield part("Dead letters", _dead_letters(dossier))


def _underway(dossier: Dossier, now: datetime) -> RenderableType:
    table = listing("Message", "Due", "Attempt")
    for one in dossier.underway:
        table.add_row(shown(one.envelope.name), _when(one.due_at, now), str(one.envelope.attempt))
    return table


def _calls(dossier: Dossier, now: datetime) -> RenderableType:
    rows = [
        (one.step, one.state, f"{one.calls} x", f"{span(now - one.opened_at)} ago") for one in dossier.calls
    ]
    notes = [one.note or "" for one in dossier.calls]
    return noted(("Step", "State", "Called", "Since"), rows, notes, note="Last error")


def _attention(dossier: Dossier, now: datetime) -> RenderableType:
    rows = [(one.reason, one.owner, f"{span(now - one.opened_at)} ago") for one in dossier.attention]
    return noted(("Reason", "Whom", "Since"), rows, [one.detail for one in dossier.attention], note="What")


def _dead_letters(dossier: Dossier) -> RenderableType:
    rows = [(str(one.id), one.name, one.actor) for one in dossier.dead_letters]
    return noted(
        ("ID", "Message", "Actor"), rows, [one.reason for one in dossier.dead_letters], note="Reason"
    )


def _item(item: Item) -> RenderableType:
    rows = [
        (one.designator, f"{one.origin} to {one.destination}", _departs(one), str(item.state))
        for one in item.offer.itinerary.segments
    ]
    known = [f"{item.offer.total} from {item.offer.supplier}"]
    known += [f"locator {item.locator}"] if item.locator else []
    known += [f"tickets {', '.join(item.tickets)}"] if item.tickets else []
    notes = [""] * (len(rows) - 1) + ["; ".join(known)]
    return noted(("Flight", "Route", "Departs (local)", "State"), rows, notes, note="Known of it")


def _departs(segment: Segment) -> str:
    return f"{local(segment.departs_at, segment.origin_zone):%a %d %b %Y %H:%M}"


def _payments(dossier: Dossier) -> RenderableType:
    told = {row.id: row for row in dossier.payments}
    rows, notes = [], []
    for payment in dossier.view.booking.payments:
        row = told.get(payment.id)
        reference = row.gateway_reference if row else None
        rows.append((payment.gateway, reference or "-", str(payment.state), str(payment.amount)))
        notes.append(_known_of(payment, row, dossier))
    return noted(("Gateway", "Its reference", "State", "Amount"), rows, notes, note="Known of it")


def _known_of(payment: Payment, row: PaymentRow | None, dossier: Dossier) -> str:
    if row is None:
        return "the gateway has not told of it yet"
    known = []
    if str(row.state) != str(payment.state):
        known.append(f"the gateway says {row.state}")
    if row.captured.amount:
        known.append(f"{row.captured} captured")
    known += [
        f"refund {refund.gateway_reference} of {refund.amount} {refund.state}"
        for refund in dossier.refunds.get(payment.id, ())
    ]
    if row.failure:
        known.append(row.failure)
    return "; ".join(known)


def _books(dossier: Dossier) -> RenderableType:
    wide = width() >= WIDE
    table = listing("Reason", "Debit", "Credit", "Amount>", *(["At"] if wide else []))
    for line in dossier.books:
        cells = (line.reason, line.debit, line.credit, str(line.amount))
        table.add_row(*map(shown, cells), *([moment(line.at)] if wide else []))
    return table


def _timeline(dossier: Dossier) -> RenderableType:
    """By whom is told where it was not the owner."""
    owner = dossier.view.booking.owner
    strangers = {(deed.action, deed.at): deed.principal for deed in dossier.deeds if deed.principal != owner}
    rows = [
        (str(event.sequence), moment(event.at) if event.at else "-", event.name, event.state)
        for event in dossier.events
    ]
    notes = [_event_note(event, strangers) for event in dossier.events]
    return noted(("#", "At", "Because of", "Then"), rows, notes, note="What")


def _event_note(event: Event, strangers: Mapping[tuple[str, datetime], str]) -> str:
    principal = strangers.get((event.name, event.at)) if event.at else None
    by = f"by {principal}" if principal else ""
    return "; ".join(filter(None, (by, _details(event.details))))


def _details(details: bytes) -> str:
    """JSON as `name value` pairs."""
    told: dict[str, Any] = msgspec.json.decode(details)
    return ", ".join(f"{name} {_plain(value)}" for name, value in told.items())


def _plain(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _mails(mails: Sequence[Notification]) -> RenderableType:
    rows = [
        (mail.key.kind, str(mail.state), moment(mail.sent_at) if mail.sent_at else "-", mail.recipient)
        for mail in mails
    ]
    notes = [_mail_note(mail) for mail in mails]
    return noted(("About", "State", "Sent", "To"), rows, notes, note="Known of it")


def _mail_note(mail: Notification) -> str:
    repeats = f"repeated {mail.repeats} x" if mail.repeats else ""
    return "; ".join(filter(None, (repeats, mail.receipt)))


def _when(at: datetime, now: datetime) -> str:
    return f"in {span(at - now)}" if at > now else f"{span(now - at)} ago"
