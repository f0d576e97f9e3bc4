"""An authenticator app as the second factor: set up, confirmed by its first code, removed."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from bookingd.domain.accounts.factors import FactorChange
from bookingd.domain.accounts.permissions import is_staff
from bookingd.security import totp
from bookingd.storage import second_factors
from bookingd.storage.second_factors import totp_place
from handlers.accounts.changes import Changing, account_of, changing
from handlers.accounts.factor_requests import AppCode, Nothing
from handlers.bodies import json_body
from handlers.errors import not_found
from handlers.fields import refuse
from handlers.gate import who_of
from handlers.parts import PARTS
from handlers.reply import json_reply
from handlers.views import View


class SecondFactor(View, frozen=True, kw_only=True):
    """What an account proves itself with besides its password."""

    required: Annotated[bool, Meta(description="Staff must have one.")]
    totp: Annotated[bool, Meta(description="The codes of an authenticator app.")]
    passkeys: int
    recovery_codes: Annotated[int, Meta(description="How many are left.")]


class NewApp(View, frozen=True, kw_only=True):
    """What an authenticator app is given. It counts from its first code on."""

    secret: Annotated[str, Meta(description="To type in (base32).")]
    uri: Annotated[str, Meta(description="To show as a QR code.")]


class Confirmed(View, frozen=True, kw_only=True):
    """It counts now."""

    recovery_codes: Annotated[
        tuple[str, ...], Meta(description="With the first factor: keep them on paper, they are shown once.")
    ]


async def second_factor(request: web.Request) -> web.Response:
    """What there is."""
    account = account_of(request)
    async with request.app[PARTS].database.connection() as connection:
        held = await second_factors.held(connection, account=account)
    shown = SecondFactor(
        required=is_staff(who_of(request).roles),
        totp=held.totp,
        passkeys=held.passkeys,
        recovery_codes=held.recovery_codes,
    )
    return json_reply(shown)


async def set_up_app(request: web.Request) -> web.Response:
    """Give an app its secret. One that counts already does so until the new one's first code."""
    await json_body(request, Nothing)
    accounts, secret = request.app[PARTS].accounts, totp.new_secret(request.app[PARTS].sources.chance)
    async with changing(request) as change:
        sealed = accounts.keyring.seal(secret, place=totp_place(change.account))
        connection = change.transaction.connection
        await second_factors.set_up_totp(connection, account=change.account, sealed=sealed)
        address = await second_factors.address(connection, account=change.account)
    uri = totp.provisioning_uri(secret, address=address, issuer=accounts.relying_party.name)
    return json_reply(NewApp(secret=totp.spelled(secret), uri=uri), status=201)


async def confirm_app(request: web.Request) -> web.Response:
    """The first code of the app: from now on it counts."""
    asked, _ = await json_body(request, AppCode)
    async with changing(request) as change:
        replaces = await _confirm(request, change, asked["code"])
        change.note(FactorChange.TOTP_REPLACED if replaces else FactorChange.TOTP_ADDED)
        await change.prove()
        codes = await change.first_codes()
    return json_reply(Confirmed(recovery_codes=codes))


async def remove_app(request: web.Request) -> web.Response:
    """The app's codes count no longer."""
    async with changing(request) as change:
        if not await second_factors.remove_totp(change.transaction.connection, account=change.account):
            raise not_found()
        await change.check_what_is_left()
        change.note(FactorChange.TOTP_REMOVED)
    return web.Response(status=204)


async def _confirm(request: web.Request, change: Changing, code: str) -> bool:
    """Whether another app counted until now. Raises Problem."""
    connection, account = change.transaction.connection, change.account
    app = await second_factors.totp(connection, account=account)
    if app is None or app.pending is None:
        raise not_found()
    secret = request.app[PARTS].accounts.keyring.open(app.pending, place=totp_place(account))
    step = totp.step_of(code, secret, now=change.transaction.now, after=0)
    if step is None:
        hint = "Is the telephone's clock right? Wait for the next code and send that."
        raise refuse("code", "wrong", "This is not the code that the app shows now.", hint)
    await second_factors.confirm_totp(
        connection, account=account, pending=app.pending, step=step, now=change.transaction.now
    )
    return app.sealed is not None
