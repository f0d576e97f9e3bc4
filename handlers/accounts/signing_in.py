"""Signing in: by a password, by what is shown besides, by a passkey alone.

The one rule: an address without an account costs the same and is told the same as one with a wrong password,
and so is an account that is suspended. Every try is counted before it is looked at, and what was right when
it was looked at has to be so when the session is opened.
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from aiohttp import web

from bookingd.domain.accounts.factors import Factor
from bookingd.domain.ids import AccountId, ProofId
from bookingd.security.addresses import key_of
from bookingd.security.passwords import TooManyPasswords
from bookingd.storage import accounts, proofs
from bookingd.storage.accounts import Account
from bookingd.storage.proofs import Proof, ProofPurpose
from bookingd.storage.transactions import Transaction
from bookingd.tokens import Purpose
from handlers.accounts import factors
from handlers.accounts.opening import Opened, account_origin, answer, open_for
from handlers.accounts.trail import record
from handlers.accounts.tries import (
    count_factor,
    count_try,
    count_unnamed_try,
    earlier_was_right,
    unnamed_was_right,
    was_right,
)
from handlers.errors import Problem
from handlers.parts import PARTS
from handlers.principals import CHALLENGE, origin_of, read_token
from handlers.reply import json_reply
from handlers.session_views import SecondFactorNeeded

SIGN_IN_LIFE = timedelta(minutes=10)
"""In which a second factor has to follow a password."""

NOBODY_YET = "nobody"


class Shown(StrEnum):
    """What somebody shows to be let in."""

    PASSWORD = "password"  # noqa: S105 - the word, not one
    SECOND_FACTOR = "second_factor"
    """After the password."""
    PASSKEY = "passkey"
    """Alone."""


async def by_password(request: web.Request, asked: Mapping[str, Any]) -> web.Response:
    """A session, or what is to be shown besides. Raises Problem."""
    parts, key = request.app[PARTS], key_of(asked["email"])
    gates = await count_try(request, key or asked["email"])
    async with parts.database.connection() as connection:
        account = await accounts.by_key(connection, key=key)
    verdict = await parts.accounts.hasher.verify(account.password if account else None, asked["password"])
    if account is None or not account.open or not verdict.ok:
        raise await _refused(request, account.id if account else None, Shown.PASSWORD)
    better = await _better(request, asked["password"]) if verdict.outdated else None
    async with parts.transactions.begin() as transaction:
        found = await _open_or_ask(request, transaction, account, better)
    if found is None:
        raise await _refused(request, account.id, Shown.PASSWORD)
    if isinstance(found, web.Response):
        return found
    await was_right(request, gates)
    return _let_in(request, found, Shown.PASSWORD)


async def by_second_factor(request: web.Request, asked: Mapping[str, Any]) -> web.Response:
    """The session, when the password was right before. Raises Problem."""
    proof = await _proof_in(request, asked["sign_in"])
    if proof is None:
        await count_unnamed_try(request)
        raise await _refused(request, None, Shown.SECOND_FACTOR)
    gates = await count_factor(request, proof.subject)
    opened, account = await _shown(request, proof, asked)
    if opened is None or account is None:
        raise await _refused(request, account.id if account else None, Shown.SECOND_FACTOR)
    await was_right(request, gates)
    await earlier_was_right(request, account.address_key or "")
    return _let_in(request, opened, Shown.SECOND_FACTOR)


async def by_passkey(request: web.Request, asked: Mapping[str, Any]) -> web.Response:
    """The session of whoever's passkey it is: it stands for two factors. Raises Problem."""
    parts = request.app[PARTS]
    gate = await count_unnamed_try(request)
    opened, owner = None, None
    async with parts.transactions.begin() as transaction:
        connection, given = transaction.connection, asked["passkey"]
        named = await factors.owner_of(connection, given=given)
        account = await accounts.lock(connection, account=named) if named else None
        found = await factors.signed_in(connection, parts, given=given, now=transaction.now)
        if account is not None and found is not None and found[1].verified:
            owner = account.id
            if account.open:
                opened = await open_for(request, transaction, account, second_factor=True)
    if opened is None:
        raise await _refused(request, owner, Shown.PASSKEY)
    await unnamed_was_right(request, gate)
    return _let_in(request, opened, Shown.PASSKEY)


