"""What the HTTP side is made of, and the typed keys under which an application keeps it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from aiohttp import web

from bookingd.bus.port import Bus
from bookingd.cache import Cache
from bookingd.config import Settings
from bookingd.documents.printer import Printer
from bookingd.domain.booking.decision import Terms
from bookingd.domain.money import Money
from bookingd.gateways.port import Gateway
from bookingd.outcomes import Refused
from bookingd.pictures.gallery import Gallery
from bookingd.security.card_testing import Brake
from bookingd.security.keyring import Keyring
from bookingd.security.passkeys import RelyingParty
from bookingd.security.passwords import PasswordHasher
from bookingd.security.throttle import Gates, Throttle
from bookingd.sources import Sources
from bookingd.storage.database import Database
from bookingd.storage.transactions import Transactions
from bookingd.suppliers.unsellable import Unsellable
from bookingd.telemetry.metrics import Metrics
from bookingd.tokens import TokenSigner


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayFacts:
    """What a client needs to pay by a gateway; nothing of it is secret."""

    gateway: str
    """As in the configuration: `stripe`."""
    publishable_key: str
    api_base: str
    """Where the gateway's own API is: https://api.stripe.com, or the stand-in."""
    script: str | None = None
    """What a page loads to show the gateway's own fields for a card or a wallet; None where it has none."""
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """From where that page loads what, as directives of a content security policy."""
    has_own_page: bool = False
    """The payer chooses how to pay at the gateway's own page: no means is given with the payment."""
    currencies: frozenset[str] | None = None
    """What it takes; None for (nearly) all."""
    refusal: Callable[[Money], Refused | None] = lambda _: None
    """Why it cannot take an amount; None if it can."""
    keeps: bool = False
    """Whether it keeps means of payment, to be charged later."""
    counted: Callable[[Money], int] = lambda money: money.amount
    """An amount as its script counts it; asked of amounts that it takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountParts:
    """What proves who somebody is, and keeps their secrets."""

    hasher: PasswordHasher
    keyring: Keyring
    throttle: Throttle
    gates: Gates
    """What tries are counted at."""
    relying_party: RelyingParty
    """Us, as authenticators know us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything that handlers use, joined by bookingd.wiring."""

    settings: Settings
    gateway_facts: tuple[GatewayFacts, ...]
    gateways: Mapping[str, Gateway]
    bus: Bus
    transactions: Transactions
    database: Database
    """For reading."""
    sources: Sources
    signer: TokenSigner
    accounts: AccountParts
    brake: Brake
    """On card testing."""
    terms: Callable[[datetime], Terms]
    """What a booking's lifecycle goes by at a time."""
    metrics: Metrics
    cache: Cache
    unsellable: Unsellable
    """What was refused a while ago, and is not offered meanwhile."""
    pictures: Gallery
    printer: Printer
    readiness: Callable[[], Mapping[str, str | None]]
    """What must be there for requests to be served: None where it is, else why it is not."""

    @property
    def public_url(self) -> str:
        """Where browsers find us, without a slash at the end."""
        return self.settings.public_url.rstrip("/")

    @property
    def secure(self) -> bool:
        """Whether browsers reach us by https."""
        return self.public_url.startswith("https:")

    @property
    def origin(self) -> str:
        """Scheme, host and port of the public address, as a browser writes them."""
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}".lower()


PARTS = web.AppKey("parts", Parts)
