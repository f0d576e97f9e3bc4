"""The adapters to the world outside: gateways and channels, at a vendor's address or a stand-in's."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from urllib.parse import urlsplit

from bookingd.channels.email import BadSmtpUrl, EmailChannel, SmtpServer
from bookingd.channels.port import Channel
from bookingd.config import Settings
from bookingd.gateways.port import Gateway
from bookingd.gateways.stripe import StripeGateway
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
    facts = GatewayFacts(
        gateway=stripe.name, publishable_key=settings.stripe.publishable_key, api_base=base_url
    )
    return Outside(gateways={stripe.name: stripe}, gateway_facts=(facts,), email=email)


def _smtp_server(url: str) -> SmtpServer:
    try:
        return SmtpServer.from_url(url)
    except BadSmtpUrl as error:
        raise UnusableSetting(f"mail.url: {error}") from error
