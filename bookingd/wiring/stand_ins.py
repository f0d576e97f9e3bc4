"""The vendors' local stand-ins that a development installation starts with itself."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

from bookingd.config import Settings, faults
from bookingd.gateways.stripe import NOTICES
from bookingd.sandbox.mail import Fault, MailCatcher
from bookingd.sandbox.mail_view import mail_view
from bookingd.sandbox.misbehaviour import Switches
from bookingd.sandbox.server import SandboxServer
from bookingd.sandbox.stripe import StripeSandbox
from bookingd.sources import Sources
from bookingd.wiring.refusals import PortTaken


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIns:
    """Where they listen; None for one that is not needed."""

    stripe_url: str | None = None
    smtp_url: str | None = None
    mail_page: str | None = None
    """Where caught mail can be looked at."""


async def start_stand_ins(settings: Settings, sources: Sources, *, stack: AsyncExitStack) -> StandIns:
    """Start those that the settings ask for, or say where another process has them. Raises PortTaken.

    The mail catcher is asked for by `mail.url`, whatever `sandbox.enabled` says, and its page comes with it.
    """
    if not settings.sandbox.start:
        return _elsewhere(settings)
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
        smtp_url=smtp,
        mail_page=f"http://127.0.0.1:{port}/mail" if smtp else None,
    )


def _elsewhere(settings: Settings) -> StandIns:
    root, mail = f"http://127.0.0.1:{settings.sandbox.port}", settings.mail.catcher
    return StandIns(
        stripe_url=f"{root}/stripe" if settings.stripe.sandbox else None,
        smtp_url=f"smtp://127.0.0.1:{settings.sandbox.mail_port}" if mail else None,
        mail_page=f"{root}/mail" if mail else None,
    )


def _server(settings: Settings, sources: Sources) -> SandboxServer:
    switches = Switches()
    for fault in settings.sandbox.misbehave:
        if not faults.is_for_mail(fault):
            switches.configure(fault)
    vendors = [_stripe(settings, sources, switches)] if settings.sandbox.enabled else []
    pages = {"/mail": mail_view(settings.paths.var / "mail")} if settings.mail.catcher else {}
    return SandboxServer(vendors, switches=switches, pages=pages)


def _stripe(settings: Settings, sources: Sources, switches: Switches) -> StripeSandbox:
    return StripeSandbox(
        clock=sources.clock,
        ids=sources.ids,
        chance=sources.chance,
        directory=settings.paths.var / "sandbox",
        secret_key=settings.stripe.secret_key.reveal(),
        publishable_key=settings.stripe.publishable_key,
        webhook_url=f"{settings.server.local_url}/webhooks/stripe",
        webhook_secret=settings.stripe.webhook_secrets[0],
        webhook_events=NOTICES,
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
