"""What an account says of itself: looked at, and changed by nobody but its owner."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from aiohttp import hdrs, web
from msgspec import Meta

from bookingd.domain.ids import AccountId
from bookingd.storage import places, profiles
from bookingd.storage.database import Connection
from bookingd.storage.profiles import Profile
from handlers.accounts.changes import account_of
from handlers.accounts.profile_requests import ProfileChange, canonical
from handlers.accounts.trail import record
from handlers.bodies import json_body
from handlers.edits import changed_meanwhile, check_match, etag_of
from handlers.fields import refuse
from handlers.gate import who_of
from handlers.parts import PARTS
from handlers.principals import origin_of, session_required
from handlers.reply import json_reply
from handlers.views import View


class Me(View, frozen=True, kw_only=True):
    """An account as its owner sees it."""

    id: str
    email: str
    name: str
    locale: Annotated[str, Meta(description="BCP 47.")]
    currency: Annotated[str, Meta(description="ISO 4217.")]
    home_airport: Annotated[str | None, Meta(description="Airport or city (IATA).")]
    roles: tuple[str, ...]
    created_at: datetime


async def me(request: web.Request) -> web.Response:
    """The profile."""
    account = account_of(request)
    async with request.app[PARTS].database.connection() as connection:
        profile = await _profile(connection, account)
    return _answer(profile)


async def change_me(request: web.Request) -> web.Response:
    """Another name, language, currency or home airport."""
    asked, _ = await json_body(request, ProfileChange)
    parts, account = request.app[PARTS], account_of(request)
    async with parts.transactions.begin() as transaction:
        former = await _profile(transaction.connection, account)
        check_match(request, former.version)
        wanted = await _changed(transaction.connection, former, asked)
        version = await profiles.change(transaction.connection, profile=wanted)
        if version is None:
            raise changed_meanwhile((await _profile(transaction.connection, account)).version)
        record(
            transaction,
            parts.sources,
            origin_of(request, who_of(request).principal),
            account=account,
            action="account.profile_changed",
            details={"changed": sorted(asked)},
        )
    return _answer(replace(wanted, version=version))


async def _profile(connection: Connection, account: AccountId) -> Profile:
    profile = await profiles.load(connection, account=account)
    if profile is None:
        raise session_required("This account is not open.")
    return profile


async def _changed(connection: Connection, former: Profile, asked: Mapping[str, Any]) -> Profile:
    """The profile with what was asked for. Raises Problem."""
    return replace(
        former,
        name=asked.get("name", former.name).strip(),
        locale=canonical(asked.get("locale", former.locale)),
        currency=asked.get("currency", former.currency).upper(),
        home_airport=await _airport(connection, asked.get("home_airport", former.home_airport)),
    )


async def _airport(connection: Connection, given: str | None) -> str | None:
    if given is None:
        return None
    code = given.strip().upper()
    if not await places.known(connection, codes=[code]):
        raise refuse("home_airport", "unknown_place", f"We know no airport or city {code}.")
    return code


def me_view(profile: Profile) -> Me:
    """An account as its owner sees it."""
    return Me(
        id=str(profile.id),
        email=profile.address,
        name=profile.name,
        locale=profile.locale,
        currency=profile.currency,
        home_airport=profile.home_airport,
        roles=tuple(role.value for role in profile.roles),
        created_at=profile.created_at,
    )


def _answer(profile: Profile) -> web.Response:
    return json_reply(me_view(profile), headers={hdrs.ETAG: etag_of(profile.version)})
