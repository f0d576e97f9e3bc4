"""A trip to write mails about: two adults and a child to New York and back, by way of Munich."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from bookingd.channels.render import Agency
from bookingd.channels.views import (
    Airport,
    Happening,
    MailBooking,
    MailKind,
    Names,
    PaymentPaper,
    mail_booking,
)
from bookingd.domain.booking.plans import Plan, Schedule
from bookingd.domain.booking.state import Booking, BookingState, Item, ItemState, Payment, PaymentState
from bookingd.domain.flights import Cabin, Conditions, Itinerary, Segment, Slice
from bookingd.domain.ids import BookingId, ItemId, OfferId, PaymentId, RecordLocator, Reference
from bookingd.domain.money import Money
from bookingd.domain.offers import Offer
from bookingd.domain.passengers import Party, PassengerType
from bookingd.domain.prices import LineKind, Price, PriceLine

BOOKING = BookingId(UUID("019ab000-0000-7000-8000-00000000000b"))
PAYMENT = PaymentId(UUID("019ab000-0000-7000-8000-00000000000c"))
LINK = "https://trips.agency.example/b/KV7Q2M?token=2YotnFZFEjr1zCsicMWpAA"
UNTIL = datetime(2026, 11, 22, 12, 25, tzinfo=UTC)

AGENCY = Agency(
    name="Sunbird Travel", url="https://trips.agency.example", support="help@trips.agency.example"
)

NAMES = Names(
    airports={
        "HAM": Airport(code="HAM", name="Hamburg Helmut Schmidt Airport", city="Hamburg"),
        "MUC": Airport(code="MUC", name="Munich Airport", city="Munich"),
        "JFK": Airport(code="JFK", name="John F Kennedy International Airport", city="New York"),
    },
    airlines={"LH": "Lufthansa", "UA": "United Airlines"},
)

PEOPLE = (
    ("Zoë Müller-Lüdenscheidt", PassengerType.ADULT),
    ("Jean d'Arc", PassengerType.ADULT),
    ("Emma Müller-Lüdenscheidt", PassengerType.CHILD),
)

ZONES = {"HAM": "Europe/Berlin", "MUC": "Europe/Berlin", "JFK": "America/New_York"}


def segment(
    airline: str, number: int, way: str, departs: datetime, hours: float, *, aircraft: str
) -> Segment:
    origin, destination = way.split("-")
    return Segment(
        supplier_key=f"{number}",
        airline=airline,
        number=number,
        origin=origin,
        destination=destination,
        departs_at=departs,
        arrives_at=departs + timedelta(hours=hours),
        origin_zone=ZONES[origin],
        destination_zone=ZONES[destination],
        aircraft=aircraft,
    )


def conditions(**changes: object) -> Conditions:
    values = Conditions(family="Classic", carry_on_bags=1, checked_bags=1, change_fee=15000, cancel_fee=None)
    return replace(values, **changes)  # type: ignore[arg-type]


def itinerary(terms: Conditions | None = None) -> Itinerary:
    out = (
        segment("LH", 2055, "HAM-MUC", datetime(2026, 12, 18, 8, 45, tzinfo=UTC), 1.25, aircraft="A320"),
        segment("LH", 410, "MUC-JFK", datetime(2026, 12, 18, 11, 5, tzinfo=UTC), 9.25, aircraft="A359"),
    )
    back = (
        segment("UA", 8837, "JFK-MUC", datetime(2027, 1, 3, 2, 55, tzinfo=UTC), 7.75, aircraft="A359"),
        segment("LH", 2066, "MUC-HAM", datetime(2027, 1, 3, 12, 5, tzinfo=UTC), 1.25, aircraft="A20N"),
    )
    return Itinerary(
        slices=(Slice(segments=out), Slice(segments=back)),
        cabin=Cabin.PREMIUM_ECONOMY,
        conditions=terms or conditions(),
    )


def price(adult: int = 61000) -> Price:
    def line(kind: LineKind, each: int, count: int, who: PassengerType | None, label: str = "") -> PriceLine:
        return PriceLine(kind=kind, each=Money(each, "EUR"), count=count, passenger=who, label=label)

    adults, child = PassengerType.ADULT, PassengerType.CHILD
    return Price(
        currency="EUR",
        lines=(
            line(LineKind.NET, adult, 2, adults),
            line(LineKind.NET, 45750, 1, child),
            line(LineKind.MARKUP, 4321, 2, adults, "secret markup"),
            line(LineKind.SERVICE_FEE, 1900, 1, None, "Service fee"),
            line(LineKind.TAX, 9950, 2, adults, "Airport taxes and charges"),
            line(LineKind.TAX, 7400, 1, child, "Airport taxes and charges"),
            line(LineKind.COMMISSION, 777, 1, None, "secret commission"),
        ),
    )


def offer(terms: Conditions | None = None, adult: int = 61000) -> Offer:
    return Offer(
        id=OfferId("of_test"),
        supplier="inventory",
        itinerary=itinerary(terms),
        party=Party(adults=2, children=1),
        price=price(adult),
        seats_left=4,
        made_at=UNTIL - timedelta(minutes=30),
        expires_at=UNTIL,
    )


def booking(state: BookingState = BookingState.CONFIRMED, **changes: object) -> Booking:
    item = Item(
        id=ItemId(UUID("019ab000-0000-7000-8000-00000000000d")),
        offer=offer(),
        state=ItemState.CONFIRMED,
        locator=RecordLocator("X7RT2P"),
        tickets=("999-1000000001", "999-1000000002", "999-1000000003"),
    )
    values = Booking(
        id=BOOKING,
        reference=Reference("KV7Q2M"),
        owner="guest:019ab000-0000-7000-8000-00000000000e",
        items=(item,),
        payments=(payment(PaymentState.CAPTURED),),
        state=state,
    )
    return replace(values, **changes)  # type: ignore[arg-type]


def payment(state: PaymentState) -> Payment:
    return Payment(id=PAYMENT, gateway="stripe", amount=Money(204392, "EUR"), state=state)


def proposal(terms: Conditions | None = None, adult: int = 66000) -> Booking:
    """A booking whose supplier holds it at another price, or under other terms."""
    held = booking(BookingState.PRICE_CHANGED, payments=())
    changed = replace(
        held.items[0], state=ItemState.HELD, proposed=offer(terms, adult), locator=None, tickets=()
    )
    return held.with_item(changed)


def view(
    kind: MailKind,
    of: Booking | None = None,
    *,
    reason: str | None = None,
    until: datetime | None = None,
    locale: str = "en",
    people: tuple[tuple[str, PassengerType], ...] = PEOPLE,
    names: Names = NAMES,
    amount: Money | None = None,
    kept: Money | None = None,
    paper: PaymentPaper | None = None,
) -> MailBooking:
    return mail_booking(
        booking=of or booking(),
        happening=Happening(kind=kind, reason=reason, until=until, amount=amount, kept=kept),
        travellers=people,
        names=names,
        link=LINK,
        locale=locale,
        paper=paper,
    )


def with_deposit() -> Booking:
    """Confirmed, with a deposit paid and the rest open."""
    plan = Plan(
        schedule=Schedule.DEPOSIT,
        due_now=Money(40000, "EUR"),
        balance=Money(164392, "EUR"),
        balance_by=UNTIL,
        at_property=Money.zero("EUR"),
    )
    paid = replace(payment(PaymentState.CAPTURED), amount=plan.due_now)
    return booking(plan=plan, payments=(paid,))


PAPER = PaymentPaper(
    amount=Money(2500, "EUR"),
    means="Visa ending in 4242",
    expected_by=date(2026, 12, 6),
    trace="74537606340000012345678",
)
TRANSFER = PaymentPaper(
    amount=Money(204392, "EUR"),
    means="Bank transfer",
    instructions=(
        ("Amount", "2043.92 EUR"),
        ("To", "Sunbird Travel GmbH"),
        ("IBAN", "DE89370400440532013000"),
        ("Reference", "KV7Q2M"),
    ),
)


def views_of_money() -> dict[str, MailBooking]:
    """Those about payments, and the variants that read differently."""
    part, waiting = Money(2500, "EUR"), booking(BookingState.AWAITING_PAYMENT, payments=())
    over = booking(BookingState.CANCELLED)
    return {
        "confirmed-deposit": view(MailKind.CONFIRMED, with_deposit()),
        "transfer_asked": view(MailKind.TRANSFER_ASKED, waiting, until=UNTIL, paper=TRANSFER),
        "payment_in_review": view(MailKind.PAYMENT_IN_REVIEW, waiting),
        "balance_asked": view(
            MailKind.BALANCE_ASKED, with_deposit(), until=UNTIL, amount=Money(164392, "EUR")
        ),
        "balance_asked-charge": view(
            MailKind.BALANCE_ASKED,
            with_deposit(),
            until=UNTIL,
            amount=Money(164392, "EUR"),
            reason="charge_failed",
        ),
        "balance_paid": view(MailKind.BALANCE_PAID),
        "balance_unpaid": view(
            MailKind.BALANCE_UNPAID, over, amount=Money(40000, "EUR"), kept=Money.zero("EUR")
        ),
        "balance_unpaid-kept": view(
            MailKind.BALANCE_UNPAID, over, amount=Money.zero("EUR"), kept=Money(40000, "EUR")
        ),
        "refund_sent": view(MailKind.REFUND_SENT, amount=part, paper=PAPER),
        "refund_sent-plain": view(MailKind.REFUND_SENT, amount=part),
        "refund_sent-by-hand": view(
            MailKind.REFUND_SENT, amount=part, paper=replace(PAPER, gateway="transfer", trace=None)
        ),
        "refund_sent-credit": view(
            MailKind.REFUND_SENT, amount=part, paper=replace(PAPER, gateway="credit", trace=None)
        ),
        "refund_failed": view(MailKind.REFUND_FAILED, amount=part, paper=PAPER),
        "refund_settled": view(
            MailKind.REFUND_SETTLED, amount=part, paper=replace(PAPER, how="transfer", trace="bank-9")
        ),
    }


def views() -> dict[str, MailBooking]:
    """One of each mail, and the variants that read differently."""
    return views_of_bookings() | views_of_money()


def views_of_bookings() -> dict[str, MailBooking]:
    """Those about what became of a booking."""
    voided, refunded = payment(PaymentState.VOIDED), payment(PaymentState.REFUNDING)
    over = {"payments": (voided,), "hold_until": None}
    return {
        "confirmed": view(MailKind.CONFIRMED),
        "failed": view(MailKind.FAILED, booking(BookingState.FAILED, **over), reason="sold_out"),
        "failed-refunded": view(
            MailKind.FAILED, booking(BookingState.FAILED, payments=(refunded,)), reason="gone"
        ),
        "expired": view(MailKind.EXPIRED, booking(BookingState.EXPIRED, payments=())),
        "called_off": view(MailKind.CALLED_OFF, booking(BookingState.CANCELLED, **over)),
        "price_changed": view(MailKind.PRICE_CHANGED, proposal(), until=UNTIL),
        "conditions_changed": view(
            MailKind.PRICE_CHANGED, proposal(conditions(checked_bags=0), 61000), until=UNTIL
        ),
        "payment_declined": view(MailKind.PAYMENT_DECLINED, reason="insufficient_funds", until=UNTIL),
        "payment_needed": view(MailKind.PAYMENT_NEEDED, reason="card_declined", until=UNTIL),
    }
