"""Builds the actors of this process, and says who subscribes to what over all of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from actors.audit import AuditActor, Chainer
from actors.auth import AuthActor
from actors.booking import BookingActor, Times
from actors.booking.desks import Desks
from actors.notify import NotifyActor
from actors.payment import PaymentActor
from actors.payment.documents import Agency as IssuingAgency
from actors.search import FlightSearchActor, HotelSearchActor, flights, hotels
from actors.search.asking import Asking, unnoted
from actors.search.calendars import Calendars
from bookingd.actor.kinds import Actor
from bookingd.bus.port import Bus, Topology
from bookingd.channels.render import Agency
from bookingd.config import ActorName, Settings, sections
from bookingd.domain.booking.state import Booking
from bookingd.domain.documents.document import DocumentKind, Issuer, Party
from bookingd.domain.offers import Offer
from bookingd.domain.search import FlightCriteria
from bookingd.domain.stays import StayCriteria, StayOffer
from bookingd.messages import catalogue as words
from bookingd.messages.catalogue import Catalogue
from bookingd.security.card_testing import Brake
from bookingd.sources import Sources
from bookingd.storage.checkpoints import (
    CheckpointFile,
    Signer,
    checkpoint_path,
    pin_public_key,
    public_key_path,
)
from bookingd.storage.database import Database
from bookingd.storage.offers import FLIGHTS, STAYS, Kind
from bookingd.storage.office import ReceivedBy
from bookingd.storage.prices import CurrentRules
from bookingd.storage.transactions import Transactions
from bookingd.suppliers.exchange import Exchanging, ExchangingCalendar, RateDesk
from bookingd.suppliers.guard import Source
from bookingd.suppliers.inventory import InventoryFlights, Repricer
from bookingd.suppliers.inventory_calendar import InventoryCalendar
from bookingd.suppliers.own_stays import OwnStays
from bookingd.suppliers.own_stock import OwnStock
from bookingd.suppliers.port import FlightSource, StaySource
from bookingd.suppliers.seen_fares import SeenFares
from bookingd.suppliers.unsellable import Unsellable
from bookingd.telemetry.metrics import Metrics
from bookingd.tokens import Purpose, TokenSigner
from bookingd.wiring.outside import Outside
from bookingd.wiring.suppliers import Guards

O = TypeVar("O", Offer, StayOffer)  # noqa: E741 - an offer of either kind
C = TypeVar("C", FlightCriteria, StayCriteria)

LINKS_LAST = timedelta(days=90)
"""How long after the journey a mail's link still opens its booking: for receipts and claims."""