async def _better(request: web.Request, password: str) -> str | None:
    """The hash at the present cost; None in a rush, since the next sign-in can make it as well."""
    try:
        return await request.app[PARTS].accounts.hasher.hash(password)
    except TooManyPasswords:
        return None


async def _open_or_ask(
    request: web.Request, transaction: Transaction, known: Account, better: str | None
) -> Opened | web.Response | None:
    """The session, or what is to be shown besides. None where the password has become another one while it
    was looked at, or the account was closed.
    """
    connection = transaction.connection
    account = await accounts.lock(connection, account=known.id)
    if account is None or not account.open or account.password_changed_at != known.password_changed_at:
        return None
    if better and known.password:
        await accounts.rehash(connection, account=account.id, before=known.password, hashed=better)
    if wanted := await factors.asked_for(connection, account=account.id):
        return await _ask_for_more(request, transaction, account, wanted)
    return await open_for(request, transaction, account, second_factor=False)


async def _ask_for_more(
    request: web.Request, transaction: Transaction, account: Account, wanted: tuple[Factor, ...]
) -> web.Response:
    """The password was right; until more is shown that was still a try."""
    parts, ends = request.app[PARTS], transaction.now + SIGN_IN_LIFE
    proof = Proof(
        id=ProofId(parts.sources.ids.new()),
        purpose=ProofPurpose.SIGN_IN,
        subject=account.id,
        created_at=transaction.now,
        expires_at=ends,
    )
    await proofs.add(transaction.connection, proof=proof)
    options = None
    if Factor.PASSKEY in wanted:
        options = await factors.ask_to_sign(
            transaction.connection, parts, account=account.id, now=transaction.now
        )
    parts.metrics.sign_ins.labels(Shown.PASSWORD, "second_factor_needed").inc()
    needed = SecondFactorNeeded(
        sign_in=parts.signer.sign(Purpose.SIGN_IN, str(proof.id), expires_at=ends),
        expires_at=ends.replace(microsecond=0),
        methods=tuple(factor.value for factor in wanted),
        public_key=options,
    )
    return json_reply(needed, status=202)


async def _shown(
    request: web.Request, proof: Proof, asked: Mapping[str, Any]
) -> tuple[Opened | None, Account | None]:
    """The session that it opens, if it does, and whose it is about. A wrong code stays counted.

    The account is locked before what it proves itself with, as everywhere: or two would wait for each other.
    """
    parts = request.app[PARTS]
    async with parts.transactions.begin() as transaction:
        account = await accounts.lock(transaction.connection, account=AccountId(proof.subject))
        tried = await proofs.try_code(
            transaction.connection, proof_id=proof.id, purpose=ProofPurpose.SIGN_IN, now=transaction.now
        )
        if account is None or tried is None or not _still_stands(tried, account):
            return None, account
        origin = account_origin(request, account.id)
        if not await factors.shown(transaction, parts, account=account.id, given=asked, origin=origin):
            return None, account
        await proofs.use(
            transaction.connection, proof_id=proof.id, purpose=ProofPurpose.SIGN_IN, now=transaction.now
        )
        return await open_for(request, transaction, account, second_factor=True), account


def _still_stands(proof: Proof, account: Account) -> bool:
    """Whether the password that was shown for it is the account's still."""
    changed = account.password_changed_at
    return account.open and (changed is None or changed <= proof.created_at)


async def _proof_in(request: web.Request, token: str) -> Proof | None:
    """What says that the password was right, be it over by now."""
    read = read_token(request, token, Purpose.SIGN_IN)
    if read is None:
        return None
    async with request.app[PARTS].database.connection() as connection:
        return await proofs.find(connection, proof_id=ProofId(UUID(read.subject)))


def _let_in(request: web.Request, opened: Opened, shown: Shown) -> web.Response:
    request.app[PARTS].metrics.sign_ins.labels(shown, "done").inc()
    return answer(request, opened)


async def _refused(request: web.Request, account: AccountId | None, shown: Shown) -> Problem:
    """The one answer for everything that is not right."""
    parts = request.app[PARTS]
    parts.metrics.sign_ins.labels(shown, "failed").inc()
    async with parts.transactions.begin() as transaction:
        record(
            transaction,
            parts.sources,
            origin_of(request, NOBODY_YET),
            account=account,
            action="account.sign_in_failed",
            details={"shown": shown.value},
        )
    told = "What was shown is not right, or there is no such account."
    return Problem("sign-in-failed", told, headers=CHALLENGE)
