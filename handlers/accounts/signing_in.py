"""Signing in: by a password, by what is shown besides, by a passkey alone.

The one rule: an address without an account costs the same and is told the same as one with a wrong password,
and so is an account that is suspended. Every try is counted before it is looked at.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from aiohttp import web

from bookingd.domain.accounts.factors import Factor
from bookingd.domain.ids import AccountId, ProofId
from bookingd.security.addresses import key_of
from bookingd.storage import accounts, proofs
from bookingd.storage.accounts import Account
from bookingd.storage.proofs import Proof, ProofPurpose
from bookingd.storage.transactions import Transaction
from bookingd.tokens import Purpose
from handlers.accounts import factors
from handlers.accounts.opening import Opened, account_origin, answer, open_for
from handlers.accounts.trail import record
from handlers.accounts.tries import count_try, count_unnamed_try, was_right
from handlers.errors import Problem
from handlers.parts import PARTS
from handlers.principals import origin_of, read_token
from handlers.reply import json_reply
from handlers.session_views import SecondFactorNeeded

SIGN_IN_LIFE = timedelta(minutes=10)
"""In which a second factor has to follow a password."""

NOBODY_YET = "nobody"


async def by_password(request: web.Request, asked: Mapping[str, Any]) -> web.Response:
    """A session, or what is to be shown besides. Raises Problem."""
    parts, key = request.app[PARTS], key_of(asked["email"])
    gates = await count_try(request, key or asked["email"])
    async with parts.database.connection() as connection:
        account = await accounts.by_key(connection, key=key)
    verdict = await parts.accounts.hasher.verify(account.password if account else None, asked["password"])
    if account is None or not account.open or not verdict.ok:
        raise await _refused(request, account.id if account else None, "password")
    better = await parts.accounts.hasher.hash(asked["password"]) if verdict.outdated else None
    async with parts.transactions.begin() as transaction:
        if better and account.password:
            await accounts.rehash(
                transaction.connection, account=account.id, before=account.password, hashed=better
            )
        if wanted := await factors.asked_for(transaction.connection, account=account.id):
            return await _ask_for_more(request, transaction, account, wanted)
        opened = await open_for(request, transaction, account, second_factor=False)
    await was_right(request, gates)
    return _let_in(request, opened)


async def by_second_factor(request: web.Request, asked: Mapping[str, Any]) -> web.Response:
    """The session, when the password was right before. Raises Problem."""
    proof_id = _proof_in(request, asked["sign_in"])
    if proof_id is None:
        raise await _refused(request, None, "second_factor")
    gates = await count_try(request, str(proof_id))
    opened, account = await _shown(request, proof_id, asked)
    if opened is None:
        raise await _refused(request, account, "second_factor")
    await was_right(request, gates)
    return _let_in(request, opened)


async def by_passkey(request: web.Request, asked: Mapping[str, Any]) -> web.Response:
    """The session of whoever's passkey it is: it stands for two factors. Raises Problem."""
    parts = request.app[PARTS]
    await count_unnamed_try(request)
    opened, owner = None, None
    async with parts.transactions.begin() as transaction:
        found = await factors.signed_in(
            transaction.connection, parts, given=asked["passkey"], now=transaction.now
        )
        if found is not None and found[1].verified:
            owner = found[0].account_id
            account = await accounts.by_id(transaction.connection, account=owner)
            if account is not None and account.open:
                opened = await open_for(request, transaction, account, second_factor=True)
    if opened is None:
        raise await _refused(request, owner, "passkey")
    return _let_in(request, opened)


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
    parts.metrics.sign_ins.labels("second_factor_needed").inc()
    needed = SecondFactorNeeded(
        sign_in=parts.signer.sign(Purpose.SIGN_IN, str(proof.id), expires_at=ends),
        expires_at=ends.replace(microsecond=0),
        methods=tuple(factor.value for factor in wanted),
        public_key=options,
    )
    return json_reply(needed, status=202)


async def _shown(
    request: web.Request, proof_id: ProofId, asked: Mapping[str, Any]
) -> tuple[Opened | None, AccountId | None]:
    """The session that it opens, if it does, and whose it is about. A wrong code stays counted."""
    parts = request.app[PARTS]
    async with parts.transactions.begin() as transaction:
        proof = await proofs.try_code(
            transaction.connection, proof_id=proof_id, purpose=ProofPurpose.SIGN_IN, now=transaction.now
        )
        if proof is None:
            return None, None
        account = await accounts.lock(transaction.connection, account=AccountId(proof.subject))
        if account is None or not account.open:
            return None, AccountId(proof.subject)
        origin = account_origin(request, account.id)
        if not await factors.shown(transaction, parts, account=account.id, given=asked, origin=origin):
            return None, account.id
        await proofs.use(
            transaction.connection, proof_id=proof_id, purpose=ProofPurpose.SIGN_IN, now=transaction.now
        )
        return await open_for(request, transaction, account, second_factor=True), account.id


def _proof_in(request: web.Request, token: str) -> ProofId | None:
    read = read_token(request, token, Purpose.SIGN_IN)
    return None if read is None else ProofId(UUID(read.subject))


def _let_in(request: web.Request, opened: Opened) -> web.Response:
    request.app[PARTS].metrics.sign_ins.labels("done").inc()
    return answer(request, opened)


async def _refused(request: web.Request, account: AccountId | None, shown: str) -> Problem:
    """The one answer for everything that is not right."""
    parts = request.app[PARTS]
    parts.metrics.sign_ins.labels("failed").inc()
    async with parts.transactions.begin() as transaction:
        origin = origin_of(request, NOBODY_YET)
        details = {"shown": shown}
        record(
            transaction,
            parts.sources,
            origin,
            account=account,
            action="account.sign_in_failed",
            details=details,
        )
    return Problem("sign-in-failed", "What was shown is not right, or there is no such account.")
