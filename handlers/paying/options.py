"""What a booking can be paid with now: by which plans, in which ways, and why not in others.

The one rule: what is shown and what is taken come from here, so nothing is offered that is refused, and
nothing taken that was not offered.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bookingd.domain.accounts.permissions import Permission
from bookingd.domain.accounts.who import Who
from bookingd.domain.booking.attempts import deadline_after
from bookingd.domain.booking.plans import Plan, Schedule, plans_of
from bookingd.domain.booking.state import Booking, BookingState
from bookingd.domain.money import Money
from bookingd.outcomes import Refused
from bookingd.storage import credit, payment_means
from bookingd.storage.credit import CreditLine
from bookingd.storage.database import Connection
from bookingd.storage.payment_means import KeptMeans
from handlers.parts import GatewayFacts, Parts

AT_PROPERTY = "property"
"""The way of a booking of which nothing is paid to us."""

TRANSFER = "transfer"
CREDIT = "credit"

NOT_NOW = {
    BookingState.PENDING: "Its seats are still being held: wait until it is awaiting_payment.",
    BookingState.PRICE_CHANGED: "Its price has changed: agree to it first, with POST .../consents.",
    BookingState.CONFIRMING: "It is being paid for already: follow its events.",
    BookingState.CONFIRMED: "It is paid for already.",
    BookingState.EXPIRED: "It was not paid for in time: search and book again.",
    BookingState.FAILED: "It could not be had, and nothing was charged: search and book again.",
    BookingState.CANCELLED: "It was called off.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A client's credit, and how much of it is left."""

    line: CreditLine
    left: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to pay what is due by one plan."""

    gateway: str
    refused: Refused | None = None
    """Why it is not offered."""
    facts: GatewayFacts | None = None
    """What a client needs to know of a gateway outside."""
    until: datetime | None = None
    """Until when money by this way would be waited for."""
    credit: Line | None = None

    @property
    def takes_means(self) -> bool:
        """Whether a payer's means may be given along, or everything is chosen elsewhere."""
        return self.facts is not None and not self.facts.has_own_page

    @property
    def keeps(self) -> bool:
        return self.facts is not None and self.facts.keeps


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What one payer may do about one booking."""

    booking: Booking
    now: datetime
    hindrance: str | None
    """Why nothing can be paid now; None where something can."""
    plans: tuple[Plan, ...]
    kept: tuple[KeptMeans, ...]
    """Their own means that were kept."""
    may_keep: bool
    """Whether a means of theirs may be kept: of who has an account."""
    facts: tuple[GatewayFacts, ...]
    transfer_refused: Refused | None
    """Why no transfer is offered here."""
    takes_transfers: bool
    credit: Line | None
    """Where they have a line."""
    deadlines: dict[str, datetime | None]
    """By gateway: until when money would be waited for."""

    @property
    def total(self) -> Money:
        return self.booking.total

    def due(self, plan: Plan) -> Money:
        """What a payment takes that is begun now by that plan."""
        return replace(self.booking, plan=plan).payable

    def ways(self, plan: Plan) -> tuple[Way, ...]:
        """Every way that there is here, also those that are not offered for this."""
        if self.hindrance is not None:
            return ()
        if plan.schedule is Schedule.AT_PROPERTY:
            return (Way(gateway=AT_PROPERTY, until=self.booking.hold_until),)
        return tuple(self._ways(self.due(plan)))

    def _ways(self, due: Money) -> Iterator[Way]:
        for one in self.facts:
            refused = one.refusal(due)
            yield Way(gateway=one.gateway, refused=refused, facts=one, until=self.deadlines.get(one.gateway))
        if self.takes_transfers:
            until = self.deadlines.get(TRANSFER)
            yield Way(gateway=TRANSFER, refused=self.transfer_refused, until=until)
        if self.credit is not None:
            yield Way(
                gateway=CREDIT,
                refused=_beyond(self.credit, due),
                until=self.deadlines.get(CREDIT),
                credit=self.credit,
            )


async def payment_options(parts: Parts, booking: Booking, who: Who) -> Options:
    """What `who` may do about the booking, which is open to them for paying."""
    now = parts.sources.clock.now()
    async with parts.database.connection() as connection:
        line = await _line(connection, booking) if _may_use_credit(parts, booking, who) else None
        kept = await _kept(connection, booking) if is_their_own(booking, who) else ()
    terms, settings = parts.terms(now), parts.settings
    gateways = (*(one.gateway for one in parts.gateway_facts), TRANSFER, CREDIT)
    return Options(
        booking=booking,
        now=now,
        hindrance=hindrance(booking, now),
        plans=_plans(booking, parts, now),
        kept=tuple(one for one in kept if _is_taken(parts, one)),
        may_keep=is_their_own(booking, who),
        facts=parts.gateway_facts,
        transfer_refused=_too_soon(booking, now, days=settings.transfer.days + settings.transfer.least_days),
        takes_transfers=bool(settings.transfer.iban) and TRANSFER in parts.gateways,
        credit=line,
        deadlines={name: deadline_after(booking, name, terms) for name in gateways},
    )


def hindrance(booking: Booking, now: datetime) -> str | None:
    """Why nothing can be paid now, with what to do instead; None where something can."""
    if booking.state is not BookingState.AWAITING_PAYMENT and not booking.has_open_balance:
        return f"The booking is {booking.state}. {NOT_NOW[booking.state]}"
    if booking.hold_until is not None and now >= booking.hold_until:
        return "The hold has just ended: search and book again."
    if booking.balance_by is not None and now >= booking.balance_by:
        return "The balance was due before now: it is being decided what becomes of the booking."
    if booking.is_asking_for_money:
        return "Another payment of it is with its gateway: follow its events until that one is answered."
    return None


def is_their_own(booking: Booking, who: Who) -> bool:
    """Whether it is the account's of who asks. A link may be forwarded: what is kept is charged for nobody
    who only shows one.
    """
    return who.account is not None and who.principal == booking.owner


def is_over(kept: KeptMeans, now: datetime) -> bool:
    """Whether the card has expired: it is good until the end of its month."""
    return kept.expires is not None and kept.expires < f"{now:%Y-%m}"


def _plans(booking: Booking, parts: Parts, now: datetime) -> tuple[Plan, ...]:
    """What is agreed already stands; else what the agency offers."""
    if booking.plan is not None and (booking.has_firm_plan or booking.has_open_balance):
        return (booking.plan,)
    return tuple(plans_of(booking, parts.terms(now).plans, now=now))


def _may_use_credit(parts: Parts, booking: Booking, who: Who) -> bool:
    """Its client, and staff who book for them."""
    is_client = booking.owner.startswith("account:")
    theirs = is_their_own(booking, who) or who.has(Permission.BOOKINGS_ACT)
    return CREDIT in parts.gateways and is_client and theirs


async def _line(connection: Connection, booking: Booking) -> Line | None:
    line = await credit.line(connection, owner=booking.owner)
    if line is None:
        return None
    used = await credit.used(connection, owner=booking.owner)
    left = max(line.most.amount - used, 0)
    return Line(line=line, left=Money(left, line.most.currency))


async def _kept(connection: Connection, booking: Booking) -> tuple[KeptMeans, ...]:
    return tuple(await payment_means.of_owner(connection, owner=booking.owner))


def _is_taken(parts: Parts, kept: KeptMeans) -> bool:
    return any(one.gateway == kept.gateway and one.keeps for one in parts.gateway_facts)


def _too_soon(booking: Booking, now: datetime, *, days: int) -> Refused | None:
    """A transfer takes days, and staff have to see it before anything can be issued."""
    if booking.starts_at - now >= timedelta(days=days):
        return None
    told = f"The trip begins too soon for a bank transfer, which takes {days} days with all that follows"
    return Refused("trip_too_soon", told)


def _beyond(credit_line: Line, due: Money) -> Refused | None:
    """Decided once more when it is held: this is what can be told before."""
    left = credit_line.left
    if left.currency != due.currency:
        return Refused("credit_currency", f"The credit line is in {left.currency}")
    if left < due:
        return Refused("credit_limit", f"Only {left.format()} of the credit line is left")
    return None
