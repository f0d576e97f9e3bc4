"""The adapters to the world outside: gateways and channels, at a vendor's address or a stand-in's."""

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import certifi
from cryptography.x509 import load_pem_x509_certificates

from bookingd.channels.email import BadSmtpUrl, EmailChannel, SmtpServer
from bookingd.channels.port import Channel
from bookingd.config import Settings
from bookingd.gateways import paypal_amounts, stripe_amounts
from bookingd.gateways.paypal import PayPalGateway
from bookingd.gateways.port import Gateway
from bookingd.gateways.stripe import SCRIPT, SOURCES, StripeGateway
from bookingd.sources import Sources
from bookingd.wiring.refusals import UnusableSetting
from bookingd.wiring.stand_ins import StandIns
from handlers.parts import GatewayFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """The adapters of this installation."""

    gateways: Mapping[str, Gateway]
    gateway_facts: tuple[GatewayFacts, ...]
    email: Channel


async def open_outside(
    settings: Settings, sources: Sources, stand_ins: StandIns, *, stack: AsyncExitStack
) -> Outside:
    """Build the adapters; connections open with their first use."""
    base_url = stand_ins.stripe_url or settings.stripe.base_url.reveal()
    stripe = StripeGateway(
        secret_key=settings.stripe.secret_key.reveal(),
        webhook_secrets=settings.stripe.webhook_secrets,
        clock=sources.clock,
        base_url=base_url,
        timeout=settings.stripe.timeout_seconds,
    )
    stack.push_async_callback(stripe.close)
    paypal = _paypal(settings, sources, stand_ins) if settings.takes_paypal else None
    if paypal is not None:
        stack.push_async_callback(paypal.close)
    email = EmailChannel(
        server=_smtp_server(stand_ins.smtp_url or settings.mail.url.reveal()),
        from_address=settings.mail.from_address,
        from_name=settings.mail.from_name,
        public_host=urlsplit(settings.public_url).hostname or "localhost",
        clock=sources.clock,
        timeout=settings.mail.timeout_seconds,
        data_timeout=settings.mail.answer_seconds,
    )
    stack.push_async_callback(email.close)
    facts = _stripe_facts(settings, base_url, stand_ins)
    gateways: dict[str, Gateway] = {stripe.name: stripe}
    gateway_facts = [facts]
    if paypal is not None:
        gateways[paypal.name] = paypal
        gateway_facts.append(_paypal_facts(settings, paypal))
    return Outside(gateways=gateways, gateway_facts=tuple(gateway_facts), email=email)


def _stripe_facts(settings: Settings, base_url: str, stand_ins: StandIns) -> GatewayFacts:
    """With its script and the hosts of that, unless payers are sent to Stripe's own page."""
    script, sources = SCRIPT, SOURCES
    if stand_ins.stripe_url:
        host = "{0.scheme}://{0.netloc}".format(urlsplit(stand_ins.stripe_url))
        script, sources = f"{stand_ins.stripe_url}/js/v3/", {"script-src": (host,), "frame-src": (host,)}
    redirects = settings.stripe.mode == "redirect"
    return GatewayFacts(
        gateway=StripeGateway.name,
        publishable_key=settings.stripe.publishable_key,
        api_base=base_url,
        script=None if redirects else script,
        sources={} if redirects else sources,
        refusal=stripe_amounts.refusal,
        keeps=True,
        counted=stripe_amounts.theirs,
    )


def _paypal(settings: Settings, sources: Sources, stand_ins: StandIns) -> PayPalGateway:
    given = settings.paypal
    return PayPalGateway(
        base_url=stand_ins.paypal_url or given.base_url.reveal(),
        client_id=given.client_id,
        client_secret=given.client_secret.reveal(),
        webhook_id=given.webhook_id,
        merchant_id=given.merchant_id,
        brand=given.brand,
        anchors=_anchors(given.ca_file, stand_ins),
        clock=sources.clock,
        transaction_search=given.transaction_search,
        timeout=given.timeout_seconds,
    )


def _paypal_facts(settings: Settings, paypal: PayPalGateway) -> GatewayFacts:
    return GatewayFacts(
        gateway=paypal.name,
        publishable_key=settings.paypal.client_id,
        api_base=paypal.base_url,
        has_own_page=True,
        currencies=paypal_amounts.CURRENCIES,
        refusal=paypal_amounts.refusal,
    )


def _anchors(ca_file: str, stand_ins: StandIns) -> Callable[[], bytes]:
    """What reads the authorities that vouch for PayPal's certificates. Raises UnusableSetting."""
    if not ca_file:
        return (stand_ins.paypal_anchor or Path(certifi.where())).read_bytes
    file = Path(ca_file)
    try:
        load_pem_x509_certificates(file.read_bytes())
    except OSError as error:
        raise UnusableSetting(f"paypal.ca_file: {ca_file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UnusableSetting(f"paypal.ca_file: {ca_file} holds no certificate (PEM)") from error
    return file.read_bytes


def _smtp_server(url: str) -> SmtpServer:
    try:
        return SmtpServer.from_url(url)
    except BadSmtpUrl as error:
        raise UnusableSetting(f"mail.url: {error}") from error
