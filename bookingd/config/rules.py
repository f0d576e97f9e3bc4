"""Rules that join several settings: what an environment refuses, and what must fit together.

Production refuses whatever only plays at the work (sandboxes, test keys, demo inventory, the mail catcher);
development refuses whatever moves real money. Each rule yields what it finds; none stops at the first.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bookingd.config import faults
from bookingd.config.errors import did_you_mean
from bookingd.config.field_keys import parse_field_keys
from bookingd.config.fields import margins_in
from bookingd.config.schema import Path
from bookingd.config.sections import ACTORS, MADE_UP_AGENCY, PayPal, Settings
from bookingd.config.values import Secret, Url

SIGNING_KEY_BYTES = 32
"""HMAC-SHA-256 gains nothing from a longer key and loses strength with a shorter one (RFC 2104, 3)."""

PASSWORD_COSTS: Mapping[int, int] = {1: 46, 2: 19, 3: 12}
"""Least MiB by passes of Argon2id (ASVS 5.0, appendix C.4)."""

BROKER_OPTIONS = frozenset("cafile capath certfile keyfile heartbeat no_verify_ssl".split())
"""What may stand behind the address of a broker; aiormq reads it."""

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_TEST_KEYS = ("sk_test_", "rk_test_", "pk_test_")
_LIVE_KEYS = ("sk_live_", "rk_live_", "pk_live_")

_PAYPAL = ("paypal", "base_url")
_PAYPAL_LIVE = frozenset({"api-m.paypal.com", "api.paypal.com"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A rule that the settings break, at the setting to change; `beside` is another that it judges by."""

    path: Path
    complaint: str
    hint: str = ""
    beside: Path | None = None


def breaches(settings: Settings) -> Iterator[Breach]:
    """Every rule that is broken."""
    yield from _fitting(settings)
    yield from _exchange(settings)
    yield from _division(settings)
    yield from _broker(settings)
    yield from _stand_ins(settings)
    yield from _faults(settings)
    yield from _telemetry(settings)
    yield from _public_url(settings)
    yield from _keys(settings)
    yield from _agency(settings)
    yield from _paying(settings)
    yield from _paypal(settings)
    if settings.production:
        yield from _production(settings)
        yield from _needed_secrets(settings)
    else:
        yield from _development(settings)


def warnings(settings: Settings) -> Iterator[str]:
    """What stops nothing and should still be known."""
    if settings.production and settings.database.embedded:
        yield "the embedded PostgreSQL serves this host alone: nothing replicates it, so back up paths.var"
    if not settings.production and not settings.bus.embedded and settings.cache.embedded:
        yield f"cache.url = '{settings.cache.url}' is in this process: others over RabbitMQ do not share it"
    if settings.production and settings.bus.url.scheme == "amqp" and not _is_here(settings.bus.url):
        yield f"bus.url = '{settings.bus.url}' crosses the network without TLS: use amqps://"
    server = settings.server
    if settings.production and server.host not in _LOOPBACK and not server.trusted_proxies:
        yield (
            f"server.host = {server.host!r} is open to the network without TLS: "
            "put a proxy before it and name that in server.trusted_proxies"
        )


def _is_here(url: Url) -> bool:
    return url.parts.hostname in _LOOPBACK


def _fitting(settings: Settings) -> Iterator[Breach]:
    database = settings.database
    if database.pool_minimum > database.pool_maximum:
        yield Breach(
            path=("database", "pool_minimum"),
            complaint=f"must not be above database.pool_maximum, which is {database.pool_maximum}",
            beside=("database", "pool_maximum"),
        )
    if database.embedded and database.owner_url:
        yield Breach(
            path=("database", "owner_url"),
            complaint='has no meaning beside database.url = "embedded"',
            beside=("database", "url"),
        )
    limit = settings.server.request_timeout_seconds
    if settings.search.deadline_seconds >= limit:
        yield Breach(
            path=("search", "deadline_seconds"),
            complaint=f"must be below server.request_timeout_seconds, which is {limit:g}:"
            " the request would end before its answer",
            beside=("server", "request_timeout_seconds"),
        )


def _exchange(settings: Settings) -> Iterator[Breach]:
    sold = settings.sale_currencies
    for (base, quote), _ in margins_in(settings.exchange.margins):
        if quote not in sold:
            yield Breach(
                path=("exchange", "margins"),
                complaint=f"has a margin from {base} into {quote}, and nothing is sold in {quote}",
                hint=f"add it to exchange.currencies, which with booking.currency are {', '.join(sold)}",
                beside=("exchange", "currencies"),
            )


