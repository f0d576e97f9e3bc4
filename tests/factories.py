"""Values of the trade for tests: offers, bookings and parties, each with a sensible default for the rest."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import msgspec

from actors.payment.documents import Agency
from bookingd.config.sections import Brake as BrakeFigures
from bookingd.domain.booking.decision import Terms
from bookingd.domain.booking.state import Booking, BookingState, Item, ItemState, Payment, PaymentState
from bookingd.domain.documents.document import DocumentKind, Issuer
from bookingd.domain.documents.document import Party as DocumentParty
from bookingd.domain.flights import Cabin, Conditions, Itinerary, Segment, Slice
from bookingd.domain.ids import BookingId, IntentId, ItemId, MessageId, OfferId, PaymentId, Reference
from bookingd.domain.money import Money
from bookingd.domain.offers import Offer
from bookingd.domain.passengers import Party, PassengerType
from bookingd.domain.prices import LineKind, Price, PriceLine
from bookingd.domain.references import ALPHABET
from bookingd.domain.search import FlightCriteria, WantedSlice
from bookingd.domain.stays import (
    Board,
    CancellationStep,
    HotelFacts,
    HotelKind,
    RoomGuests,
    StayCriteria,
    StayOffer,
    StayRoom,
    StayTerms,
)
from bookingd.messages.envelope import SYSTEM, Envelope
from bookingd.security.card_testing import Brake
from bookingd.sources import Clock
from bookingd.storage.bookings import Contact, NewBooking, Traveller
from bookingd.storage.intents import IntentKey, Wish
from tests.fakes.sources import START

OWN = "inventory"
OWNER = "guest:00000000-0000-7000-8000-000000000001"
TOTAL = Money(10_000, "EUR")


def brake(clock: Clock, **figures: int) -> Brake:
    """A brake on card testing, with the figures that count unless others are given."""
    return Brake(BrakeFigures(**figures), key=b"k" * 32, clock=clock)


def agency(country: str = "DE") -> Agency:
    """Who issues documents."""
    party = DocumentParty(
        name="Example Travel GmbH",
        lines=("Hauptstrasse 1",),
        postcode="60311",
        city="Frankfurt am Main",
        country=country,
        tax_number="DE136695976",
    )
    prefixes = {DocumentKind.RECEIPT: "REC", DocumentKind.INVOICE: "INV", DocumentKind.CREDIT_NOTE: "CRN"}
    return Agency(issuer=Issuer(party=party), prefixes=prefixes, zone=ZoneInfo("Europe/Berlin"))


def party(adults: int = 1, children: int = 0, infants: int = 0) -> Party:
    return Party(adults=adults, children=children, infants=infants)


def wanted(
    origin: str,
    destination: str,
    day: date,
    *,
    return_on: date | None = None,
    party: Party = Party(adults=1),  # noqa: B008 - a constant
    max_stops: int = 1,
    currency: str = "EUR",
) -> FlightCriteria:
    """What somebody looks for: one way, or there and back."""
    out = WantedSlice(origin=origin, destination=destination, day=day)
    back = [WantedSlice(origin=destination, destination=origin, day=return_on)] if return_on else []
    return FlightCriteria(slices=(out, *back), party=party, max_stops=max_stops, currency=currency)


def conditions(family: str = "Classic", *, cancel_fee: int | None = None) -> Conditions:
    return Conditions(family=family, carry_on_bags=1, checked_bags=1, change_fee=7000, cancel_fee=cancel_fee)


def segment(
    departure: int = 1, *, departs_at: datetime = START + timedelta(days=10), airline: str = "LH"
) -> Segment:
    return Segment(
        supplier_key=str(departure),
        airline=airline,
        number=departure % 9000 + 1,
        origin="FRA",
        destination="JFK",
        departs_at=departs_at,
        arrives_at=departs_at + timedelta(hours=8, minutes=40),
        origin_zone="Europe/Berlin",
        destination_zone="America/New_York",
        aircraft="A343",
    )


def price(total: Money = TOTAL, *, commission: int = 0) -> Price:
    """Four fifths are the supplier's, the rest is markup, fee and tax."""
    net, markup, fee = total.amount * 8 // 10, total.amount // 10, total.amount // 20
    parts = {
        LineKind.NET: net,
        LineKind.MARKUP: markup,
        LineKind.SERVICE_FEE: fee,
        LineKind.TAX: total.amount - net - markup - fee,
        LineKind.COMMISSION: commission,
    }
    lines = tuple(
        PriceLine(kind=kind, each=Money(amount, total.currency), count=1) for kind, amount in parts.items()
    )
    return Price(currency=total.currency, lines=lines)


def price_at_property(total: Money = TOTAL) -> Price:
    """All of it is paid at the property."""
    there = price(total)
    return replace(there, lines=tuple(replace(line, at_property=True) for line in there.lines))


def offer(
    *departures: int,
    supplier: str = OWN,
    total: Money = TOTAL,
    for_party: Party | None = None,
    family: str = "Classic",
    cancel_fee: int | None = None,
    cabin: Cabin = Cabin.ECONOMY,
) -> Offer:
    """One way over `departures` (1, if none is named), of `supplier`."""
    flights = tuple(segment(departure) for departure in departures or (1,))
    return Offer(
        id=OfferId("of_test"),
        supplier=supplier,
        itinerary=Itinerary(
            slices=(Slice(segments=flights),),
            cabin=cabin,
            conditions=conditions(family, cancel_fee=cancel_fee),
        ),
        party=for_party or party(),
        price=price(total),
        seats_left=9,
        made_at=START,
        expires_at=START + timedelta(minutes=20),
    )


