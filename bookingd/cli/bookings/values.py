"""A booking for programs. Fields are only added; docs/operations.md tells them. Amounts are minor units."""

from typing import Any
from uuid import UUID

import msgspec

from bookingd.cli.screen import stamp
from bookingd.domain.booking.state import Item, Payment
from bookingd.domain.money import Money
from bookingd.storage.bookings import Event
from bookingd.storage.dossiers import Dossier


def data(dossier: Dossier) -> dict[str, Any]:
    """The whole dossier."""
    view, booking = dossier.view, dossier.view.booking
    return {
        "id": str(booking.id),
        "reference": booking.reference,
        "state": booking.state,
        "reason": booking.reason,
        "owner": booking.owner,
        "total": _amount(booking.total),
        "hold_until": stamp(booking.hold_until),
        "created_at": stamp(view.created_at),
        "changed_at": stamp(view.changed_at),
        "email": view.contact.email if view.contact else None,
        "travellers": [
            {"number": one.number, "type": one.type, "given_name": one.given_name, "surname": one.surname}
            for one in dossier.travellers
        ],
        "items": [_item(item) for item in booking.items],
        "payments": [_payment(payment, dossier) for payment in booking.payments],
        "books": [
            {
                "at": stamp(line.at),
                "reason": line.reason,
                "debit": line.debit,
                "credit": line.credit,
                "payment_id": _id(line.payment_id),
                **_amount(line.amount),
            }
            for line in dossier.books
        ],
        "timeline": _timeline(dossier),
        "mails": [
            {
                "kind": mail.key.kind,
                "recipient": mail.recipient,
                "state": mail.state,
                "made_at": stamp(mail.made_at),
                "sent_at": stamp(mail.sent_at),
                "attempts": mail.attempts,
                "repeats": mail.repeats,
                "receipt": mail.receipt,
            }
            for mail in dossier.mails
        ],
        "underway": [
            {
                "message": one.envelope.name,
                "message_id": str(one.envelope.id),
                "due_at": stamp(one.due_at),
                "attempt": one.envelope.attempt,
            }
            for one in dossier.underway
        ],
        "calls": [
            {
                "step": call.step,
                "object": str(call.object),
                "state": call.state,
                "calls": call.calls,
                "opened_at": stamp(call.opened_at),
                "note": call.note,
            }
            for call in dossier.calls
        ],
        "attention": [
            {
                "reason": one.reason,
                "detail": one.detail,
                "owner": one.owner,
                "about": str(one.object),
                "opened_at": stamp(one.opened_at),
            }
            for one in dossier.attention
        ],
        "dead_letters": [
            {
                "id": str(one.id),
                "actor": one.actor,
                "message": one.name,
                "reason": one.reason,
                "died_at": stamp(one.died_at),
            }
            for one in dossier.dead_letters
        ],
    }


def _item(item: Item) -> dict[str, Any]:
    return {
        "id": str(item.id),
        "state": item.state,
        "supplier": item.offer.supplier,
        "locator": item.locator,
        "tickets": list(item.tickets),
        "total": _amount(item.offer.total),
        "segments": [
            {
                "flight": one.designator,
                "origin": one.origin,
                "destination": one.destination,
                "departs_at": stamp(one.departs_at),
                "arrives_at": stamp(one.arrives_at),
            }
            for one in item.offer.itinerary.segments
        ],
    }


def _payment(payment: Payment, dossier: Dossier) -> dict[str, Any]:
    row = next((row for row in dossier.payments if row.id == payment.id), None)
    return {
        "id": str(payment.id),
        "gateway": payment.gateway,
        "gateway_reference": row.gateway_reference if row else None,
        "state": payment.state,
        "gateway_state": row.state if row else None,
        "failure": row.failure if row else None,
        "captured": row.captured.amount if row else 0,
        "refunded": row.refunded.amount if row else 0,
        **_amount(payment.amount),
        "refunds": [
            {
                "id": str(refund.id),
                "gateway_reference": refund.gateway_reference,
                "state": refund.state,
                **_amount(refund.amount),
            }
            for refund in dossier.refunds.get(payment.id, ())
        ],
    }


def _timeline(dossier: Dossier) -> list[dict[str, Any]]:
    deeds = {(deed.action, deed.at): deed for deed in dossier.deeds}

    def told(event: Event) -> dict[str, Any]:
        deed = deeds.get((event.name, event.at)) if event.at else None
        return {
            "sequence": event.sequence,
            "at": stamp(event.at),
            "name": event.name,
            "state": event.state,
            "principal": deed.principal if deed else None,
            "correlation_id": _id(deed.correlation_id if deed else None),
            "details": msgspec.json.decode(event.details),
        }

    return [told(event) for event in dossier.events]


def _amount(money: Money) -> dict[str, Any]:
    return {"amount": money.amount, "currency": money.currency}


def _id(identity: UUID | None) -> str | None:
    return None if identity is None else str(identity)
