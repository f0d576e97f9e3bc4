"""What a mail shows of a booking: plain values, already local, nothing that a traveller may not see.

Its one rule: whatever is decided (which money went back, what is proposed, whose clock a deadline is told
in) is decided here; templates only write it down.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from bookingd.domain.booking.state import Booking, Item, Payment, PaymentState
from bookingd.domain.flights import Cabin, Conditions, Itinerary, Segment, Slice
from bookingd.domain.ids import RecordLocator, Reference
from bookingd.domain.money import Money, total
from bookingd.domain.passengers import PassengerType
from bookingd.domain.places import days_later, local
from bookingd.domain.prices import TravellerPrice


class MailKind(StrEnum):
    """What a mail is about: a change of state that its reader must hear of."""

    CONFIRMED = "confirmed"
    FAILED = "failed"
    EXPIRED = "expired"
    CALLED_OFF = "called_off"
    PRICE_CHANGED = "price_changed"
    """Another price or other conditions: consent is waited for."""
    PAYMENT_DECLINED = "payment_declined"
    PAYMENT_NEEDED = "payment_needed"
    """Ticketed, but the money could not be taken."""
    TRANSFER_ASKED = "transfer_asked"
    """Whom to send the transfer that was chosen."""
    PAYMENT_IN_REVIEW = "payment_in_review"
    BALANCE_ASKED = "balance_asked"
    BALANCE_PAID = "balance_paid"
    BALANCE_UNPAID = "balance_unpaid"
    """Cancelled for want of it."""
    REFUND_SENT = "refund_sent"
    REFUND_FAILED = "refund_failed"
    REFUND_SETTLED = "refund_settled"
    """It had failed, and was paid in another way."""


class MoneyBack(StrEnum):
    """What became of money when a booking came to nothing."""

    NONE = "none"
    """Nothing was ever taken or held."""
    RELEASED = "released"
    """What was held on the card is let go."""
    REFUNDED = "refunded"
    """What was taken is sent back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Airport:
    """How an airport is called: `Frankfurt Airport` in `Frankfurt am Main`."""

    code: str
    name: str
    city: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """How places and airlines are called, by IATA code; a code that is not in here stands for itself."""

    airports: Mapping[str, Airport]
    airlines: Mapping[str, str]

    def airport(self, code: str) -> Airport:
        return self.airports.get(code) or Airport(code=code, name=code, city=code)

    def airline(self, code: str) -> str:
        return self.airlines.get(code, code)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailStop:
    """One end of a flight: `at` carries the airport's own zone."""

    at: datetime
    airport: Airport


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSegment:
    """One flight. `days` is how many calendar days later it arrives; `waiting` the time before it."""

    designator: str
    airline: str
    aircraft: str
    departs: MailStop
    arrives: MailStop
    days: int
    duration: timedelta
    waiting: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSlice:
    """The way from one place to another."""

    segments: tuple[MailSegment, ...]
    duration: timedelta

    @property
    def departs(self) -> MailStop:
        return self.segments[0].departs

    @property
    def arrives(self) -> MailStop:
        return self.segments[-1].arrives

    @property
    def stops(self) -> int:
        return len(self.segments) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class MailItem:
    """One thing booked, with the conditions it was sold under. Fees are those of a passenger."""

    slices: tuple[MailSlice, ...]
    cabin: Cabin
    conditions: Conditions
    change_fee: Money | None
    cancel_fee: Money | None
    price: TravellerPrice
    locator: RecordLocator | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailTraveller:
    """Who travels, with the numbers of the tickets where they are issued."""

    name: str
    type: PassengerType
    tickets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """Until when; `at` carries the zone of the town `city`, by whose clock it is told."""

    at: datetime
    city: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentPaper:
    """What a gateway has told of a payment or a refund."""

    amount: Money | None = None
    gateway: str = ""
    means: str | None = None
    """`Visa ending in 4242`."""
    instructions: tuple[tuple[str, str], ...] = ()
    """What a transfer needs, by name, in the order in which a bank's form asks for it."""
    expected_by: date | None = None
    """When a refund should have arrived."""
    trace: str | None = None
    """By what the payer's bank finds it."""
    how: str | None = None
    """By what a refund was paid that had failed: `transfer`, `cash`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailBooking:
    """All that a mail can tell of a booking. `link` is the signed way back to it."""

    kind: MailKind
    reference: Reference
    link: str
    locale: str
    """BCP 47, as the traveller chose."""
    items: tuple[MailItem, ...]
    travellers: tuple[MailTraveller, ...]
    total: Money
    shown: Money
    """What was agreed before; differs from `total` in a proposal."""
    money_back: MoneyBack = MoneyBack.NONE
    returned: Money | None = None
    """How much is on its way back, where that is known to have been held or taken."""
    reason: str | None = None
    """A stable code of the booking or the gateway: `sold_out`, `insufficient_funds`."""
    deadline: Deadline | None = None
    amount: Money | None = None
    """What the mail is about, where that is not the total: a balance, a refund."""
    kept: Money | None = None
    """What stays with the agency of a cancelled booking."""
    balance: Money | None = None
    """What is still to be paid of a confirmed one."""
    paper: PaymentPaper | None = None

    @property
    def pay_link(self) -> str:
        """The signed way to its payment page."""
        head, mark, rest = self.link.partition("?")
        return f"{head}/pay{mark}{rest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """What there is to tell beside the booking itself; without `until` the booking's own deadline counts."""

    kind: MailKind
    reason: str | None = None
    until: datetime | None = None
    amount: Money | None = None
    kept: Money | None = None