ALL = (
    AuthActor,
    FlightSearchActor,
    HotelSearchActor,
    BookingActor,
    PaymentActor,
    NotifyActor,
    AuditActor,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What actors, and the HTTP that speaks to them, are built with."""

    settings: Settings
    bus: Bus
    transactions: Transactions
    database: Database
    sources: Sources
    catalogue: Catalogue
    metrics: Metrics
    signer: TokenSigner
    guards: Guards
    rate_desk: RateDesk
    unsellable: Unsellable
    seen_fares: SeenFares


def topology(catalogue: Catalogue) -> Topology:
    """Every actor's subscriptions, also of those that run elsewhere."""
    subscribers: dict[str, set[str]] = {}
    for actor in ALL:
        for message_type in actor.accepts:
            entry = catalogue.of(message_type)
            if entry.kind is words.Kind.EVENT:
                subscribers.setdefault(entry.name, set()).add(actor.name)
    return Topology(
        subscribers={name: frozenset(actors) for name, actors in subscribers.items()},
        actors=frozenset(actor.name for actor in ALL),
    )


def build_actors(tools: Tools, outside: Outside) -> dict[ActorName, Actor]:
    """Those that the settings name."""
    rules = CurrentRules()
    builders: dict[ActorName, Callable[[], Actor]] = {
        "auth": lambda: AuthActor(sources=tools.sources),
        "search.flights": lambda: _search_flights(tools, rules),
        "search.hotels": lambda: _search_hotels(tools, rules),
        "booking": lambda: _booking(tools, rules),
        "payment": lambda: _payment(tools, outside),
        "notify": lambda: _notify(tools, outside),
        "audit": lambda: _audit(tools),
    }
    return {name: builders[name]() for name in tools.settings.actors.run}


def _search_flights(tools: Tools, rules: CurrentRules) -> Actor:
    suppliers = flight_sources(tools, rules)
    own = InventoryCalendar(database=tools.database, clock=tools.sources.clock, rules=rules)
    calendars = Calendars(
        sources=(
            ExchangingCalendar(
                tools.guards.before_calendar(own),
                currencies=_currencies(tools, own.name),
                desk=tools.rate_desk,
            ),
        ),
        others={supplier.name for supplier in suppliers} - {own.name},
        seen=tools.seen_fares,
        clock=tools.sources.clock,
        metrics=tools.metrics.calendars,
    )
    asking = _asking(tools, FLIGHTS, suppliers, flights.shown, calendars.note)
    return FlightSearchActor(asking=asking, calendars=calendars)


def _search_hotels(tools: Tools, rules: CurrentRules) -> Actor:
    return HotelSearchActor(asking=_asking(tools, STAYS, stay_sources(tools, rules), hotels.shown))


def flight_sources(tools: Tools, rules: CurrentRules) -> Sequence[FlightSource]:
    """Whoever sells flights here."""
    return (InventoryFlights(database=tools.database, clock=tools.sources.clock, rules=rules),)


def stay_sources(tools: Tools, rules: CurrentRules) -> Sequence[StaySource]:
    """Whoever sells stays here."""
    return (OwnStays(database=tools.database, clock=tools.sources.clock, rules=rules),)


def _currencies(tools: Tools, supplier: str) -> Sequence[str]:
    """In which its prices are."""
    settings = tools.settings
    return settings.suppliers.of(supplier).currencies or (settings.booking.currency,)


def _asking(
    tools: Tools,
    kind: Kind[O, C],
    sources: Sequence[Source[O, C]],
    shown: Callable[[O], object],
    note: Callable[[str, C, Sequence[O]], None] = unnoted,
) -> Asking[O, C]:
    return Asking(
        kind=kind,
        suppliers=[
            Exchanging(
                tools.guards.before(source, kind),
                currencies=_currencies(tools, source.name),
                desk=tools.rate_desk,
            )
            for source in sources
        ],
        database=tools.database,
        sources=tools.sources,
        offers_last=timedelta(minutes=tools.settings.search.offer_minutes),
        shown=shown,
        unsellable=tools.unsellable,
        notify=tools.bus.notify,
        note=note,
    )


def times(settings: Settings) -> Times:
    """What bookings go by, and what payers are told before."""
    chosen = settings.booking
    return Times(
        hold=timedelta(minutes=chosen.hold_minutes),
        payment_extension=timedelta(minutes=chosen.payment_extension_minutes),
        repayment=timedelta(hours=chosen.repayment_hours),
        patience={ReceivedBy.TRANSFER.value: timedelta(days=settings.transfer.days)},
        plans=settings.payments.terms,
    )


def _booking(tools: Tools, rules: CurrentRules) -> Actor:
    reprice = Repricer(clock=tools.sources.clock, rules=rules)
    return BookingActor(
        own_stock=OwnStock(reprice=reprice, chance=tools.sources.chance),
        desks=Desks({}),
        times=times(tools.settings),
        sources=tools.sources,
        catalogue=tools.catalogue,
    )


def _payment(tools: Tools, outside: Outside) -> Actor:
    return PaymentActor(
        gateways=outside.gateways,
        database=tools.database,
        sources=tools.sources,
        agency=issuing_agency(tools.settings.agency),
        brake=brake(tools),
    )


def brake(tools: Tools) -> Brake:
    """On card testing: the same for whoever asks and for who pays, wherever they run."""
    return Brake(
        tools.settings.payments.brake,
        key=tools.settings.security.signing_keys[0],
        clock=tools.sources.clock,
        metrics=tools.metrics.brake,
    )


def issuing_agency(chosen: sections.Agency) -> IssuingAgency:
    """As documents name it."""
    party = Party(
        name=chosen.legal_name,
        lines=chosen.address_lines,
        postcode=chosen.postcode,
        city=chosen.city,
        country=chosen.country,
        tax_number=chosen.tax_number,
    )
    kinds = (DocumentKind.RECEIPT, DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE)
    return IssuingAgency(
        issuer=Issuer(party=party, registration=chosen.registration),
        prefixes=dict(zip(kinds, chosen.prefixes, strict=True)),
        zone=ZoneInfo(chosen.zone),
    )


def _notify(tools: Tools, outside: Outside) -> Actor:
    settings = tools.settings
    return NotifyActor(
        channel=outside.email,
        database=tools.database,
        sources=tools.sources,
        agency=Agency(name=settings.mail.from_name, url=settings.public_url),
        link=lambda booking: _link(tools, booking),
        signer=tools.signer,
        repeats=tools.metrics.mail_repeats,
    )


def _link(tools: Tools, booking: Booking) -> str:
    """The signed way to a booking, good until some time after its journey."""
    arrives = max(item.offer.itinerary.slices[-1].arrives_at for item in booking.items)
    token = tools.signer.sign(Purpose.LINK, str(booking.id), expires_at=arrives + LINKS_LAST)
    return f"{tools.settings.public_url}/v1/bookings/{booking.reference}?link={token}"


def _audit(tools: Tools) -> Actor:
    chosen, var = tools.settings.audit, tools.settings.paths.var
    signer = Signer(tools.settings.security.audit_key.reveal_bytes())
    pin_public_key(public_key_path(var), signer)
    chainer = Chainer(
        database=tools.database,
        clock=tools.sources.clock,
        signer=signer,
        file=CheckpointFile(checkpoint_path(var)),
        every=timedelta(seconds=chosen.checkpoint_seconds),
        entries=chosen.checkpoint_entries,
    )
    return AuditActor(chainer=chainer, clock=tools.sources.clock, lag=tools.metrics.audit_lag)
