"""An account is forgotten because its owner says so; what tax law wants of it stays.

Which that is, and why: docs/decisions/erasure.md.
"""

from collections.abc import Mapping, Sequence

from aiohttp import web

from bookingd.domain.accounts.erasure import Hindrance
from bookingd.domain.accounts.permissions import Role
from bookingd.domain.ids import AccountId, BookingId, Reference
from bookingd.messages.live import AccountChanged
from bookingd.storage import accounts, erasure, payment_means, second_factors, staff
from bookingd.storage.accounts import Account
from bookingd.storage.transactions import Transaction
from handlers.accounts.changes import account_of, check_session, heard
from handlers.accounts.payment_means import have_forgotten
from handlers.accounts.trail import record
from handlers.cookies import forget
from handlers.errors import Problem
from handlers.gate import who_of
from handlers.parts import PARTS
from handlers.principals import origin_of, session_required

NAMED = 20
"""References that an answer names at most."""

TOLD: Mapping[Hindrance, str] = {
    Hindrance.AHEAD: "their trips are not over",
    Hindrance.UNDER_WAY: "it is not known yet what becomes of them",
    Hindrance.MONEY: "something is still to be paid or given back",
}


async def erase_me(request: web.Request) -> web.Response:
    """Nothing of the account is left but what tax law wants; its browser forgets it too."""
    parts, account_id = request.app[PARTS], account_of(request)
    async with parts.transactions.begin() as transaction:
        account = await _locked(request, transaction, account_id)
        booked = await erasure.lock_bookings(transaction.connection, account=account_id)
        await _check_nothing_is_open(transaction, booked)
        origin = origin_of(request, who_of(request).principal)
        revoked = await payment_means.revoke(
            transaction.connection, owner=f"account:{account_id}", now=transaction.now
        )
        have_forgotten(transaction, revoked, origin)
        await erasure.erase(transaction.connection, account=account, booked=booked, now=transaction.now)
        record(
            transaction,
            parts.sources,
            origin,
            account=account_id,
            action="account.erased",
            details={"bookings": len(booked)},
        )
        transaction.notify(AccountChanged(account_id=account_id))
    heard(request, account_id)
    response = web.Response(status=204)
    forget(response, parts)
    return response


async def _locked(request: web.Request, transaction: Transaction, account_id: AccountId) -> Account:
    """The account, with nobody changing it or any administrator. Raises Problem."""
    connection = transaction.connection
    administrators = await staff.lock(connection, account=account_id)
    account = await accounts.by_id(connection, account=account_id)
    if account is None or not account.open:
        raise session_required("This account is not open.")
    await check_session(transaction, who_of(request))
    if not who_of(request).second_factor and (await second_factors.held(connection, account=account_id)).any:
        told = "This account has a second factor, which this session has not shown."
        raise Problem("second-factor-needed", f"{told} Sign in with it.")
    if Role.ADMINISTRATOR in account.roles and administrators == {account_id}:
        raise Problem("last-administrator", "Make somebody else an administrator first.")
    return account


async def _check_nothing_is_open(transaction: Transaction, booked: Sequence[BookingId]) -> None:
    """Raises Problem that names the bookings that are."""
    found = await erasure.hindrances(transaction.connection, booked=booked, now=transaction.now)
    if found:
        raise Problem("trips-ahead", " ".join(_said(found)))


def _said(found: Mapping[Reference, Hindrance]) -> list[str]:
    """`ABC234, DEF567: their trips are not over.`, for each reason that there is."""
    said = []
    for why, told in TOLD.items():
        references = sorted(reference for reference, one in found.items() if one is why)
        if references:
            more = f" and {len(references) - NAMED} more" if len(references) > NAMED else ""
            said.append(f"{', '.join(references[:NAMED])}{more}: {told}.")
    return said
