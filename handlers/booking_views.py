"""What clients are shown of bookings."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from bookingd.domain.booking.state import Booking, BookingState, Item, ItemState, Payment, PaymentState
from bookingd.domain.flights import Cabin
from bookingd.domain.ids import Reference
from bookingd.domain.passengers import PassengerType
from bookingd.storage.bookings import BookingView as Stored
from bookingd.storage.bookings import Contact, Event, Traveller
from bookingd.storage.notifications import Notification, NotificationState
from bookingd.storage.own_bookings import OwnBooking
from bookingd.storage.payments import PaymentRow, RefundRow, RefundState
from bookingd.storage.places import Names
from handlers.paying.plan_views import PlanView, plan_view
from handlers.views import (
    Amount,
    ConditionsView,
    ExchangeView,
    PriceView,
    SliceView,
    View,
    amount,
    conditions_view,
    exchange_view,
    price_view,
    slices_view,
)


class Links(View, frozen=True, kw_only=True):
    """Where to go on."""

    self: str
    events: str
    messages: str
    payments: str
    payment_options: Annotated[str, Meta(description="How it can be paid now.")]
    pay: Annotated[str, Meta(description="The page on which people pay.")]
    documents: Annotated[str, Meta(description="Receipts, invoices, credit notes.")]
    live: Annotated[str, Meta(description="The WebSocket.")] = "/v1/live"
    topic: Annotated[str, Meta(description="What to subscribe to there.")]


class ProposalView(View, frozen=True, kw_only=True):
    """What the supplier holds instead of what was shown; it waits for consent."""

    price: PriceView
    conditions: ConditionsView


class ItemView(View, frozen=True, kw_only=True, omit_defaults=True):
    """One thing booked of one supplier."""

    id: str
    state: ItemState
    supplier: str
    cabin: Cabin
    slices: tuple[SliceView, ...]
    conditions: ConditionsView
    price: PriceView
    proposed: ProposalView | None
    locator: Annotated[str | None, Meta(description="The supplier's own reference.")]
    tickets: Annotated[tuple[str, ...], Meta(description="In the order of the passengers.")]
    exchange: Annotated[
        ExchangeView | None, Meta(description="Left out: the price is in the supplier's currency.")
    ] = None


class PassengerView(View, frozen=True, kw_only=True):
    """Who travels."""

    number: int
    type: PassengerType
    given_name: Annotated[str, Meta(description="Empty where it was erased, with its account.")]
    surname: str
    born: Annotated[date | None, Meta(description="Null where it was erased, some time after the trip.")]


class ContactView(View, frozen=True, kw_only=True):
    """Whom we tell."""

    email: str
    phone: str | None
    locale: str


class RefundView(View, frozen=True, kw_only=True):
    """Something given back of a payment."""

    id: Annotated[str | None, Meta(description="Null until the gateway was asked.")]
    round: Annotated[int, Meta(description="Which refund of its payment, from 1.")]
    amount: Amount
    state: Annotated[
        str,
        Meta(
            description="`asked`, `pending`, `done` (the gateway gave it back), `failed` (we pay it in"
            " another way) or `settled` (we have)."
        ),
    ]
    expected_by: Annotated[datetime | None, Meta(description="When the payer should have it.")]
    reference: Annotated[str | None, Meta(description="By what the payer's bank finds it.")]


class PaymentView(View, frozen=True, kw_only=True):
    """One attempt to pay."""

    id: str
    gateway: str
    state: PaymentState
    amount: Amount
    action_url: Annotated[
        str | None, Meta(description="Where the payer must act (3-D Secure), while that is so.")
    ]
    failure: Annotated[str | None, Meta(description="A stable code: `insufficient_funds`.")]
    means: Annotated[str | None, Meta(description="What it was made with: `Visa ending in 4242`.")]
    instructions: Annotated[
        dict[str, str] | None,
        Meta(description="Whom to send a transfer, and by which reference, while it is waited for."),
    ]
    refunds: tuple[RefundView, ...]
    disputed: Annotated[bool, Meta(description="Its payer wants it back through their bank.")]


class BookingBody(View, frozen=True, kw_only=True):
    """A booking as it stands."""

    reference: str
    state: BookingState
    reason: Annotated[str | None, Meta(description="Why it failed, as a stable code.")]
    sequence: Annotated[int, Meta(description="Events in its timeline; the ETag follows it.")]
    total: Annotated[Amount, Meta(description="As agreed.")]
    proposed_total: Annotated[Amount | None, Meta(description="What consent is asked for.")]
    hold_until: Annotated[datetime | None, Meta(description="Pay before this.")]
    created_at: datetime
    changed_at: datetime
    items: tuple[ItemView, ...]
    passengers: tuple[PassengerView, ...]
    contact: ContactView | None
    plan: Annotated[PlanView | None, Meta(description="As agreed by paying; null before that.")]
    in_hand: Annotated[Amount, Meta(description="Authorised or taken, less what was given back.")]
    due: Annotated[Amount, Meta(description="What a payment takes that is begun now.")]
    balance_by: Annotated[datetime | None, Meta(description="When an open balance has to be paid.")]
    payments: tuple[PaymentView, ...]
    links: Links


class BookingLine(View, frozen=True, kw_only=True):
    """One line in a list of bookings."""

    reference: str
    state: BookingState
    total: Amount
    hold_until: datetime | None
    created_at: datetime
    changed_at: datetime
    links: Links


class Bookings(View, frozen=True, kw_only=True):
    """A page of bookings, the newest first."""

    bookings: tuple[BookingLine, ...]
    next: Annotated[str | None, Meta(description="`cursor` of the next page; null on the last one.")]


class BookingAccepted(View, frozen=True, kw_only=True, omit_defaults=True):
    """A booking that was taken in; it is `pending` until everything is held or refused."""

    id: str
    reference: str
    state: BookingState
    reason: str | None = None
    created_at: datetime
    links: Links
    booking_token: Annotated[
        str | None, Meta(description="Opens this booking to whoever has it: header Booking-Token.")
    ] = None


class PaymentAccepted(View, frozen=True, kw_only=True, omit_defaults=True):
    """A payment that was asked for; it is `created` until its gateway has answered."""

    payment_id: str
    gateway: str
    amount: Amount
    state: PaymentState
    failure: Annotated[str | None, Meta(description="Why it failed, a stable code.")] = None
    action_url: str | None = None
    instructions: dict[str, str] | None = None
    reference: str
    booking_state: BookingState
    links: Links


class WishAccepted(View, frozen=True, kw_only=True, omit_defaults=True):
    """Something else that was asked of a booking."""

    reference: str
    state: BookingState
    links: Links


class EventView(View, frozen=True, kw_only=True):
    """One step in a booking's timeline."""

    sequence: int
    name: Annotated[str, Meta(description="What moved the booking: `payment.captured`.")]
    state: Annotated[BookingState, Meta(description="The booking's state after it.")]
    details: Annotated[msgspec.Raw, Meta(description="Ids, reasons and amounts; nothing personal.")]
    at: datetime


