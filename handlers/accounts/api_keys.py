"""API keys of an account: made, listed and revoked by a person, and shown once.

The one rule: a key gets no more than whoever makes it may do at that moment, and nothing beyond `SCOPES`.
"""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from aiohttp import web
from msgspec import Meta

from bookingd.domain.accounts.factors import FactorChange
from bookingd.domain.accounts.permissions import SCOPES, Permission
from bookingd.domain.accounts.who import Who
from bookingd.domain.ids import ApiKeyId
from bookingd.messages.accounts import SecondFactorChanged
from bookingd.messages.live import AccountChanged
from bookingd.security.api_keys import new_api_key
from bookingd.storage import api_keys
from bookingd.storage.api_keys import ListedApiKey, NewApiKey
from handlers.accounts.api_key_requests import NewKey
from handlers.accounts.changes import Changing, account_of, changing
from handlers.accounts.trail import record
from handlers.bodies import json_body
from handlers.errors import FieldError, Problem, invalid, not_found
from handlers.gate import who_of
from handlers.parts import PARTS
from handlers.reply import json_reply
from handlers.views import View

MOST = 20
"""Keys of one account, expired ones that it has not revoked among them."""


class ApiKeyLine(View, frozen=True, kw_only=True):
    """A key, as its owner knows it."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    used_at: Annotated[datetime | None, Meta(description="The hour in which it was used last.")]


class ApiKeys(View, frozen=True, kw_only=True):
    """The account's keys, the newest first; those that were revoked are none any more."""

    api_keys: tuple[ApiKeyLine, ...]


class ApiKeyMade(View, frozen=True, kw_only=True):
    """A new key."""

    key: Annotated[
        str, Meta(description="For 'Authorization: Bearer <key>'. It is shown this once, and kept by you.")
    ]
    api_key: ApiKeyLine


async def list_api_keys(request: web.Request) -> web.Response:
    """What there is, without the keys themselves: nobody has those but their owner."""
    async with request.app[PARTS].database.connection() as connection:
        found = await api_keys.listed(connection, account=account_of(request))
    return json_reply(ApiKeys(api_keys=tuple(map(_line, found))))


async def make_api_key(request: web.Request) -> web.Response:
    """Make a key. Raises Problem."""
    asked, _ = await json_body(request, NewKey)
    sources = request.app[PARTS].sources
    key_id = ApiKeyId(sources.ids.new())
    shown, kept = new_api_key(key_id, sources.chance)
    async with changing(request) as change:
        scopes = _scopes(asked["scopes"], _can_give(who_of(request), change))
        new = NewApiKey(
            id=key_id,
            account=change.account,
            name=asked["name"],
            hash=kept.hash,
            scopes=scopes,
            expires_at=_ends(change.transaction.now, asked["expires_in_days"]),
        )
        made = await _add(change, new)
    return json_reply(ApiKeyMade(key=shown, api_key=_line(made)), status=201)


async def revoke_api_key(request: web.Request) -> web.Response:
    """The key is good no longer, from the next request on."""
    key = _key_in(request)
    async with changing(request) as change:
        connection, now = change.transaction.connection, change.transaction.now
        if not await api_keys.revoke(connection, account=change.account, key=key, now=now):
            raise not_found()
        change.transaction.notify(AccountChanged(account_id=change.account))
        _note(change, "account.api_key_revoked", {"api_key": str(key)})
    return web.Response(status=204)


async def _add(change: Changing, new: NewApiKey) -> ListedApiKey:
    """Keep it, if there is room, and have its owner told. Raises Problem."""
    connection, now = change.transaction.connection, change.transaction.now
    if len(await api_keys.listed(connection, account=change.account)) >= MOST:
        told = f"An account has {MOST} API keys at most, expired ones too: revoke one first."
        raise Problem("limit-reached", told)
    await api_keys.add(connection, new=new, now=now)
    scopes = sorted(scope.value for scope in new.scopes)
    details = {"api_key": str(new.id), "scopes": scopes, "expires_at": new.expires_at.isoformat()}
    _note(change, "account.api_key_made", details, name=new.name)
    news = SecondFactorChanged(
        account_id=change.account, change=FactorChange.API_KEY_MADE, name=new.name, at=now
    )
    change.transaction.send(news, origin=change.origin)
    return ListedApiKey(
        id=new.id,
        name=new.name,
        scopes=new.scopes,
        created_at=now,
        expires_at=new.expires_at,
        used_at=None,
    )


def _can_give(who: Who, change: Changing) -> frozenset[Permission]:
    """What whoever asks may do, with the roles that the account has now."""
    return (
        SCOPES
        & Who(
            principal=who.principal, account=who.account, roles=change.roles, second_factor=who.second_factor
        ).permissions
    )


def _scopes(asked: list[str], given: frozenset[Permission]) -> frozenset[Permission]:
    """Raises Problem for each that is beyond what can be given."""
    words = "This is not yours to give: your account, or this session, may not do it."
    beyond = [
        FieldError(field=f"scopes[{place}]", code="not_yours", message=words)
        for place, scope in enumerate(asked)
        if scope not in given
    ]
    if beyond:
        raise invalid(*beyond)
    return frozenset(map(Permission, asked))


def _ends(now: datetime, days: int) -> datetime:
    return (now + timedelta(days=days)).replace(microsecond=0)


def _note(change: Changing, action: str, details: dict[str, Any], *, name: str | None = None) -> None:
    """What its owner calls it may name somebody, and can be erased."""
    record(
        change.transaction,
        change.sources,
        change.origin,
        account=change.account,
        action=action,
        details=details,
        personal={"name": name} if name else None,
    )


def _key_in(request: web.Request) -> ApiKeyId:
    try:
        return ApiKeyId(UUID(request.match_info["key_id"]))
    except ValueError as error:
        raise not_found() from error


def _line(key: ListedApiKey) -> ApiKeyLine:
    return ApiKeyLine(
        id=str(key.id),
        name=key.name,
        scopes=tuple(sorted(scope.value for scope in key.scopes)),
        created_at=key.created_at,
        expires_at=key.expires_at,
        used_at=key.used_at,
    )
