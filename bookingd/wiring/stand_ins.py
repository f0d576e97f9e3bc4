"""The vendors' local stand-ins that a development installation starts with itself."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from bookingd.config import Settings, faults
from bookingd.gateways import paypal_notices
from bookingd.gateways.stripe import NOTICES
from bookingd.sandbox.mail import Fault, MailCatcher
from bookingd.sandbox.mail_view import mail_view
from bookingd.sandbox.misbehaviour import Switches
from bookingd.sandbox.paypal import PayPalSandbox
from bookingd.sandbox.paypal.authority import root_file
from bookingd.sandbox.server import Sandbox, SandboxServer
from bookingd.sandbox.stripe import StripeSandbox
from bookingd.sources import Sources
from bookingd.wiring.refusals import PortTaken


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIns:
    """Where they listen; None for one that is not needed."""

    stripe_url: str | None = None
    paypal_url: str | None = None
    paypal_anchor: Path | None = None
    """Who vouches for PayPal's stand-in (PEM); there once that has started."""
    smtp_url: str | None = None
    mail_page: str | None = None
    """Where caught mail can be looked at."""


async def start_stand_ins(settings: Settings, sources: Sources, *, stack: AsyncExitStack) -> StandIns:
    """Start those that the settings ask for, or say where another process has them. Raises PortTaken.

    The mail catcher is asked for by `mail.url`, whatever `sandbox.enabled` says, and its page comes with it.
    """
    if not settings.sandbox.start:
        return running_stand_ins(settings)
    smtp = await _start_catcher(settings, sources, stack) if settings.mail.catcher else None
    if not settings.sandbox.enabled and smtp is None:
        return StandIns()
    server = _server(settings, sources)
    try:
        port = await server.start(settings.sandbox.port)
    except OSError as error:
        raise _taken("port", settings.sandbox.port, error) from error
    stack.push_async_callback(server.stop)
    return StandIns(
        stripe_url=server.url("stripe") if settings.stripe.sandbox else None,
        paypal_url=server.url("paypal") if _plays_paypal(settings) else None,
        paypal_anchor=_anchor(settings),
        smtp_url=smtp,
        mail_page=f"http://127.0.0.1:{port}/mail" if smtp else None,
    )


def running_stand_ins(settings: Settings) -> StandIns:
    """Where another process has them, on a port that the settings name."""
    root, mail = f"http://127.0.0.1:{settings.sandbox.port}", settings.mail.catcher
    return StandIns(
        stripe_url=f"{root}/stripe" if settings.stripe.sandbox else None,
        paypal_url=f"{root}/paypal" if _plays_paypal(settings) else None,
        paypal_anchor=_anchor(settings),
        smtp_url=f"smtp://127.0.0.1:{settings.sandbox.mail_port}" if mail else None,
        mail_page=f"{root}/mail" if mail else None,
    )


def _plays_paypal(settings: Settings) -> bool:
    return settings.paypal.sandbox and settings.takes_paypal


def _anchor(settings: Settings) -> Path | None:
    return root_file(_directory(settings)) if _plays_paypal(settings) else None


def _directory(settings: Settings) -> Path:
    return settings.paths.var / "sandbox"


def _server(settings: Settings, sources: Sources) -> SandboxServer:
    switches = Switches()
    for fault in settings.sandbox.misbehave:
        if not faults.is_for_mail(fault):
            switches.configure(fault)
    vendors: list[Sandbox] = []
    if settings.sandbox.enabled:
        vendors = [_stripe(settings, sources, switches), _paypal(settings, sources, switches)]
    pages = {"/mail": mail_view(settings.paths.var / "mail")} if settings.mail.catcher else {}
    return SandboxServer(vendors, switches=switches, pages=pages)


def _stripe(settings: Settings, sources: Sources, switches: Switches) -> StripeSandbox:
    return StripeSandbox(
        clock=sources.clock,
        ids=sources.ids,
        chance=sources.chance,
        directory=_directory(settings),
        secret_key=settings.stripe.secret_key.reveal(),
        publishable_key=settings.stripe.publishable_key,
        webhook_url=f"{settings.server.local_url}/webhooks/stripe",
        webhook_secret=settings.stripe.webhook_secrets[0],
        webhook_events=NOTICES,
        switches=switches,
    )


def _paypal(settings: Settings, sources: Sources, switches: Switches) -> PayPalSandbox:
    return PayPalSandbox(
        clock=sources.clock,
        ids=sources.ids,
        chance=sources.chance,
        directory=_directory(settings),
        client_id=settings.paypal.client_id,
        client_secret=settings.paypal.client_secret.reveal(),
        webhook_url=f"{settings.server.local_url}/webhooks/paypal",
        webhook_id=settings.paypal.webhook_id,
        webhook_events=paypal_notices.NOTICES,
        switches=switches,
    )


async def _start_catcher(settings: Settings, sources: Sources, stack: AsyncExitStack) -> str:
    wishes = [fault for fault in settings.sandbox.misbehave if faults.is_for_mail(fault)]
    catcher = MailCatcher(
        settings.paths.var / "mail",
        clock=sources.clock,
        ids=sources.ids,
        port=settings.sandbox.mail_port,
        misbehave=[Fault(wish.removeprefix(f"{faults.MAIL}:")) for wish in wishes],
    )
    try:
        await stack.enter_async_context(catcher.serving())
    except OSError as error:
        raise _taken("mail_port", settings.sandbox.mail_port, error) from error
    return f"smtp://{catcher.host}:{catcher.port}"


def _taken(key: str, port: int, error: OSError) -> PortTaken:
    return PortTaken(
        f"port {port} is taken ({error.strerror}): set sandbox.{key} to another one, or sandbox.start = false"
        " where another process of this host has the stand-ins"
    )
