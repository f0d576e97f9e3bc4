"""Another password for an account: by who knows the present one, or reads the mail of its address.

The one rule: a new password ends whatever the former one began: all sessions but the one that changed it,
half a sign-in, links that were asked for, and a change of address that is not confirmed yet.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from bookingd.domain.ids import AccountId, SessionId
from bookingd.messages.accounts import PasswordChanged, RequestReset
from bookingd.messages.envelope import Origin
from bookingd.messages.live import AccountChanged
from bookingd.security.passwords import MIN_CHARACTERS
from bookingd.storage import accounts, proofs, sessions
from bookingd.storage.accounts import Account
from bookingd.storage.proofs import Proof, ProofPurpose
from bookingd.storage.sessions import Ending
from bookingd.storage.transactions import Transaction
from handlers.accounts.asking import ask, asked, check_password, fit_address
from handlers.accounts.changes import account_of, changing, heard
from handlers.accounts.entry_requests import Forgotten, NewPassword, PasswordChange
from handlers.accounts.link_pages import Done, Form, answered, good_proof, link_spent, shown
from handlers.accounts.opening import account_origin
from handlers.accounts.signing_in import NOBODY_YET
from handlers.accounts.trail import record
from handlers.accounts.tries import count_mail, count_try, was_right
from handlers.bodies import json_body
from handlers.clients import client_address
from handlers.errors import Problem
from handlers.fields import refuse
from handlers.gate import who_of
from handlers.parts import PARTS
from handlers.principals import origin_of, session_required
from handlers.returns import Words

RESET_LIFE = timedelta(hours=1)
"""Whoever reads the mail later than this asks again; a mailbox keeps the link for longer."""

FORM = Form(
    heading="Choose a new password",
    told="It takes the place of the one before.",
    advice=f"A password has {MIN_CHARACTERS} characters or more. Wherever your account is signed in it will"
    " be signed out. This link is good once.",
    button="Set this password",
    label="New password",
    new_password=True,
)
SET = Words(
    heading="Your password is set",
    told="Your account has been signed out everywhere.",
    advice="Sign in with the new password. A second factor is asked for as before. You can close this page.",
    tone="good",
)


async def ask_reset(request: web.Request) -> web.Response:
    """Take down that somebody has forgotten a password."""
    told, _ = await json_body(request, Forgotten)
    parts, address = request.app[PARTS], fit_address(told["email"])
    await count_mail(request, "reset", address.key)
    async with parts.transactions.begin() as transaction:
        origin = origin_of(request, NOBODY_YET)
        proof = await ask(
            transaction,
            parts.sources,
            purpose=ProofPurpose.RESET,
            life=RESET_LIFE,
            details={"address_key": address.key},
        )
        transaction.send(RequestReset(proof_id=proof.id), origin=origin)
        record(transaction, parts.sources, origin, account=None, action="account.reset_asked")
    return asked(proof.expires_at)


async def show_reset(request: web.Request) -> web.Response:
    """The page that the mail's link leads to."""
    return await shown(request, ProofPurpose.RESET, _form)


async def reset_password(request: web.Request) -> web.Response:
    """Set the password anew. Nobody is signed in by that."""
    return await answered(request, ProofPurpose.RESET, NewPassword, form_of=_form, work=_reset)


async def change_password(request: web.Request) -> web.Response:
    """Another password, by who knows the present one; this session stays."""
    given, _ = await json_body(request, PasswordChange)
    parts, account = request.app[PARTS], await present(request)
    check_password(request, given["password"], account.name, account.address or "")
    await _check_present(request, account, given["current_password"])
    if given["password"] == given["current_password"]:
        raise refuse("password", "same", "This is the account's password already.")
    hashed = await parts.accounts.hasher.hash(given["password"])
    async with changing(request) as change:
        connection, now = change.transaction.connection, change.transaction.now
        latest = await accounts.by_id(connection, account=account.id)
        if latest is None or latest.password != account.password:
            raise _wrong("current_password")  # it was changed meanwhile
        await accounts.set_password(connection, account=account.id, hashed=hashed, now=now)
        await end_what_was_begun(
            change.transaction, account=account.id, because=Ending.PASSWORD_CHANGED, but=change.session
        )
        _tell(request, change.transaction, change.origin, account.id, reset=False)
    return web.Response(status=204)