class Events(View, frozen=True, kw_only=True):
    """A part of a booking's timeline."""

    events: tuple[EventView, ...]
    more: Annotated[bool, Meta(description="Whether there are later ones: ask again after the last.")]


class MessageView(View, frozen=True, kw_only=True):
    """Something that we told the traveller."""

    kind: Annotated[str, Meta(description="What it told of: `confirmed`.")]
    channel: str
    recipient: str
    state: NotificationState
    sent_at: datetime | None


class Messages(View, frozen=True, kw_only=True):
    """What we told the traveller about a booking, the oldest first."""

    messages: tuple[MessageView, ...]


def links(reference: Reference) -> Links:
    """Where a booking is found."""
    here = f"/v1/bookings/{reference}"
    return Links(
        self=here,
        events=f"{here}/events",
        messages=f"{here}/messages",
        payments=f"{here}/payments",
        payment_options=f"{here}/payment-options",
        pay=f"{here}/pay",
        documents=f"{here}/documents",
        topic=f"booking:{reference}",
    )


def booking_body(
    stored: Stored,
    travellers: Sequence[Traveller],
    rows: Iterable[PaymentRow],
    refunds: Iterable[RefundRow],
    names: Names,
) -> BookingBody:
    """A booking as its traveller sees it."""
    booking = stored.booking
    proposed = any(item.proposed for item in booking.items)
    return BookingBody(
        reference=booking.reference,
        state=booking.state,
        reason=booking.reason,
        sequence=booking.sequence,
        total=amount(booking.total),
        proposed_total=amount(booking.proposed_total) if proposed else None,
        hold_until=booking.hold_until,
        created_at=stored.created_at,
        changed_at=stored.changed_at,
        items=tuple(_item(item, names) for item in booking.items),
        passengers=tuple(_passenger(traveller) for traveller in travellers),
        contact=_contact(stored.contact),
        plan=plan_view(booking),
        in_hand=amount(booking.in_hand),
        due=amount(booking.payable),
        balance_by=booking.balance_by,
        payments=payment_views(booking, rows, refunds),
        links=links(booking.reference),
    )


