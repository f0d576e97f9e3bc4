"""The vendors' local stand-ins that a development installation starts with itself."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

from bookingd.config import Settings
from bookingd.gateways.stripe import NOTICES
from bookingd.sandbox.mail import Fault, MailCatcher
from bookingd.sandbox.mail_view import mail_view
from bookingd.sandbox.misbehaviour import Switches
from bookingd.sandbox.server import SandboxServer
from bookingd.sandbox.stripe import StripeSandbox
from bookingd.sources import Sources
from bookingd.wiring.refusals import PortTaken, UnusableSetting

MAIL = "mail:"
"""What `sandbox.misbehave` begins with where the mail catcher is meant: `mail:greylist`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIns:
    """Where they listen; None for one that is not needed."""

    stripe_url: str | None = None
    smtp_url: str | None = None
    mail_page: str | None = None
    """Where caught mail can be looked at."""


async def start_stand_ins(settings: Settings, sources: Sources, *, stack: AsyncExitStack) -> StandIns:
    """Start those that the settings ask for. Raises PortTaken, UnusableSetting."""
    try:
        smtp = await _start_catcher(settings, sources, stack) if settings.mail.catcher else None
        if not settings.sandbox.enabled:
            return StandIns(smtp_url=smtp)
        server = _server(settings, sources)
    except ValueError as error:
        raise UnusableSetting(f"sandbox.misbehave: {error}") from error
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
    for wish in settings.sandbox.misbehave:
        if not wish.startswith(MAIL):
            switches.configure(wish)
    stripe = StripeSandbox(
        clock=sources.clock,
        ids=sources.ids,
        chance=sources.chance,
        directory=settings.paths.var / "sandbox",
        secret_key=settings.stripe.secret_key.reveal(),
        publishable_key=settings.stripe.publishable_key,
        webhook_url=f"http://127.0.0.1:{settings.server.port}/webhooks/stripe",
        webhook_secret=settings.stripe.webhook_secrets[0],
        webhook_events=NOTICES,
        switches=switches,
    )
    pages = {"/mail": mail_view(settings.paths.var / "mail")} if settings.mail.catcher else {}
    return SandboxServer([stripe], switches=switches, pages=pages)


async def _start_catcher(settings: Settings, sources: Sources, stack: AsyncExitStack) -> str:
    wishes = [wish.removeprefix(MAIL) for wish in settings.sandbox.misbehave if wish.startswith(MAIL)]
    catcher = MailCatcher(
        settings.paths.var / "mail",
        clock=sources.clock,
        ids=sources.ids,
        misbehave=[Fault(wish) for wish in wishes],
    )
    await stack.enter_async_context(catcher.serving())
    return f"smtp://{catcher.host}:{catcher.port}"
