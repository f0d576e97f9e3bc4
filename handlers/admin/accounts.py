"""Accounts, as staff look after them.

The one rule: whoever is shown somebody's account stands in the audit trail (P11), and so does what they do to
it. An address never stands in a URL, so accounts are searched by POST.
"""

import unicodedata
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated
from uuid import UUID

from aiohttp import web
from msgspec import Meta

from bookingd.domain.accounts.permissions import Role, is_staff
from bookingd.domain.ids import AccountId
from bookingd.security.account_office import (
    AccountNotFound,
    AccountOffice,
    LastAdministrator,
    NoAdministrator,
    NoSecondFactor,
    OnOneself,
)
from bookingd.security.addresses import key_of
from bookingd.storage import accounts, staff
from bookingd.storage.staff import Entry
from handlers.accounts.changes import heard
from handlers.admin.account_requests import AccountSearch, NewRoles, Reason, StaffQuery
from handlers.bodies import json_body
from handlers.errors import Problem, not_found
from handlers.fields import load_query, refuse
from handlers.gate import who_of
from handlers.parts import PARTS
from handlers.principals import origin_of
from handlers.reply import json_reply
from handlers.requests import schema
from handlers.views import View

MOST_FOUND = 20

STAFF = frozenset(role for role in Role if is_staff([role]))


class AccountRecord(View, frozen=True, kw_only=True):
    """An account, as staff see it."""

    id: str
    state: Annotated[str, Meta(description="open or suspended")]
    address: str
    name: str
    roles: tuple[str, ...]
    staff: Annotated[bool, Meta(description="Whether its roles reach beyond what is its own.")]
    second_factor: Annotated[
        bool, Meta(description="Whether it has one. What is staff's counts only in sessions that showed one.")
    ]
    created_at: datetime
    password_changed_at: datetime | None


class AccountsFound(View, frozen=True, kw_only=True):
    """Accounts whose address begins so, by their addresses."""

    accounts: tuple[AccountRecord, ...]
    more: Annotated[bool, Meta(description="Whether there are others: send more of the address.")]


class Staff(View, frozen=True, kw_only=True):
    """Accounts with roles of staff."""

    accounts: tuple[AccountRecord, ...]
    next: Annotated[str | None, Meta(description="Where the next page begins.")]


async def list_staff(request: web.Request) -> web.Response:
    """Who may do more than everybody may."""
    asked = load_query(schema(StaffQuery), request.query)
    roles, limit = {Role(asked["role"])} if asked["role"] else STAFF, asked["limit"]
    async with _office(request) as office:
        connection = office.transaction.connection
        after = _after(asked["cursor"])
        ids = await staff.with_roles(connection, roles=roles, after=after, limit=limit + 1)
        shown = await _shown(office, ids[:limit])
    following = str(ids[limit - 1]) if len(ids) > limit else None
    return json_reply(Staff(accounts=shown, next=following))


async def search_accounts(request: web.Request) -> web.Response:
    """Accounts by the beginning of their address."""
    asked, _ = await json_body(request, AccountSearch)
    async with _office(request) as office:
        connection, beginning = office.transaction.connection, _beginning(asked["address"])
        found = await accounts.search(connection, beginning=beginning, limit=MOST_FOUND + 1)
        shown = await _shown(office, [account.id for account in found[:MOST_FOUND]])
    return json_reply(AccountsFound(accounts=shown, more=len(found) > MOST_FOUND))


async def show_account(request: web.Request) -> web.Response:
    """One account."""
    account = _account_in(request)
    async with _office(request) as office:
        return json_reply(await _one(office, account))


async def set_roles(request: web.Request) -> web.Response:
    """Give the account these roles and no others."""
    asked, _ = await json_body(request, NewRoles)
    account = _account_in(request)
    async with _office(request) as office:
        await office.set_roles(account, frozenset(map(Role, asked["roles"])))
        shown = await _one(office, account)
    heard(request, account)
    return json_reply(shown)


async def suspend_account(request: web.Request) -> web.Response:
    """Nobody can use the account, from the next request on."""
    asked, _ = await json_body(request, Reason)
    account = _account_in(request)
    async with _office(request) as office:
        await office.suspend(account, reason=asked["reason"])
        shown = await _one(office, account)
    heard(request, account)
    return json_reply(shown, status=201)


async def reopen_account(request: web.Request) -> web.Response:
    """The account can be used again; whoever wants to signs in anew."""
    account = _account_in(request)
    async with _office(request) as office:
        if not await office.reopen(account):
            raise not_found()
    heard(request, account)
    return web.Response(status=204)


async def reset_second_factor(request: web.Request) -> web.Response:
    """Take away what the owner has lost; they are told, and sign in by their password."""
    asked, _ = await json_body(request, Reason)
    account = _account_in(request)
    async with _office(request) as office:
        await office.reset_second_factor(account, reason=asked["reason"])
        shown = await _one(office, account)
    heard(request, account)
    return json_reply(shown, status=201)


@asynccontextmanager
async def _office(request: web.Request) -> AsyncIterator[AccountOffice]:
    """The office of whoever asks, in one transaction. Raises Problem."""
    parts, who = request.app[PARTS], who_of(request)
    try:
        async with parts.transactions.begin() as transaction:
            yield AccountOffice(
                transaction=transaction,
                sources=parts.sources,
                origin=origin_of(request, who.acting),
                by=who.account,
            )
    except AccountNotFound as error:
        raise not_found() from error
    except OnOneself as error:
        raise Problem("on-oneself", "Another administrator has to do this to your account.") from error
    except NoAdministrator as error:
        raise Problem("not-allowed", "This is not for you any more.") from error
    except LastAdministrator as error:
        raise Problem("last-administrator", "Make somebody else an administrator first.") from error
    except NoSecondFactor as error:
        raise Problem("factor-needed", "There is none that could be taken away.") from error


async def _one(office: AccountOffice, account: AccountId) -> AccountRecord:
    """Raises AccountNotFound."""
    for shown in await _shown(office, [account]):
        return shown
    raise AccountNotFound


async def _shown(office: AccountOffice, ids: Sequence[AccountId]) -> tuple[AccountRecord, ...]:
    """The accounts, after it was written down that somebody sees them."""
    found = await staff.entries(office.transaction.connection, ids=ids)
    office.note_read(entry.account.id for entry in found)
    return tuple(map(_record, found))


def _record(entry: Entry) -> AccountRecord:
    account = entry.account
    return AccountRecord(
        id=str(account.id),
        state=account.state.value,
        address=account.address or "",
        name=account.name,
        roles=tuple(sorted(role.value for role in account.roles)),
        staff=is_staff(account.roles),
        second_factor=entry.second_factor,
        created_at=account.created_at,
        password_changed_at=account.password_changed_at,
    )


def _beginning(address: str) -> str:
    """How the key of such an address begins."""
    folded = unicodedata.normalize("NFKC", address).casefold()
    return key_of(address) or unicodedata.normalize("NFC", folded)


def _account_in(request: web.Request) -> AccountId:
    try:
        return AccountId(UUID(request.match_info["account_id"]))
    except ValueError as error:
        raise not_found() from error


def _after(cursor: str | None) -> AccountId | None:
    if cursor is None:
        return None
    try:
        return AccountId(UUID(cursor))
    except ValueError as error:
        raise refuse("cursor", "foreign_cursor", "This is not a cursor of this list.") from error