def message_view(said: Notification) -> MessageView:
    """A message as its recipient sees it."""
    return MessageView(
        kind=said.key.kind,
        channel=said.channel,
        recipient=said.recipient,
        state=said.state,
        sent_at=said.sent_at,
    )


def event_view(event: Event) -> EventView:
    """A step of the timeline as it is shown."""
    if event.at is None:
        raise ValueError("an event that is not recorded yet is not shown")
    return EventView(
        sequence=event.sequence,
        name=event.name,
        state=BookingState(event.state),
        details=msgspec.Raw(event.details),
        at=event.at,
    )


def booking_line(own: OwnBooking) -> BookingLine:
    """A booking in a list."""
    return BookingLine(
        reference=own.reference,
        state=own.state,
        total=amount(own.total),
        hold_until=own.hold_until,
        created_at=own.created_at,
        changed_at=own.changed_at,
        links=links(own.reference),
    )


def payment_views(
    booking: Booking, rows: Iterable[PaymentRow], refunds: Iterable[RefundRow] = ()
) -> tuple[PaymentView, ...]:
    """The booking's own view of its payments, so that it agrees with the booking's state and its ETag;
    the gateway's rows add where to act, why an attempt failed, and where refunds are.
    """
    told, back = {row.id: row for row in rows}, list(refunds)
    return tuple(
        payment_view(payment, told.get(payment.id), [one for one in back if one.payment_id == payment.id])
        for payment in booking.payments
    )


def payment_view(payment: Payment, row: PaymentRow | None, refunds: Sequence[RefundRow] = ()) -> PaymentView:
    """One attempt to pay; there is no row before its gateway has answered."""
    acting = payment.state is PaymentState.REQUIRES_ACTION
    failed = payment.state is PaymentState.FAILED
    return PaymentView(
        id=str(payment.id),
        gateway=payment.gateway,
        state=payment.state,
        amount=amount(payment.amount),
        action_url=row.action_url if row and acting else None,
        failure=row.failure if row and failed else None,
        means=row.means_label if row else None,
        instructions=dict(row.instructions) if row and row.instructions and acting else None,
        refunds=_refunds(payment, refunds),
        disputed=payment.is_disputed,
    )


def _refunds(payment: Payment, rows: Sequence[RefundRow]) -> tuple[RefundView, ...]:
    """What was asked of the gateway, and before it what the booking has asked for."""
    known = {row.round: _refund(row) for row in rows}
    asked = {
        one.round: RefundView(
            id=None,
            round=one.round,
            amount=amount(one.amount),
            state=one.state,
            expected_by=None,
            reference=None,
        )
        for one in payment.refunds
    }
    return tuple(one for _, one in sorted({**asked, **known}.items()))


def _refund(row: RefundRow) -> RefundView:
    return RefundView(
        id=str(row.id),
        round=row.round,
        amount=amount(row.amount),
        state=row.state,
        expected_by=row.expected_by if row.state in {RefundState.PENDING, RefundState.DONE} else None,
        reference=row.settlement.proof if row.settlement else row.trace,
    )


def _item(item: Item, names: Names) -> ItemView:
    itinerary, currency = item.offer.itinerary, item.offer.price.currency
    proposed = item.proposed
    return ItemView(
        id=str(item.id),
        state=item.state,
        supplier=item.offer.supplier,
        cabin=itinerary.cabin,
        slices=slices_view(itinerary, names),
        conditions=conditions_view(itinerary.conditions, currency),
        price=price_view(item.offer.price.for_traveller()),
        proposed=None
        if proposed is None
        else ProposalView(
            price=price_view(proposed.price.for_traveller()),
            conditions=conditions_view(proposed.itinerary.conditions, proposed.price.currency),
        ),
        locator=item.locator,
        tickets=item.tickets,
        exchange=exchange_view(item.offer),
    )


def _passenger(traveller: Traveller) -> PassengerView:
    return PassengerView(
        number=traveller.number,
        type=traveller.type,
        given_name=traveller.given_name,
        surname=traveller.surname,
        born=traveller.born,
    )


def _contact(contact: Contact | None) -> ContactView | None:
    if contact is None:
        return None
    return ContactView(email=contact.email, phone=contact.phone, locale=contact.locale)