def _division(settings: Settings) -> Iterator[Breach]:
    """What may be left to other processes, and what reaches none."""
    left_out = ", ".join(name for name in ACTORS if name not in settings.actors.run)
    if left_out and settings.bus.embedded:
        yield Breach(
            path=("actors", "run"),
            complaint=f"leaves out {left_out}, and over memory:// no other process could run them",
            hint="run all actors here, or let messages travel over RabbitMQ: bus.url = 'amqp://…'",
            beside=("bus", "url"),
        )
    elif left_out and settings.database.embedded:
        yield Breach(
            path=("database", "url"),
            complaint=f'must not be "embedded" where others run {left_out}: it serves this process only',
            hint="such as 'postgresql://bookingd@db.example.com/bookingd'",
            beside=("actors", "run"),
        )
    stand_ins = settings.uses_stand_ins and settings.sandbox.start
    if not (settings.actors.run or settings.server.enabled or stand_ins):
        yield Breach(
            path=("actors", "run"),
            complaint="names no actor, and server.enabled is false: there is nothing to do",
            beside=("server", "enabled"),
        )


def _broker(settings: Settings) -> Iterator[Breach]:
    path, url = ("bus", "url"), settings.bus.url
    if settings.bus.embedded:
        return
    options = parse_qs(url.parts.query, keep_blank_values=True)
    for name in options.keys() - BROKER_OPTIONS:
        yield Breach(
            path=path,
            complaint=f"there is no option {name!r}; there are {', '.join(sorted(BROKER_OPTIONS))}",
            hint=did_you_mean(name, BROKER_OPTIONS),
        )
    if settings.production and "no_verify_ssl" in options:
        yield Breach(
            path=path,
            complaint="must not have no_verify_ssl in production: anybody could pose as the broker",
            hint="name the certificate that vouches for it: ?cafile=/etc/ssl/mq.pem",
        )


def _stand_ins(settings: Settings) -> Iterator[Breach]:
    sandbox, catcher = settings.sandbox, settings.mail.catcher
    ports = {"server.port": settings.server.port}
    if settings.uses_stand_ins:
        yield from _port("port", sandbox.port, ports, elsewhere=not sandbox.start)
    if catcher:
        ports["sandbox.port"] = sandbox.port
        yield from _port("mail_port", sandbox.mail_port, ports, elsewhere=not sandbox.start)


def _port(key: str, port: int, taken: Mapping[str, int], *, elsewhere: bool) -> Iterator[Breach]:
    path = ("sandbox", key)
    if elsewhere and port == 0:
        complaint = "must be the port that the process which starts the stand-ins has"
        yield Breach(path=path, complaint=complaint, beside=("sandbox", "start"))
    for name, other in taken.items():
        if port == other != 0:
            section, _, setting = name.partition(".")
            yield Breach(path=path, complaint=f"is the same as {name}", beside=(section, setting))


def _faults(settings: Settings) -> Iterator[Breach]:
    path = ("sandbox", "misbehave")
    for fault in settings.sandbox.misbehave:
        if wrong := faults.judge(fault):
            yield Breach(path=path, complaint=f"{fault!r}: {wrong.complaint}", hint=wrong.hint)
        elif faults.is_for_mail(fault) and not settings.mail.catcher:
            complaint = f'{fault!r} has no meaning unless mail.url is "catcher"'
            yield Breach(path=path, complaint=complaint, beside=("mail", "url"))
        elif not faults.is_for_mail(fault) and not settings.sandbox.enabled:
            complaint = f"{fault!r} has no meaning while sandbox.enabled is false"
            yield Breach(path=path, complaint=complaint, beside=("sandbox", "enabled"))


def _telemetry(settings: Settings) -> Iterator[Breach]:
    port, server = settings.metrics.port, settings.server
    if port and server.enabled and port == server.port:
        yield Breach(
            path=("metrics", "port"),
            complaint="is the same as server.port, where /metrics is anyway: write 0, or another one",
            beside=("server", "port"),
        )
    if (url := settings.log.logstash.url) is not None and not _is_host_and_port(url.reveal()):
        yield Breach(
            path=("log", "logstash", "url"),
            complaint="must be transport, host and port only",
            hint="such as 'tcp://logstash.example.com:5000'",
        )


def _is_host_and_port(url: str) -> bool:
    try:
        parts = urlsplit(url)
        found = parts.hostname and parts.port
    except ValueError:
        return False
    beyond = parts.path.rstrip("/") or parts.query or parts.fragment or "@" in parts.netloc
    return bool(found) and not beyond


