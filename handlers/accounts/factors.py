"""Whether what somebody shows besides a password is right, and was not shown before.

The one rule: within the transaction that lets somebody in, what they showed is taken. Two who show the same
code at once are never both let in, and what is refused is refused without a word on why.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from bookingd.domain.accounts.factors import Factor, FactorChange
from bookingd.domain.ids import AccountId, ProofId
from bookingd.messages.envelope import Origin
from bookingd.security import recovery, totp
from bookingd.security.passkeys import (
    TIMEOUT,
    InvalidPasskey,
    KeptPasskey,
    NewPasskey,
    PasskeyName,
    Signed,
    challenge_in,
    passkey_id,
)
from bookingd.storage import second_factors
from bookingd.storage.database import Connection
from bookingd.storage.second_factors import Passkey, totp_place
from bookingd.storage.transactions import Transaction
from bookingd.tokens import InvalidToken, Purpose, Token
from handlers.accounts.changes import note
from handlers.parts import Parts

CHALLENGE_LIFE = timedelta(milliseconds=TIMEOUT)


async def asked_for(connection: Connection, *, account: AccountId) -> tuple[Factor, ...]:
    """What the account can show besides its password; empty where nothing is asked for."""
    held = await second_factors.held(connection, account=account)
    if not held.any:
        return ()
    has = {
        Factor.TOTP: held.totp,
        Factor.PASSKEY: held.passkeys,
        Factor.RECOVERY_CODE: held.recovery_codes,
    }
    return tuple(factor for factor in Factor if has[factor])


async def shown(
    transaction: Transaction, parts: Parts, *, account: AccountId, given: Mapping[str, Any], origin: Origin
) -> Factor | None:
    """Which of the account's factors was shown, and is taken by that; None where none was.

    `given` has one of `code`, `recovery_code` (text) and `passkey` (AuthenticationResponseJSON). That a
    recovery code was used is audited, and told to the owner.
    """
    connection, now = transaction.connection, transaction.now
    if (code := given.get("code")) is not None:
        return Factor.TOTP if await _code(connection, parts, account, code, now) else None
    if (code := given.get("recovery_code")) is not None:
        if not await _recovery_code(connection, account, code, now):
            return None
        note(transaction, parts.sources, origin, account=account, change=FactorChange.RECOVERY_CODE_USED)
        return Factor.RECOVERY_CODE
    found = await signed_in(connection, parts, given=given.get("passkey") or {}, now=now)
    return Factor.PASSKEY if found and found[0].account_id == account else None


async def owner_of(connection: Connection, *, given: Mapping[str, Any]) -> AccountId | None:
    """Whose passkey it says it is, to be locked before it is looked at; None for one that nobody has."""
    try:
        passkey = await second_factors.passkey(connection, passkey_id=passkey_id(given))
    except InvalidPasskey:
        return None
    return passkey.account_id if passkey else None


async def signed_in(
    connection: Connection, parts: Parts, *, given: Mapping[str, Any], now: datetime
) -> tuple[Passkey, Signed] | None:
    """Whose passkey signed, and what its signature says; None for one that is not to be believed.

    Only where `Signed.verified` is it enough to let somebody in without a password.
    """
    try:
        challenge = _challenge(parts, given, now)
        passkey = await second_factors.passkey(connection, passkey_id=passkey_id(given))
        if passkey is None:
            return None
        kept = KeptPasskey(id=passkey.id, public_key=passkey.public_key, sign_count=passkey.sign_count)
        signed = parts.accounts.relying_party.signed(given, challenge=challenge_in(given), passkey=kept)
    except InvalidPasskey:
        return None
    fresh = await _take(connection, challenge, passkey.account_id, now)
    taken = fresh and await second_factors.use_passkey(
        connection, passkey_id=passkey.id, sign_count=signed.sign_count, now=now
    )
    return (passkey, signed) if taken else None


async def registered(
    connection: Connection, parts: Parts, *, account: AccountId, given: Mapping[str, Any], now: datetime
) -> NewPasskey:
    """The passkey that was made for the account, asked for by us and shown for the first time.

    Raises InvalidPasskey.
    """
    challenge = _challenge(parts, given, now)
    made = parts.accounts.relying_party.registered(given, challenge=challenge_in(given))
    if not await _take(connection, challenge, account, now):
        raise InvalidPasskey("this challenge was answered before")
    return made


async def ask_to_sign(
    connection: Connection, parts: Parts, *, account: AccountId | None, now: datetime
) -> dict[str, Any]:
    """What a browser is asked: for one of the account's passkeys, or for any where nobody is named."""
    known = await second_factors.passkeys(connection, account=account) if account else []
    return parts.accounts.relying_party.ask_to_sign(new_challenge(parts, now), allowed=names_of(known))


def new_challenge(parts: Parts, now: datetime) -> str:
    """What a passkey is to sign: a token of ours, of which nothing is stored until it is answered."""
    subject = str(parts.sources.ids.new())
    return parts.signer.sign(Purpose.PASSKEY, subject, expires_at=now + CHALLENGE_LIFE)


def names_of(passkeys: list[Passkey]) -> list[PasskeyName]:
    """By which a browser finds them."""
    return [PasskeyName(id=passkey.id, transports=passkey.transports) for passkey in passkeys]


async def _code(connection: Connection, parts: Parts, account: AccountId, code: str, now: datetime) -> bool:
    app = await second_factors.totp(connection, account=account)
    if app is None or app.sealed is None:
        return False
    secret = parts.accounts.keyring.open(app.sealed, place=totp_place(account))
    step = totp.step_of(code, secret, now=now, after=app.last_step)
    return step is not None and await second_factors.take_step(connection, account=account, step=step)


async def _recovery_code(connection: Connection, account: AccountId, code: str, now: datetime) -> bool:
    hashed = recovery.hash_of(code)
    return hashed is not None and await second_factors.use_recovery_code(
        connection, account=account, hashed=hashed, now=now
    )


def _challenge(parts: Parts, given: Mapping[str, Any], now: datetime) -> Token:
    """The challenge that was answered, if it is one of ours and not too old. Raises InvalidPasskey."""
    try:
        return parts.signer.read(challenge_in(given), Purpose.PASSKEY, now=now)
    except InvalidToken as error:
        raise InvalidPasskey(f"the challenge: {error}") from error


async def _take(connection: Connection, challenge: Token, account: AccountId, now: datetime) -> bool:
    return await second_factors.take_challenge(
        connection,
        challenge=ProofId(UUID(challenge.subject)),
        account=account,
        now=now,
        expires_at=challenge.expires_at,
    )
