"""What travellers are told of their bookings: one mail for each change of state that they must hear of.

The one rule: nothing about a booking is decided here, and whoever is asked to act finds it waiting for that.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from actors.notify.money import happening_of, paper_of, still_waits, was_asked_for
from actors.notify.post import Handed, Post, is_repeat, look_up, nothing_begun_without_database
from bookingd.actor.batching import Batcher
from bookingd.actor.kinds import Acting
from bookingd.channels.render import Agency, write_mail
from bookingd.channels.views import (
    Airport,
    Happening,
    MailBooking,
    MailKind,
    Names,
    PaymentPaper,
    mail_booking,
)
from bookingd.domain.booking.facts import (
    BalanceAsked,
    BookingCalledOff,
    BookingCancelled,
    BookingConfirmed,
    BookingExpired,
    BookingFailed,
    BookingMessage,
    BookingPaid,
    PaymentActionRequired,
    PaymentDeclined,
    PaymentInReview,
    PaymentNeeded,
    PaymentRefunded,
    PriceChanged,
    RefundFailed,
)
from bookingd.domain.booking.state import OPEN_PAYMENTS, OVER, Booking, BookingState
from bookingd.domain.ids import BookingId
from bookingd.storage import bookings, notifications, places
from bookingd.storage.bookings import BookingView, Contact, Traveller
from bookingd.storage.database import Connection, Database
from bookingd.storage.intents import Intent, IntentKey
from bookingd.storage.notifications import Attempt, NotificationKey

TOLD = (
    BookingConfirmed,
    BookingFailed,
    BookingExpired,
    BookingCalledOff,
    PriceChanged,
    PaymentDeclined,
    PaymentNeeded,
    PaymentActionRequired,
    PaymentInReview,
    BalanceAsked,
    BookingPaid,
    BookingCancelled,
    PaymentRefunded,
    RefundFailed,
)
"""The events that travellers hear of."""

# A mail that asks for something is not sent when the booking no longer waits for it.
WAITS_IN = MappingProxyType(
    {
        MailKind.PRICE_CHANGED: BookingState.PRICE_CHANGED,
        MailKind.PAYMENT_DECLINED: BookingState.AWAITING_PAYMENT,
        MailKind.PAYMENT_NEEDED: BookingState.AWAITING_PAYMENT,
    }
)

OVERTAKEN = "the booking had moved on before it was known whether this had arrived"
"""Why a mail that was begun is not repeated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """A mail that may have to be written."""

    message: BookingMessage
    key: NotificationKey
    kind: MailKind
    message_id: str
    repeat: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """A mail that is to be written: of which change, and to whom."""

    view: BookingView
    contact: Contact
    travellers: tuple[Traveller, ...]
    names: Names
    paper: PaymentPaper | None = None


class BookingMails:
    """Writes to travellers what became of their bookings."""

    def __init__(
        self, *, post: Post, database: Database, agency: Agency, link: Callable[[Booking], str]
    ) -> None:
        """`link` makes the signed way back to a booking, which its mails carry."""
        self._post = post
        self._database = database
        self._agency = agency
        self._link = link
        self._beginning: Batcher[_Wish, _Order | None] = Batcher(self._begin)
        self.acting = Acting(key=_intent_key, perform=self.tell, look_up=look_up, record=post.record)

    @property
    def loop(self) -> Callable[[], Awaitable[None]]:
        """Mails are begun together."""
        return self._beginning.run

    async def tell(self, message: BookingMessage, intent: Intent) -> Handed | None:
        """Write the mail and hand it over; None where there is nothing to say or nobody to say it to."""
        key, happening = what_happened(message)
        message_id = self._post.message_id(intent)
        wish = _Wish(
            message=message,
            key=key,
            kind=happening.kind,
            message_id=message_id,
            repeat=is_repeat(intent),
        )
        async with nothing_begun_without_database():
            order = await self._beginning.submit(wish)
        if order is None:
            return None
        mail = write_mail(self._written(order, happening), agency=self._agency, recipient=order.contact.email)
        return await self._post.hand_over(mail, key=key, intent=intent)

    async def _begin(self, wishes: Sequence[_Wish]) -> Sequence[_Order | None]:
        """What is needed to write each of the mails; None for those that are not to be written.

        That they are begun is recorded by the last statement, which needs no transaction around it.
        """
        async with self._database.connection() as connection:
            views = await bookings.by_ids(connection, ids={_booking(wish.key) for wish in wishes})
            attempts = [await self._attempt(connection, wish, views[_booking(wish.key)]) for wish in wishes]
            orders = await _orders(connection, views)
            papers = [await paper_of(connection, wish.message) for wish in wishes]
            begun = await self._post.begin(connection, [attempt for attempt in attempts if attempt])
        return [
            replace(orders[_booking(attempt.key)], paper=paper) if attempt in begun else None
            for attempt, paper in zip(attempts, papers, strict=True)
        ]

    async def _attempt(self, connection: Connection, wish: _Wish, view: BookingView) -> Attempt | None:
        """None where there is nothing to say any more, or nobody to say it to."""
        if view.contact is not None and _is_due(wish, view.booking):
            return Attempt(
                key=wish.key, recipient=view.contact.email, message_id=wish.message_id, repeat=wish.repeat
            )
        await notifications.give_up(
            connection, notification_id=wish.key.id, message_id=wish.message_id, reason=OVERTAKEN
        )
        return None

    def _written(self, order: _Order, happening: Happening) -> MailBooking:
        return mail_booking(
            booking=order.view.booking,
            happening=happening,
            travellers=[(f"{one.given_name} {one.surname}", one.type) for one in order.travellers],
            names=order.names,
            link=self._link(order.view.booking),
            locale=order.contact.locale,
            paper=order.paper,
        )