def wanted_stay(
    *,
    place: str = "NYC",
    check_in: date = date(2026, 12, 2),
    nights: int = 3,
    rooms: Sequence[RoomGuests] = (RoomGuests(adults=2),),
) -> StayCriteria:
    """What somebody looks for: a room for two, unless said otherwise."""
    return StayCriteria(
        place=place, check_in=check_in, check_out=check_in + timedelta(days=nights), rooms=tuple(rooms)
    )


def hotel(number: int = 1) -> HotelFacts:
    return HotelFacts(
        key=str(number),
        name=f"Hotel {number}",
        latitude=40.75,
        longitude=-73.98,
        address=f"{number} Fifth Avenue",
        city="New York",
        city_code="NYC",
        country="US",
        zone="America/New_York",
        kind=HotelKind.HOTEL,
        stars=4,
    )


def stay(
    number: int = 1,
    *,
    supplier: str = OWN,
    total: Money = TOTAL,
    wish: StayCriteria | None = None,
    rate: str = "flex",
) -> StayOffer:
    """In hotel `number`, of `supplier`, paid when it is booked and never to be cancelled for nothing."""
    wish = wish or wanted_stay()
    rooms = [
        StayRoom(key="double", rate=rate, name="Double", rate_name="Flexible", beds="1 double", guests=guests)
        for guests in wish.rooms
    ]
    return StayOffer(
        id=OfferId("st_test"),
        supplier=supplier,
        hotel=hotel(number),
        check_in=wish.check_in,
        check_out=wish.check_out,
        rooms=tuple(rooms),
        terms=StayTerms(board=Board.ROOM_ONLY, cancellation=(CancellationStep(until=None, fee=total),)),
        price=price(total),
        rooms_left=5,
        made_at=START,
        expires_at=START + timedelta(minutes=30),
    )


def booking_id(number: int = 1) -> BookingId:
    return BookingId(UUID(int=number << 64))


def item_id(number: int = 1, *, of: int = 1) -> ItemId:
    return ItemId(UUID(int=(of << 64) + (1 << 32) + number))


def payment_id(number: int = 1, *, of: int = 1) -> PaymentId:
    return PaymentId(UUID(int=(of << 64) + (2 << 32) + number))


def reference(number: int = 1) -> Reference:
    """A different one for each number."""
    letters = []
    for _ in range(6):
        number, place = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[place])
    return Reference("".join(letters))


def item(
    number: int = 1,
    *,
    of: int = 1,
    state: ItemState = ItemState.QUOTED,
    departures: Sequence[int] = (1,),
    supplier: str = OWN,
    for_party: Party | None = None,
    cancel_fee: int | None = None,
) -> Item:
    wanted = offer(*departures, supplier=supplier, for_party=for_party, cancel_fee=cancel_fee)
    return Item(id=item_id(number, of=of), offer=wanted, state=state)


def payment(
    number: int = 1,
    state: PaymentState = PaymentState.CREATED,
    *,
    of: int = 1,
    amount: Money = TOTAL,
    gateway: str = "fake",
) -> Payment:
    return Payment(id=payment_id(number, of=of), gateway=gateway, amount=amount, state=state)


def booking(
    number: int = 1,
    *,
    items: tuple[Item, ...] = (),
    payments: tuple[Payment, ...] = (),
    state: BookingState = BookingState.PENDING,
    hold_until: datetime | None = None,
    owner: str = OWNER,
) -> Booking:
    return Booking(
        id=booking_id(number),
        reference=reference(number),
        owner=owner,
        items=items or (item(of=number),),
        payments=payments,
        state=state,
        hold_until=hold_until,
    )


def travellers(of: Party) -> tuple[Traveller, ...]:
    births = {
        PassengerType.ADULT: date(1985, 3, 7),
        PassengerType.CHILD: date(2018, 6, 1),
        PassengerType.INFANT: date(2026, 2, 3),
    }
    types = [kind for kind, count in of.heads for _ in range(count)]
    return tuple(
        Traveller(number=number, type=kind, given_name="Ada", surname="Lovelace", born=births[kind])
        for number, kind in enumerate(types, start=1)
    )


def new_booking(of: Booking) -> NewBooking:
    return NewBooking(
        booking=of,
        contact=Contact(email="ada@example.org", phone="+4930123456"),
        travellers=travellers(of.items[0].offer.party),
    )


def terms(now: datetime = START) -> Terms:
    return Terms(
        now=now,
        hold=timedelta(minutes=15),
        payment_extension=timedelta(minutes=10),
        repayment=timedelta(hours=24),
    )


def dearer(shown: Offer, *, by: int = 500) -> Offer:
    """The same offer at a higher price."""
    return replace(shown, price=price(shown.total + Money(by, shown.total.currency)))


def wish(key: IntentKey, intent_id: IntentId = IntentId(UUID(int=9))) -> Wish:  # noqa: B008 - a constant
    """A message's wish for an effect."""
    envelope = Envelope(
        id=MessageId(uuid5(intent_id, "message")),
        name=f"payment.{key.step}",
        principal=SYSTEM,
        correlation_id=UUID(int=1),
        sent_at=START,
        body=msgspec.Raw(b"{}"),
    )
    return Wish(envelope=envelope, id=intent_id, key=key)
