"""The sections of the configuration, one frozen value each; their defaults are the embedded ones.

A field's type says how its text is read and its metadata what is allowed; rules that join several settings
stand in bookingd/config/rules.py. A `Secret` field `x` is spelled `x_file` in the file, and a `Url` field
`x` that may carry a password may be spelled `x_file` too.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

from bookingd.config.fields import (
    address,
    bic,
    brand_name,
    checked,
    country,
    currencies,
    currency,
    iban,
    local_url_of,
    mail_address,
    margins,
    margins_in,
    networks,
    number_prefix,
    percent,
    picture_hosts,
    secret,
    time_zone,
    within,
)
from bookingd.config.redis_address import SCHEMES as REDIS_SCHEMES
from bookingd.config.values import MASK, Secret, Url
from bookingd.domain.booking.plans import PlanTerms
from bookingd.domain.exchange import ExchangeTerms
from bookingd.outcomes import CALL_LIMIT

Environment = Literal["development", "production"]
ActorName = Literal["auth", "search.flights", "search.hotels", "booking", "payment", "notify", "audit"]
LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["text", "json"]
StripeMode = Literal["element", "redirect"]

ACTORS: tuple[ActorName, ...] = get_args(ActorName)

MADE_UP_AGENCY = "Demonstration Travel Agency"
"""What plays at being one; production needs a real name."""

MARGIN = 1.0
"""Seconds by which an adapter gives up before its call is cut off: it alone knows what the outcome may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where clients reach us. `trusted_proxies` may set X-Forwarded-For; nobody else is believed.

    With `reuse_port` several processes of one host listen on the same port, and the kernel deals out what
    comes (SO_REUSEPORT). A process whose server is not `enabled` runs actors only.
    """

    enabled: bool = True
    host: str = "127.0.0.1"
    port: int = within(8080, 1, 65535)
    reuse_port: bool = False
    trusted_proxies: tuple[str, ...] = checked((), networks)
    max_body_bytes: int = within(262_144, 1024, 16_777_216)
    request_timeout_seconds: float = within(30.0, 1, 300)
    lame_duck_seconds: float = within(0.0, 0, 600)
    drain_seconds: float = within(20.0, 0, 600)

    @property
    def local_url(self) -> str:
        """Where programs on this host reach us: the address that is listened on, loopback where it is any."""
        return local_url_of(self.host, self.port)


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """PostgreSQL. The daemon's role is `url`, the migrating owner `owner_url`."""

    url: Url = address("embedded", "postgresql", "postgres", word="embedded")
    owner_url: Url | None = address(None, "postgresql", "postgres")
    pool_minimum: int = within(2, 0, 1000)
    pool_maximum: int = within(10, 1, 1000)

    @property
    def embedded(self) -> bool:
        """Whether this process starts PostgreSQL itself, under `paths.var`."""
        return self.url.reveal() == "embedded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bus:
    """How messages travel: within this process (`memory://`), or over RabbitMQ, the virtual host in the path.

    With `local_shortcut` a query whose actor runs in this process is answered here, without the broker.
    """

    url: Url = address("memory://", "memory", "amqp", "amqps")
    local_shortcut: bool = True

    @property
    def embedded(self) -> bool:
        """Whether messages reach this process only."""
        return self.url.scheme == "memory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache:
    """Redis, or a stand-in within the process: losing it costs speed, never correctness."""

    url: Url = address("fakeredis://", "fakeredis", *REDIS_SCHEMES)

    @property
    def embedded(self) -> bool:
        """Whether the cache lives in this process."""
        return self.url.scheme == "fakeredis"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Where we may write. A relative path starts at the working directory."""

    var: Path = Path("var")

    @property
    def keys(self) -> Path:
        """Where development keys are kept, mode 0700."""
        return self.var / "keys"

    @property
    def pictures(self) -> Path:
        """Where pictures are kept that can be made again."""
        return self.var / "pictures"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """How much an actor that answers questions does at once: answers under way, questions that wait."""

    concurrency: int = within(16, 1, 1024)
    prefetch: int = within(64, 1, 10_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deciding:
    """How much an actor that decides does at once: messages fetched ahead, messages a transaction."""

    prefetch: int = within(64, 1, 10_000)
    batch: int = within(64, 1, 64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calling:
    """How much an actor that calls the outside does at once: calls, messages fetched ahead, and messages
    whose outcome is written down in one transaction.
    """

    concurrency: int = within(32, 1, 1024)
    prefetch: int = within(64, 1, 10_000)
    batch: int = within(64, 1, 64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Searching:
    """How much each of the two actors that search does at once."""

    flights: Answering = Answering(concurrency=64, prefetch=128)
    hotels: Answering = Answering(concurrency=64, prefetch=128)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actors:
    """Which actors this process runs, and how much each does at once; `audit` has no mailbox to bound."""

    run: tuple[ActorName, ...] = ACTORS
    auth: Deciding = Deciding()
    search: Searching = Searching()
    booking: Deciding = Deciding()
    payment: Calling = field(default=Calling(concurrency=64))
    notify: Calling = Calling()

    def bounds(self, name: ActorName) -> Mapping[str, int]:
        """The numbers of one actor by name; none for one that has none."""
        found: Any = self
        for part in name.split("."):
            found = getattr(found, part, None)
        return {} if found is None else asdict(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """Who sells: what the law wants to stand on receipts, invoices and credit notes.

    `zone` says on which day a document is issued; numbers are counted by prefix and year. With
    `early_invoices` a booking may be invoiced before it is confirmed, where somebody asks for that.
    """

    legal_name: str = MADE_UP_AGENCY
    address_lines: tuple[str, ...] = ("Musterstrasse 1",)
    postcode: str = "60311"
    city: str = "Frankfurt am Main"
    country: str = checked("DE", country)
    tax_number: str = ""
    registration: str = ""
    zone: str = checked("Europe/Berlin", time_zone)
    receipt_prefix: str = checked("REC", number_prefix)
    invoice_prefix: str = checked("INV", number_prefix)
    credit_note_prefix: str = checked("CRN", number_prefix)
    early_invoices: bool = False

    @property
    def prefixes(self) -> tuple[str, str, str]:
        """Of receipts, invoices and credit notes."""
        return self.receipt_prefix, self.invoice_prefix, self.credit_note_prefix


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """How long stock is held, how much longer once the traveller has begun to pay, and how long another
    payment is waited for when a ticketed booking's money could not be taken.
    """

    hold_minutes: int = within(15, 1, 1440)
    payment_extension_minutes: int = within(10, 0, 1440)
    repayment_hours: int = within(24, 1, 168)
    currency: str = checked("EUR", currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Brake:
    """How many attempts to pay may come to nothing within an hour, and how many of those by a decline, from
    one network (an IPv4 address, or 64 bits of an IPv6 one), at one booking and of one account; and how often
    one card may be declined in a day. With 0 there is no limit.
    """

    attempts_from_network: int = within(100, 0, 1_000_000)
    declines_from_network: int = within(20, 0, 1_000_000)
    attempts_at_booking: int = within(30, 0, 1_000_000)
    declines_at_booking: int = within(10, 0, 1_000_000)
    attempts_of_account: int = within(60, 0, 1_000_000)
    declines_of_account: int = within(15, 0, 1_000_000)
    declines_of_card: int = within(5, 0, 1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payments:
    """How what a booking costs may be spread: with `deposit_percent` above 0 a part is due at booking, and
    the balance `balance_days` before the first departure or check-in, where that is `least_wait_days` away.

    Its payer is reminded twice before, and a card that they agreed to have kept is charged `charge_days`
    before. What is not paid by then is cancelled; `keeps_deposit` says whose the deposit is after that.
    """

    deposit_percent: Decimal = percent("0", 0, 100)
    balance_days: int = within(30, 0, 365)
    least_wait_days: int = within(7, 1, 365)
    first_reminder_days: int = within(7, 1, 90)
    last_reminder_days: int = within(1, 1, 90)
    charge_days: int = within(3, 1, 90)
    keeps_deposit: bool = False
    brake: Brake = Brake()

    @property
    def terms(self) -> PlanTerms:
        """What the lifecycle reckons by."""
        return PlanTerms(
            deposit=Fraction(self.deposit_percent) / 100 or None,
            balance_before=timedelta(days=self.balance_days),
            least_wait=timedelta(days=self.least_wait_days),
            reminders=(timedelta(days=self.first_reminder_days), timedelta(days=self.last_reminder_days)),
            charge_before=timedelta(days=self.charge_days),
            keeps_deposit=self.keeps_deposit,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Whom travellers send bank transfers to; without an `iban` they are not offered any. What they book is
    held for `days`, and a transfer is offered only where the trip begins `least_days` after those.
    """

    beneficiary: str = ""
    iban: str = checked("", iban)
    bic: str = checked("", bic)
    bank: str = ""
    days: int = within(3, 1, 30)
    least_days: int = within(7, 0, 365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """In which currencies besides `booking.currency` the agency sells what suppliers price in others: at the
    newest imported rate, no older than so many business days, with a margin. `margins` are those of pairs
    where that differs, as `EUR/USD=1.5`.
    """

    currencies: tuple[str, ...] = checked(("CHF", "GBP", "USD"), currencies)
    margin_percent: Decimal = percent("2", 0, 50)
    margins: tuple[str, ...] = checked((), margins)
    maximum_age_business_days: int = within(3, 0, 30)

    @property
    def terms(self) -> ExchangeTerms:
        """What the domain reckons by."""
        return ExchangeTerms(
            margin_percent=self.margin_percent,
            margins=dict(margins_in(self.margins)),
            maximum_age=self.maximum_age_business_days,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchBudget:
    """How many searches each process makes for one account, and for one network without any (an IPv4 address,
    or 64 bits of an IPv6 one): so many a minute, and so many at once after a quiet time. One on days around
    counts twice, one with airports nearby five times. What is kept or just being found costs nothing. With 0
    a minute there is no limit.
    """

    network_per_minute: int = within(120, 0, 1_000_000)
    network_burst: int = within(60, 1, 1_000_000)
    account_per_minute: int = within(600, 0, 1_000_000)
    account_burst: int = within(120, 1, 1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How long a search may take, how long its answer and a calendar of lowest fares are reused, how long an
    offer can be booked, and for how long what a supplier refused is not offered again.
    """

    deadline_seconds: float = within(8.0, 0.1, 120)
    cache_seconds: int = within(60, 0, 3600)
    calendar_seconds: int = within(600, 0, 86_400)
    offer_minutes: int = within(20, 1, 1440)
    unsellable_seconds: int = within(300, 0, 86_400)
    budget: SearchBudget = SearchBudget()


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplier:
    """How one supplier is asked. An answer that has not come by its deadline, or that of the search, is late;
    after `breaker_failures` in a row that failed or were late it is left alone for `breaker_seconds`.

    With `rate_per_second` 0 it may be asked at any rate; else all processes together keep to it, and `burst`
    is how many calls may come at once after a quiet time. Its prices are in `currencies`, or where none is
    named in the agency's.
    """

    deadline_seconds: float = within(8.0, 0.1, 120)
    concurrency: int = within(32, 1, 1024)
    rate_per_second: float = within(0.0, 0, 10_000)
    burst: int = within(10, 1, 10_000)
    breaker_failures: int = within(5, 1, 1000)
    breaker_seconds: float = within(30.0, 0.1, 3600)
    cache_seconds: int = within(60, 0, 3600)
    currencies: tuple[str, ...] = checked((), currencies)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppliers:
    """Each supplier by the name that its offers carry. Own inventory comes back with the database."""

    inventory: Supplier = field(default=Supplier(concurrency=16, breaker_failures=10, breaker_seconds=1.0))

    def of(self, name: str) -> Supplier:
        """The one of that name; one that only other processes know is asked as any other."""
        found: Supplier = getattr(self, name, Supplier())
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Our own contracted stock. `demo` fills an empty database with made-up `departures` and `hotels`."""

    demo: bool = True
    departures: int = within(90_000, 1, 10_000_000)
    hotels: int = within(3_200, 0, 20_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """Pictures of hotels: suppliers' are fetched from `hosts` and from nowhere else, `fetches` at once.

    All are drawn and sized by `workers` processes beside this one, and up to `cache_mib` of them are kept
    under `paths.var`.
    """

    hosts: tuple[str, ...] = checked((), picture_hosts)
    fetches: int = within(8, 1, 64)
    fetch_seconds: float = within(10.0, 1, 60)
    fetch_mib: int = within(10, 1, 40)
    upload_mib: int = within(10, 1, 40)
    workers: int = within(1, 1, 16)
    cache_mib: int = within(1024, 16, 1_048_576)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stripe:
    """The card gateway. `base_url = "sandbox"` calls the stand-in of this process.

    The file of `webhook_secret` may hold several, one a line, while one replaces another. With `mode`
    "redirect" our payment page runs no script: cards are typed on Stripe's own page.
    """

    base_url: Url = address("sandbox", "https", "http", word="sandbox", password=False)
    secret_key: Secret = secret("stripe.secret_key")
    publishable_key: str = "pk_test_sandbox"
    webhook_secret: Secret = secret("stripe.webhook_secret")
    mode: StripeMode = "element"
    timeout_seconds: float = within(20.0, 1, CALL_LIMIT - MARGIN)

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """All that count now. Raises SecretMissing when there is none."""
        return tuple(self.webhook_secret.reveal().split())

    @property
    def sandbox(self) -> bool:
        """Whether the stand-in of this process answers."""
        return self.base_url.reveal() == "sandbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class PayPal:
    """The wallet. `base_url = "sandbox"` calls the stand-in of this process; production has no PayPal then.

    `merchant_id` is whose events are taken, of whoever the webhook tells where it is empty; `ca_file` holds
    the authorities that vouch for the certificate of its webhooks, instead of the usual ones.
    """

    base_url: Url = address("sandbox", "https", "http", word="sandbox", password=False)
    client_id: str = "sandbox-client-id"
    client_secret: Secret = secret("paypal.client_secret")
    webhook_id: str = "SANDBOX0WEBHOOK00"
    merchant_id: str = ""
    brand: str = checked("", brand_name)
    ca_file: str = ""
    transaction_search: bool = True
    timeout_seconds: float = within(20.0, 1, CALL_LIMIT - MARGIN)

    @property
    def sandbox(self) -> bool:
        """Whether the stand-in of this process answers."""
        return self.base_url.reveal() == "sandbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """Where mail goes. `catcher` keeps it under `paths.var`, to look at.

    `timeout_seconds` bounds everything up to the mail itself; what is left of a call's time is for the
    server's answer to the mail, where giving up means a second copy.
    """

    url: Url = address("catcher", "smtp", "smtps", word="catcher")
    from_address: str = checked("bookings@bookingd.example", mail_address)
    from_name: str = "bookingd"
    timeout_seconds: float = within(10.0, 1, 20)

    @property
    def answer_seconds(self) -> float:
        """How long the server's answer to the mail is waited for."""
        return CALL_LIMIT - MARGIN - self.timeout_seconds

    @property
    def catcher(self) -> bool:
        """Whether mail is kept instead of sent."""
        return self.url.reveal() == "catcher"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """Stand-ins for the vendors, on a loopback port (0: any free one); the page of caught mail is there too,
    and the mail catcher itself takes mail at `mail_port`.

    Without `start` they run in another process of this host, at the same ports. `misbehave`: as
    `stripe:slow=2`, see bookingd/config/faults.py.
    """

    enabled: bool = True
    start: bool = True
    port: int = within(8081, 0, 65535)
    mail_port: int = within(0, 0, 65535)
    misbehave: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """How many tries fail at the price of nothing; each one after them costs twice the wait of the last.

    `tries_at_account` from one network, `tries_from_network` at whatever account, and far later
    `tries_from_anywhere` at one account, where the wait stays short. A count starts anew when there was
    no try for `forget_minutes`.
    """

    tries_at_account: int = within(5, 1, 1000)
    tries_from_network: int = within(50, 1, 100_000)
    tries_from_anywhere: int = within(100, 1, 100_000)
    longest_wait_seconds: int = within(300, 1, 3600)
    forget_minutes: int = within(60, 1, 1440)


@dataclass(frozen=True, slots=True, kw_only=True)
class Security:
    """Keys: `signing_key` for tokens and mail links (HMAC), `field_keys` for personal fields in the database
    (AES-256-GCM), `audit_key` for checkpoints (Ed25519). And what looking at one password costs (Argon2id),
    and how many are looked at at once.

    The files of `signing_key` and `field_keys` may hold several, one a line: the first is used for what is
    new, and all of them count.
    """

    signing_key: Secret = secret("security.signing_key")
    field_keys: Secret = secret("security.field_keys")
    audit_key: Secret = secret("security.audit_key")
    password_memory_mib: int = within(46, 1, 4096)
    password_passes: int = within(1, 1, 100)
    password_lanes: int = within(1, 1, 64)
    password_threads: int = within(2, 1, 64)
    throttle: Throttle = Throttle()

    @property
    def signing_keys(self) -> tuple[bytes, ...]:
        """All that count now. Raises SecretMissing when there is none."""
        lines = map(bytes.strip, self.signing_key.reveal_bytes().split(b"\n"))
        return tuple(line for line in lines if line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Logstash:
    """Where the log goes besides: nowhere without `url`. At most `queue` records wait for it."""

    url: Url | None = address(None, "tcp", "udp", password=False)
    queue: int = within(10_000, 100, 1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """What is written to standard error, and how."""

    level: LogLevel = "info"
    format: LogFormat = "text"
    logstash: Logstash = Logstash()


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """A listener of this process's own for /metrics, /healthz and /readyz; none where `port` is 0.

    For a process that serves no other HTTP, or shares its port with others.
    """

    host: str = "127.0.0.1"
    port: int = within(0, 0, 65535)

    @property
    def local_url(self) -> str:
        """Where programs on this host reach it, as of `Server`."""
        return local_url_of(self.host, self.port)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """How often the audit trail is signed: whichever of the two comes first."""

    checkpoint_seconds: float = within(60.0, 1, 86_400)
    checkpoint_entries: int = within(10_000, 1, 1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How many days after the end of a trip documents and birth dates are kept, and how many years after the
    one of the payment an erased account's name stays on its invoices.
    """

    documents_days: int = within(90, 1, 3650)
    invoices_years: int = within(10, 1, 30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that an installation decides; without arguments, the embedded defaults.

    `file` is the configuration file that was read and `included` the one that it names; `given` says for
    each setting that was not left at its default where it was set, and `warnings` holds what a person should
    know but what stops nothing.
    """

    environment: Environment = "development"
    public_url: str = ""
    server: Server = Server()
    database: Database = Database()
    bus: Bus = Bus()
    cache: Cache = Cache()
    paths: Paths = Paths()
    actors: Actors = Actors()
    agency: Agency = Agency()
    booking: Booking = Booking()
    payments: Payments = Payments()
    transfer: Transfer = Transfer()
    exchange: Exchange = Exchange()
    search: Search = Search()
    suppliers: Suppliers = Suppliers()
    inventory: Inventory = Inventory()
    pictures: Pictures = Pictures()
    stripe: Stripe = Stripe()
    paypal: PayPal = PayPal()
    mail: Mail = Mail()
    sandbox: Sandbox = Sandbox()
    security: Security = Security()
    log: Log = Log()
    metrics: Metrics = Metrics()
    audit: Audit = Audit()
    retention: Retention = Retention()
    file: Path | None = field(default=None, compare=False, metadata={"internal": True})
    included: Path | None = field(default=None, compare=False, metadata={"internal": True})
    given: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({}), compare=False, metadata={"internal": True}
    )
    warnings: tuple[str, ...] = field(default=(), compare=False, metadata={"internal": True})

    @property
    def production(self) -> bool:
        return self.environment == "production"

    @property
    def sale_currencies(self) -> tuple[str, ...]:
        """In what can be sold; the agency's own first."""
        own = self.booking.currency
        return (own, *(code for code in self.exchange.currencies if code != own))

    @property
    def exchanges(self) -> bool:
        """Whether anything may be sold in another currency than its supplier's."""
        priced = {
            code for each in fields(self.suppliers) for code in getattr(self.suppliers, each.name).currencies
        }
        return len({*self.sale_currencies, *priced}) > 1

    @property
    def uses_stand_ins(self) -> bool:
        """Whether anything that this process calls is a stand-in, here or in another process."""
        return self.sandbox.enabled or self.mail.catcher

    @property
    def takes_paypal(self) -> bool:
        """Whether PayPal is a gateway here: it is optional, and off where only its stand-in could answer."""
        return not self.paypal.sandbox or (self.sandbox.enabled and not self.production)

    def spelling_of(self, *path: str) -> str:
        """How a setting that may come from a file was named: `bus.url`, or `bus.url_file`."""
        key = ".".join(path)
        return f"{key}_file" if f"{key}_file" in self.given else key

    def redacted(self) -> dict[str, Any]:
        """Section to key to value, fit for TOML and for other people's eyes."""
        return _redacted(self)


def _redacted(section: Any) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for each in fields(section):
        value = getattr(section, each.name)
        if each.metadata.get("internal") or value is None:
            continue
        if isinstance(value, Secret):
            shown[f"{each.name}_file"] = MASK if value else ""
        elif hasattr(value, "__dataclass_fields__") and not isinstance(value, Url):
            shown[each.name] = _redacted(value)
        else:
            shown[each.name] = _plain(value)
    return shown


def _plain(value: Any) -> Any:
    """As TOML has it."""
    if isinstance(value, Decimal):
        return float(value)  # of four decimals at most: its text is the same
    return str(value) if isinstance(value, Url | Path) else value