async def end_what_was_begun(
    transaction: Transaction,
    *,
    account: AccountId,
    because: Ending,
    but: SessionId | None = None,
    ways_back_since: datetime | None = None,
) -> None:
    """End what somebody may have begun who knew the former password or read the former address's mail."""
    connection, now = transaction.connection, transaction.now
    await proofs.end_asked(connection, account=account, now=now, ways_back_since=ways_back_since)
    await sessions.end_all(connection, account=account, because=because, now=now, but=but)
    transaction.notify(AccountChanged(account_id=account))


async def check_password_of(request: web.Request, account: Account, given: str, *, field: str) -> None:
    """Raises Problem where it is another one; each try is counted before it is looked at."""
    parts = request.app[PARTS]
    gates = await count_try(request, account.address_key or str(account.id))
    if (await parts.accounts.hasher.verify(account.password, given)).ok:
        await was_right(request, gates)
        return
    async with parts.transactions.begin() as transaction:
        origin, action = origin_of(request, who_of(request).principal), "account.password_wrong"
        record(transaction, parts.sources, origin, account=account.id, action=action)
    raise _wrong(field)


async def _reset(request: web.Request, given: Mapping[str, Any]) -> Done:
    parts = request.app[PARTS]
    proof = await good_proof(request, given["token"], ProofPurpose.RESET)
    async with parts.database.connection() as connection:
        account = await accounts.by_id(connection, account=AccountId(proof.subject))
    if account is None or not account.open:
        raise link_spent()
    check_password(request, given["password"], account.name, account.address or "")
    hashed = await parts.accounts.hasher.hash(given["password"])
    async with parts.transactions.begin() as transaction:
        await _set(request, transaction, proof, hashed)
    heard(request, account.id)
    here = parts.accounts.gates.at_account(account.address_key or "", client_address(request))
    await parts.accounts.throttle.forget(here)
    return Done(answer=web.Response(status=204), words=SET)


async def _set(request: web.Request, transaction: Transaction, proof: Proof, hashed: str) -> None:
    """The account first, then its proofs: as everywhere, or two would wait for each other. Raises Problem."""
    connection, now = transaction.connection, transaction.now
    account = await accounts.lock(connection, account=AccountId(proof.subject))
    used = await proofs.use(connection, proof_id=proof.id, purpose=ProofPurpose.RESET, now=now)
    if account is None or not account.open or used is None:
        raise link_spent()
    await accounts.set_password(connection, account=account.id, hashed=hashed, now=now)
    await end_what_was_begun(transaction, account=account.id, because=Ending.PASSWORD_CHANGED)
    _tell(request, transaction, account_origin(request, account.id), account.id, reset=True)


def _tell(
    request: web.Request, transaction: Transaction, origin: Origin, account: AccountId, *, reset: bool
) -> None:
    told = PasswordChanged(account_id=account, reset=reset, at=transaction.now)
    transaction.send(told, origin=origin)
    action, details = "account.password_changed", {"reset": reset}
    record(
        transaction,
        request.app[PARTS].sources,
        origin,
        account=account,
        action=action,
        details=details,
    )


def _wrong(field: str) -> Problem:
    return refuse(field, "wrong", "This is not the account's password.")


async def present(request: web.Request) -> Account:
    """The account that asks, as it is. Raises Problem."""
    async with request.app[PARTS].database.connection() as connection:
        account = await accounts.by_id(connection, account=account_of(request))
    if account is None or not account.open:
        raise session_required("This account is not open.")
    return account


async def _check_present(request: web.Request, account: Account, given: str) -> None:
    """Raises Problem. One that was taken away comes back by mail alone: a passkey may be a thief's."""
    if account.password is None:
        raise Problem("password-needed", "It was taken away: have a link sent that sets a new one.")
    await check_password_of(request, account, given, field="current_password")


def _form(_: Proof) -> Form:
    return FORM
