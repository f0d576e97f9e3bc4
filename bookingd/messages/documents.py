"""What is asked of whoever issues documents, besides what follows from events."""

from dataclasses import dataclass

from bookingd.domain.ids import BookingId


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueInvoice:
    """Invoice the booking before it is confirmed, unless there is an invoice."""

    booking_id: BookingId


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressInvoice:
    """Whom the booking is invoiced to has changed: its invoice, if it has one, is to be issued anew."""

    booking_id: BookingId
