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
    """Start those that the settings ask for. Raises PortTaken.

    The mail catcher is asked for by `mail.url`, whatever `sandbox.enabled` says, and its page comes with it.
    """
    smtp = await _start_catcher(settings, sources, stack) if settings.mail.catcher else None
    if not settings.sandbox.enabled and smtp is None:
        return StandIns()
    server = _server(settings, sources)
    try:
        port = await server.start(settings.sandbox.port)
    except OSError as error:
        raise PortTaken(
            f"port {settings.sandbox.port} is taken ({error.strerror}): set sandbox.port to another one"
        ) from error
    stack.push_async_callback(server.stop)
    return StandIns(
        stripe_url=server.url("stripe") if settings.stripe.sandbox else None,
        smtp_url=smtp,
        mail_page=f"http://127.0.0.1:{port}/mail" if smtp else None,
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
        misbehave=[Fault(wish.removeprefix(f"{faults.MAIL}:")) for wish in wishes],
    )
    await stack.enter_async_context(catcher.serving())
    return f"smtp://{catcher.host}:{catcher.port}"