def mail_booking(
    *,
    booking: Booking,
    happening: Happening,
    travellers: Sequence[tuple[str, PassengerType]],
    names: Names,
    link: str,
    locale: str,
    paper: PaymentPaper | None = None,
) -> MailBooking:
    """The view of `booking`; `travellers` are names and types in the order of the tickets."""
    proposal = happening.kind is MailKind.PRICE_CHANGED
    until = happening.until or booking.balance_by or booking.hold_until
    back, returned = _money_back(booking.payments, booking.currency)
    return MailBooking(
        kind=happening.kind,
        reference=booking.reference,
        link=link,
        locale=locale,
        items=tuple(_item(item, names, proposal=proposal) for item in booking.items),
        travellers=tuple(
            _traveller(number, name, kind, booking.items) for number, (name, kind) in enumerate(travellers)
        ),
        total=booking.proposed_total if proposal else booking.total,
        shown=booking.total,
        money_back=back,
        returned=returned,
        reason=happening.reason,
        deadline=None if until is None else _deadline(until, booking, names),
        amount=happening.amount or (paper.amount if paper else None),
        kept=happening.kept,
        balance=booking.wanted if booking.has_open_balance else None,
        paper=paper,
    )


def _money_back(payments: Sequence[Payment], currency: str) -> tuple[MoneyBack, Money | None]:
    """Money that was taken weighs more than money that was only held."""
    taken = [
        payment for payment in payments if payment.state in {PaymentState.REFUNDING, PaymentState.REFUNDED}
    ]
    if taken:
        return MoneyBack.REFUNDED, total((payment.amount for payment in taken), currency)
    if any(payment.state in {PaymentState.VOIDING, PaymentState.VOIDED} for payment in payments):
        return MoneyBack.RELEASED, None
    return MoneyBack.NONE, None


def _item(item: Item, names: Names, *, proposal: bool) -> MailItem:
    offer = (item.proposed or item.offer) if proposal else item.offer
    conditions, currency = offer.itinerary.conditions, offer.price.currency
    return MailItem(
        slices=_slices(offer.itinerary, names),
        cabin=offer.itinerary.cabin,
        conditions=conditions,
        change_fee=_fee(conditions.change_fee, currency),
        cancel_fee=_fee(conditions.cancel_fee, currency),
        price=offer.price.for_traveller(),
        locator=item.locator,
    )


def _fee(amount: int | None, currency: str) -> Money | None:
    return None if amount is None else Money(amount, currency)


def _slices(itinerary: Itinerary, names: Names) -> tuple[MailSlice, ...]:
    return tuple(
        MailSlice(segments=tuple(_segments(part, names)), duration=part.duration) for part in itinerary.slices
    )


def _segments(part: Slice, names: Names) -> list[MailSegment]:
    before: Sequence[Segment | None] = (None, *part.segments)
    return [
        _segment(segment, earlier, names)
        for earlier, segment in zip(before, part.segments, strict=False)  # the last has no later one
    ]


def _segment(segment: Segment, earlier: Segment | None, names: Names) -> MailSegment:
    departs = MailStop(
        at=local(segment.departs_at, segment.origin_zone), airport=names.airport(segment.origin)
    )
    arrives = MailStop(
        at=local(segment.arrives_at, segment.destination_zone), airport=names.airport(segment.destination)
    )
    return MailSegment(
        designator=segment.designator,
        airline=names.airline(segment.airline),
        aircraft=segment.aircraft,
        departs=departs,
        arrives=arrives,
        days=days_later(
            segment.departs_at, segment.origin_zone, segment.arrives_at, segment.destination_zone
        ),
        duration=segment.duration,
        waiting=None if earlier is None else segment.departs_at - earlier.arrives_at,
    )


def _traveller(number: int, name: str, kind: PassengerType, items: Sequence[Item]) -> MailTraveller:
    tickets = tuple(item.tickets[number] for item in items if number < len(item.tickets))
    return MailTraveller(name=" ".join(name.split()), type=kind, tickets=tickets)


def _deadline(until: datetime, booking: Booking, names: Names) -> Deadline:
    """By the clock of the town where the trip begins: where the traveller sits nobody knows."""
    first = booking.items[0].offer.itinerary.segments[0]
    return Deadline(at=local(until, first.origin_zone), city=names.airport(first.origin).city)