def what_happened(message: BookingMessage) -> tuple[NotificationKey, Happening]:
    """The mail that an event calls for, and what makes it the same mail when the event comes again.

    A booking ends once, so those mails have no occasion. Of declined payments only the first is told by
    mail: the payer sees each on the screen, and whoever tries stolen cards shall not have us write to the
    booking's address for each.
    """
    occasion = ""
    match message:
        case BookingConfirmed():
            happening = Happening(kind=MailKind.CONFIRMED)
        case BookingFailed():
            happening = Happening(kind=MailKind.FAILED, reason=message.reason)
        case BookingExpired():
            happening = Happening(kind=MailKind.EXPIRED)
        case BookingCalledOff():
            happening = Happening(kind=MailKind.CALLED_OFF)
        case PriceChanged():
            happening = Happening(kind=MailKind.PRICE_CHANGED, until=message.until)
            occasion = str(message.proposed)
        case PaymentDeclined():
            happening = Happening(kind=MailKind.PAYMENT_DECLINED, reason=message.reason)
        case PaymentNeeded():
            happening = Happening(kind=MailKind.PAYMENT_NEEDED, reason=message.reason, until=message.until)
            occasion = message.until.isoformat()
        case _:
            happening, occasion = happening_of(message)
    key = NotificationKey(booking_id=message.booking_id, kind=happening.kind, occasion=occasion)
    return key, happening


def _is_due(wish: _Wish, booking: Booking) -> bool:
    """Whether the reader must still hear of it."""
    message = wish.message
    if isinstance(message, PaymentActionRequired | PaymentInReview):
        return still_waits(wish.kind, booking, message.payment_id)
    if isinstance(message, PaymentRefunded) and not message.settled and booking.state in OVER:
        return was_asked_for(booking, message)
    return _still_so(wish.kind, booking)


def _booking(key: NotificationKey) -> BookingId:
    return BookingId(key.about)


def _intent_key(message: Any) -> IntentKey:
    """Each declined payment is looked at by itself: that one needs no mail does not speak for the next."""
    key, _ = what_happened(message)
    about = message.payment_id if isinstance(message, PaymentDeclined) else key.id
    return IntentKey(subject=key.about, object=about, step="mail")


def _still_so(kind: MailKind, booking: Booking) -> bool:
    """Whether the reader must still hear of it: who is asked to act finds the booking waiting for that."""
    if kind is MailKind.PAYMENT_DECLINED and any(one.state in OPEN_PAYMENTS for one in booking.payments):
        return False
    return booking.state is WAITS_IN.get(kind, booking.state)


async def _orders(connection: Connection, views: Mapping[BookingId, BookingView]) -> dict[BookingId, _Order]:
    travellers = await bookings.travellers_of(connection, ids=views.keys())
    names = await _names(connection, [view.booking for view in views.values()])
    return {
        booking_id: _Order(view=view, contact=view.contact, travellers=travellers[booking_id], names=names)
        for booking_id, view in views.items()
        if view.contact
    }


async def _names(connection: Connection, wanted: Iterable[Booking]) -> Names:
    """How everything in the bookings' flights, agreed or proposed, is called."""
    items = [item for booking in wanted for item in booking.items]
    offers = [offer for item in items for offer in (item.offer, item.proposed) if offer]
    segments = [segment for offer in offers for segment in offer.itinerary.segments]
    codes = {code for segment in segments for code in (segment.origin, segment.destination)}
    airlines = {segment.airline for segment in segments}
    names = await places.names(connection, airports=codes, airlines=airlines)
    return Names(
        airports={
            code: Airport(code=code, name=named.name, city=named.city)
            for code, named in names.airports.items()
        },
        airlines=names.airlines,
    )
