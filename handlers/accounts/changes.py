"""Changing what an account proves itself with: under its lock, audited, and told to its owner.

The one rule: whatever changes here stands in the audit trail and goes to the owner by mail, from the same
transaction; neither ever holds a secret.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from aiohttp import web

from bookingd.domain.accounts.factors import FactorChange
from bookingd.domain.accounts.permissions import Role, is_staff
from bookingd.domain.accounts.who import Who
from bookingd.domain.audit import AuditEntry, Plain, Subject
from bookingd.domain.ids import AccountId, SessionId
from bookingd.messages.accounts import SecondFactorChanged
from bookingd.messages.envelope import Origin
from bookingd.messages.live import AccountChanged
from bookingd.security import recovery
from bookingd.sources import Sources
from bookingd.storage import second_factors, sessions
from bookingd.storage.second_factors import Held
from bookingd.storage.transactions import Transaction
from handlers.errors import Problem
from handlers.gate import who_of
from handlers.key_holders import KEY_HOLDERS
from handlers.parts import PARTS
from handlers.principals import origin_of, session_required
from handlers.signed_in import SIGNED_IN


@dataclass(frozen=True, slots=True, kw_only=True)
class Changing:
    """One account, locked, within the transaction that changes it."""

    account: AccountId
    session: SessionId | None
    roles: frozenset[Role]
    transaction: Transaction
    origin: Origin
    sources: Sources

    def note(self, change: FactorChange, *, name: str = "") -> None:
        """Audit the change and have its owner told."""
        note(self.transaction, self.sources, self.origin, account=self.account, change=change, name=name)

    async def held(self) -> Held:
        """What the account has at this point."""
        return await second_factors.held(self.transaction.connection, account=self.account)

    async def first_codes(self) -> tuple[str, ...]:
        """Recovery codes, for an account that has none: a first factor brings them. Shown once."""
        held = await self.held()
        return () if held.recovery_codes else await self.new_codes()

    async def new_codes(self) -> tuple[str, ...]:
        """A set of recovery codes; those before are none any more. Shown once."""
        codes = recovery.new_codes(self.sources.chance)
        hashes = [hashed for code in codes if (hashed := recovery.hash_of(code))]
        await second_factors.replace_recovery_codes(
            self.transaction.connection, account=self.account, hashes=hashes
        )
        self.note(FactorChange.RECOVERY_CODES_MADE)
        return tuple(codes)

    async def prove(self) -> None:
        """A second factor was just shown in this session: from now on it counts there."""
        if self.session is not None:
            await sessions.prove(
                self.transaction.connection,
                session=self.session,
                second_factor=True,
                now=self.transaction.now,
            )
            self.transaction.notify(AccountChanged(account_id=self.account))

    async def check_what_is_left(self) -> None:
        """Staff keep a second factor; with the last one recovery codes go. Raises Problem."""
        if (await self.held()).any:
            return
        if is_staff(self.roles):
            raise Problem("last-factor", "Staff must have a second factor, and this is the last one.")
        await second_factors.remove_recovery_codes(self.transaction.connection, account=self.account)


@asynccontextmanager
async def changing(request: web.Request) -> AsyncIterator[Changing]:
    """The account of whoever asks, while nobody else changes it.

    Raises Problem, also where the session has ended while it waited for that, or is from before there was a
    second factor: whoever has got hold of it could give themselves one.
    """
    parts, who, account = request.app[PARTS], who_of(request), account_of(request)
    async with parts.transactions.begin() as transaction:
        roles = await second_factors.lock(transaction.connection, account=account)
        if roles is None:
            raise session_required("This account is not open.")
        await check_session(transaction, who)
        change = Changing(
            account=account,
            session=who.session,
            roles=roles,
            transaction=transaction,
            origin=origin_of(request, who.principal),
            sources=parts.sources,
        )
        if not who.second_factor and (await change.held()).any:
            told = "This account has a second factor, which this session has not shown."
            raise Problem("second-factor-needed", f"{told} Sign in with it.")
        yield change
    heard(request, account)


async def check_session(transaction: Transaction, who: Who) -> None:
    """Raises Problem where the session is over by now; call it under the account's lock."""
    asking = [who.session] if who.session else []
    if not await sessions.who(transaction.connection, ids=asking, now=transaction.now):
        raise session_required("This session is over.")


def heard(request: web.Request, account: AccountId) -> None:
    """What was known here of an account is so no longer: the next request may be here before the notice."""
    changed = AccountChanged(account_id=account)
    request.app[SIGNED_IN].hear(changed)
    request.app[KEY_HOLDERS].hear(changed)


def account_of(request: web.Request) -> AccountId:
    """The account that asks. Raises Problem where none does."""
    account = who_of(request).account
    if account is None:
        raise session_required("This needs an account.")
    return account


def note(
    transaction: Transaction,
    sources: Sources,
    origin: Origin,
    *,
    account: AccountId,
    change: FactorChange,
    name: str = "",
) -> None:
    """Audit a change of the account's second factors, and have its owner told."""
    details: dict[str, Plain] = {"change": change.value}
    transaction.audit(
        AuditEntry(
            id=sources.ids.new(),
            at=transaction.now,
            principal=origin.principal,
            action="account.second_factor_changed",
            subject=Subject.of("account", UUID(str(account))),
            correlation_id=origin.correlation_id,
            details=details,
        )
    )
    told = SecondFactorChanged(account_id=account, change=change, name=name, at=transaction.now)
    transaction.send(told, origin=origin)
