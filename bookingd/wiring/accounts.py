"""What proves who somebody is, joined for the HTTP side."""

from contextlib import AsyncExitStack
from datetime import timedelta

from bookingd.redis_calls import client_at
from bookingd.security.keyring import Keyring
from bookingd.security.passkeys import RelyingParty
from bookingd.security.passwords import Cost, PasswordHasher
from bookingd.security.throttle import Gates, Throttle
from bookingd.wiring.actors import Tools
from handlers.parts import AccountParts


def open_account_parts(tools: Tools, stack: AsyncExitStack) -> AccountParts:
    """As the settings say; `stack` ends the threads and leaves Redis."""
    settings, security = tools.settings, tools.settings.security
    hasher = PasswordHasher(
        chance=tools.sources.chance,
        cost=Cost.of(security),
        threads=security.password_threads,
        metrics=tools.metrics.passwords,
    )
    stack.callback(hasher.close)
    throttle = Throttle(
        client_at(settings.cache.url.reveal()),
        clock=tools.sources.clock,
        forget=timedelta(minutes=security.throttle.forget_minutes),
        metrics=tools.metrics.throttle,
        redis_errors=tools.metrics.cache.errors,
    )
    stack.push_async_callback(throttle.close)
    return AccountParts(
        hasher=hasher,
        keyring=Keyring.parse(security.field_keys.reveal(), chance=tools.sources.chance),
        throttle=throttle,
        gates=Gates(security.throttle),
        relying_party=RelyingParty.at(settings.public_url, name=settings.mail.from_name),
    )