def _public_url(settings: Settings) -> Iterator[Breach]:
    if not settings.public_url:
        return
    path = ("public_url",)
    try:
        parts = urlsplit(settings.public_url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        yield Breach(path=path, complaint="is not an address: check the host and the port")
        return
    if parts.scheme not in {"http", "https"} or not host:
        yield Breach(path=path, complaint="must begin with https:// (or http://) and name a host")
    elif parts.path.rstrip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        hint = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        yield Breach(path=path, complaint="must be scheme, host and port only", hint=f"write {hint!r}")


def _keys(settings: Settings) -> Iterator[Breach]:
    security = settings.security
    if security.signing_key and min(map(len, security.signing_keys)) < SIGNING_KEY_BYTES:
        yield Breach(
            path=("security", "signing_key_file"),
            complaint=f"holds a key of fewer than {SIGNING_KEY_BYTES} characters",
            hint="one a line, each made with: openssl rand -hex 32",
        )
    if security.field_keys and (wrong := _wrong_in(security.field_keys)):
        yield Breach(
            path=("security", "field_keys_file"),
            complaint=f"holds what are no keys: {wrong}",
            hint='make a line with: echo "$(date +%F):$(openssl rand -hex 32)"',
        )
    if security.audit_key and not _is_ed25519(security.audit_key):
        yield Breach(
            path=("security", "audit_key_file"),
            complaint="holds no Ed25519 private key in PEM without a passphrase",
            hint="make one with: openssl genpkey -algorithm ed25519",
        )


def _wrong_in(field_keys: Secret) -> str:
    try:
        parse_field_keys(field_keys.reveal())
    except ValueError as wrong:
        return str(wrong)
    return ""


def _is_ed25519(key: Secret) -> bool:
    try:
        return isinstance(load_pem_private_key(key.reveal_bytes(), password=None), Ed25519PrivateKey)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False


def _production(settings: Settings) -> Iterator[Breach]:
    if not settings.public_url.startswith("https://"):
        yield Breach(
            path=("public_url",),
            complaint="must be the https:// address that travellers use, in production",
            hint="such as 'https://travel.example.com'",
        )
    if settings.sandbox.enabled:
        yield Breach(path=("sandbox", "enabled"), complaint="must be false in production")
    if settings.inventory.demo:
        yield Breach(
            path=("inventory", "demo"),
            complaint="must be false in production: nobody can fly on made-up flights",
        )
    if any("://" in host for host in settings.pictures.hosts):
        yield Breach(
            path=("pictures", "hosts"),
            complaint="must name no stand-in in production",
            hint="such as 'images.example.com'",
        )
    if settings.mail.catcher:
        yield Breach(
            path=("mail", "url"),
            complaint='must not be "catcher" in production: no mail would leave this host',
            hint="such as 'smtps://user:password@mail.example.com', or a file that holds it: url_file",
        )
    if settings.cache.embedded and not settings.bus.embedded:
        yield Breach(
            path=("cache", "url"),
            complaint="must not be fakeredis:// over RabbitMQ in production: no other process shares it",
            hint="such as 'rediss://cache.example.com/0', or a file that holds it: url_file",
            beside=("bus", "url"),
        )
    yield from _production_passwords(settings)
    yield from _production_stripe(settings)
    yield from _production_paypal(settings)


def _production_passwords(settings: Settings) -> Iterator[Breach]:
    security, needed = settings.security, list(PASSWORD_COSTS.items())
    if not any(
        security.password_passes >= passes and security.password_memory_mib >= mib for passes, mib in needed
    ):
        least = "; ".join(f"{mib} with {passes}" for passes, mib in needed)
        yield Breach(
            path=("security", "password_memory_mib"),
            complaint="makes stolen passwords cheap to guess",
            hint=f"at least (password_memory_mib with password_passes) {least}",
            beside=("security", "password_passes"),
        )


def _production_stripe(settings: Settings) -> Iterator[Breach]:
    stripe = settings.stripe
    if stripe.base_url.scheme != "https":
        yield Breach(
            path=("stripe", "base_url"),
            complaint="must be Stripe's https:// address in production",
            hint="write 'https://api.stripe.com'",
        )
    if stripe.secret_key and stripe.secret_key.reveal().startswith(_TEST_KEYS):
        yield Breach(path=("stripe", "secret_key_file"), complaint="holds a test key, refused in production")
    if not stripe.publishable_key or stripe.publishable_key.startswith(_TEST_KEYS):
        yield Breach(
            path=("stripe", "publishable_key"),
            complaint="must be a live key (pk_live_…) in production",
        )


def _agency(settings: Settings) -> Iterator[Breach]:
    """Numbers of two kinds in one series would be one too many, or one too few."""
    prefixes = settings.agency.prefixes
    if len(set(prefixes)) < len(prefixes):
        yield Breach(
            path=("agency", "invoice_prefix"),
            complaint="must differ from the prefixes of receipts and credit notes, and they from each other",
        )
    if settings.production and settings.agency.legal_name == MADE_UP_AGENCY:
        yield Breach(
            path=("agency", "legal_name"),
            complaint="must name the agency, in production: the law wants it on invoices",
        )


def _paying(settings: Settings) -> Iterator[Breach]:
    payments, transfer = settings.payments, settings.transfer
    if payments.last_reminder_days >= payments.first_reminder_days:
        yield Breach(
            path=("payments", "last_reminder_days"),
            complaint="must be less than first_reminder_days: both count down to the day on which it is due",
        )
    if transfer.iban and not transfer.beneficiary:
        yield Breach(
            path=("transfer", "beneficiary"),
            complaint="must name whose account transfer.iban is: banks compare both",
        )


def _paypal(settings: Settings) -> Iterator[Breach]:
    """PayPal is left out by not naming it; who names it has to say all."""
    paypal, default = settings.paypal, PayPal()
    if paypal.sandbox:
        return
    for key in ("client_id", "webhook_id"):
        if getattr(paypal, key) in {"", getattr(default, key)}:
            complaint = "must be the one that PayPal's dashboard shows for this agency"
            yield Breach(path=("paypal", key), complaint=complaint, beside=_PAYPAL)
    if not paypal.client_secret:
        yield Breach(
            path=("paypal", "client_secret_file"),
            complaint="must name the file that holds the secret of paypal.client_id",
            hint="or hand it over as the credential paypal_client_secret (systemd) or secret (container)",
            beside=_PAYPAL,
        )
    if not settings.production and paypal.base_url.parts.hostname in _PAYPAL_LIVE:
        yield Breach(
            path=_PAYPAL,
            complaint="is PayPal itself, refused in development: it would move real money",
            hint="write 'https://api-m.sandbox.paypal.com', or environment = \"production\"",
        )


def _production_paypal(settings: Settings) -> Iterator[Breach]:
    """Where nothing is said of PayPal there is none."""
    paypal = settings.paypal
    live = paypal.base_url.scheme == "https" and paypal.base_url.parts.hostname in _PAYPAL_LIVE
    if not live and paypal != PayPal():
        yield Breach(
            path=_PAYPAL,
            complaint="must be PayPal's https:// address in production",
            hint="write 'https://api-m.paypal.com'",
        )


def _development(settings: Settings) -> Iterator[Breach]:
    stripe, hint = settings.stripe, 'use a test key, or environment = "production"'
    complaint = "live key, refused in development: it would move real money"
    if stripe.secret_key and stripe.secret_key.reveal().startswith(_LIVE_KEYS):
        yield Breach(path=("stripe", "secret_key_file"), complaint=f"holds a {complaint}", hint=hint)
    if stripe.publishable_key.startswith(_LIVE_KEYS):
        yield Breach(path=("stripe", "publishable_key"), complaint=f"is a {complaint}", hint=hint)
    if stripe.sandbox and not settings.sandbox.enabled:
        yield Breach(
            path=("stripe", "base_url"),
            complaint="needs sandbox.enabled = true",
            beside=("sandbox", "enabled"),
        )
    if not stripe.sandbox and not stripe.secret_key:
        yield Breach(
            path=("stripe", "secret_key_file"),
            complaint="must name the file that holds the key",
            beside=("stripe", "base_url"),
        )


def _needed_secrets(settings: Settings) -> Iterator[Breach]:
    needed = {
        ("security", "signing_key"): settings.security.signing_key,
        ("security", "field_keys"): settings.security.field_keys,
        ("security", "audit_key"): settings.security.audit_key,
        ("stripe", "secret_key"): settings.stripe.secret_key,
        ("stripe", "webhook_secret"): settings.stripe.webhook_secret,
    }
    for (section, key), secret in needed.items():
        if not secret:
            yield Breach(
                path=(section, f"{key}_file"),
                complaint="must name the file that holds it, in production",
                hint=f"or hand it over as the credential {section}_{key} (systemd) or secret (container)",
            )
