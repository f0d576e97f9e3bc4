"""Passkeys: what a browser is asked, the ones that an account has, one more, one less."""

import base64
import binascii
from datetime import datetime
from typing import Annotated, Any

from aiohttp import web
from msgspec import Meta

from bookingd.domain.accounts.factors import FactorChange
from bookingd.security.passkeys import InvalidPasskey
from bookingd.security.passkeys import NewPasskey as Made
from bookingd.storage import second_factors
from bookingd.storage.second_factors import Passkey
from handlers.accounts import factors
from handlers.accounts.changes import Changing, account_of, changing
from handlers.accounts.factor_requests import NewPasskey, Nothing
from handlers.bodies import json_body
from handlers.errors import Problem, not_found
from handlers.fields import refuse
from handlers.parts import PARTS
from handlers.reply import json_reply
from handlers.views import View

MOST = 20
"""Passkeys of one account: more than anybody has devices, and few enough to be named to a browser."""


class PasskeyOptions(View, frozen=True, kw_only=True):
    """What to hand to the browser; good for five minutes, and for one answer."""

    public_key: Annotated[
        dict[str, Any],
        Meta(description="For `PublicKeyCredential.parse…OptionsFromJSON`."),
    ]


class PasskeyView(View, frozen=True, kw_only=True):
    """A passkey of the account."""

    id: str
    name: str
    created_at: datetime
    used_at: datetime | None


class Passkeys(View, frozen=True, kw_only=True):
    """The account's passkeys, the oldest first."""

    passkeys: tuple[PasskeyView, ...]


class PasskeyAdded(View, frozen=True, kw_only=True):
    """It counts now."""

    passkey: PasskeyView
    recovery_codes: Annotated[
        tuple[str, ...], Meta(description="With the first factor: keep them on paper, they are shown once.")
    ]


async def ask_for_passkey(request: web.Request) -> web.Response:
    """What a browser is asked, for somebody who signs in with a passkey alone."""
    await json_body(request, Nothing)
    parts = request.app[PARTS]
    asked = parts.accounts.relying_party.ask_to_sign(factors.new_challenge(parts, parts.sources.clock.now()))
    return json_reply(PasskeyOptions(public_key=asked))


async def ask_for_new_passkey(request: web.Request) -> web.Response:
    """What a browser is asked, to make one more."""
    await json_body(request, Nothing)
    parts, account = request.app[PARTS], account_of(request)
    async with parts.database.connection() as connection:
        known = await second_factors.passkeys(connection, account=account)
        address = await second_factors.address(connection, account=account)
    asked = parts.accounts.relying_party.ask_to_register(
        factors.new_challenge(parts, parts.sources.clock.now()),
        account=account,
        address=address,
        name=address,
        known=factors.names_of(known),
    )
    return json_reply(PasskeyOptions(public_key=asked))


async def passkeys(request: web.Request) -> web.Response:
    """The account's passkeys."""
    account = account_of(request)
    async with request.app[PARTS].database.connection() as connection:
        found = await second_factors.passkeys(connection, account=account)
    return json_reply(Passkeys(passkeys=tuple(map(_view, found))))


async def add_passkey(request: web.Request) -> web.Response:
    """What the browser made is the account's."""
    asked, _ = await json_body(request, NewPasskey)
    async with changing(request) as change:
        if (await change.held()).passkeys >= MOST:
            raise Problem("limit-reached", f"An account has {MOST} passkeys at most.")
        made = await _registered(request, change, asked["passkey"])
        passkey = _kept(change, made, asked["name"])
        if not await second_factors.add_passkey(change.transaction.connection, passkey=passkey):
            raise refuse("passkey", "known", "This passkey was registered before.")
        change.note(FactorChange.PASSKEY_ADDED, name=passkey.name)
        await change.prove()
        codes = await change.first_codes()
    location = {"Location": f"/v1/me/passkeys/{_spelled(passkey.id)}"}
    added = PasskeyAdded(passkey=_view(passkey), recovery_codes=codes)
    return json_reply(added, status=201, headers=location)


async def remove_passkey(request: web.Request) -> web.Response:
    """It is the account's no longer."""
    passkey_id = _read(request.match_info["passkey_id"])
    async with changing(request) as change:
        connection = change.transaction.connection
        name = await second_factors.remove_passkey(connection, account=change.account, passkey_id=passkey_id)
        if name is None:
            raise not_found()
        await change.check_what_is_left()
        change.note(FactorChange.PASSKEY_REMOVED, name=name)
    return web.Response(status=204)


async def _registered(request: web.Request, change: Changing, given: dict[str, Any]) -> Made:
    try:
        return await factors.registered(
            change.transaction.connection,
            request.app[PARTS],
            account=change.account,
            given=given,
            now=change.transaction.now,
        )
    except InvalidPasskey as error:
        hint = "Ask for new options, and hand the browser's answer on as it is, within five minutes."
        raise refuse("passkey", "invalid", "This is no passkey that we asked for.", hint) from error


def _kept(change: Changing, made: Made, name: str) -> Passkey:
    return Passkey(
        id=made.id,
        account_id=change.account,
        public_key=made.public_key,
        sign_count=made.sign_count,
        name=name,
        transports=made.transports,
        created_at=change.transaction.now,
    )


def _view(passkey: Passkey) -> PasskeyView:
    return PasskeyView(
        id=_spelled(passkey.id), name=passkey.name, created_at=passkey.created_at, used_at=passkey.used_at
    )


def _spelled(passkey_id: bytes) -> str:
    return base64.urlsafe_b64encode(passkey_id).rstrip(b"=").decode()


def _read(text: str) -> bytes:
    """Raises Problem for what was never shown as an id."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise not_found() from error
