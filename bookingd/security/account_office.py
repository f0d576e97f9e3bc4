"""What staff and operators do to the accounts of others: open, suspend, give roles, reset second factors.

The one rule: nobody does it to their own account, or who is no administrator any more when it is their turn;
one administrator is always left, and whatever is done stands in the audit trail with who did it, from the
same transaction.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from bookingd.domain.accounts.factors import FactorChange
from bookingd.domain.accounts.permissions import Role, is_staff
from bookingd.domain.audit import AuditEntry, Plain, Subject
from bookingd.domain.ids import AccountId
from bookingd.messages.accounts import SecondFactorChanged
from bookingd.messages.envelope import Origin
from bookingd.messages.live import AccountChanged
from bookingd.sources import Sources
from bookingd.storage import accounts, second_factors, sessions, staff
from bookingd.storage.accounts import Account, AccountState, Registration
from bookingd.storage.sessions import Ending
from bookingd.storage.transactions import Transaction


class AccountNotFound(LookupError):
    """There is no such account, or it was erased."""


class AddressTaken(Exception):
    """The address has an account."""


class OnOneself(Exception):
    """Somebody wanted to do this to their own account."""


class NoAdministrator(Exception):
    """Whoever acts has lost that role meanwhile."""


class LastAdministrator(Exception):
    """Nobody would be left who can grant roles."""


class NoSecondFactor(Exception):
    """There is none to take away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountOffice:
    """Does it within one transaction, on behalf of `origin`; `by` is the account that acts, if one does."""

    transaction: Transaction
    sources: Sources
    origin: Origin
    by: AccountId | None = None

    async def open(self, wanted: Registration, *, roles: Collection[Role], currency: str) -> AccountId:
        """Open an account whose address nobody has to show to be theirs. Raises AddressTaken."""
        account, given = AccountId(self.sources.ids.new()), frozenset({Role.TRAVELLER, *roles})
        opened = await accounts.open_account(
            self.transaction.connection,
            account=account,
            wanted=wanted,
            currency=currency,
            roles=given,
            now=self.transaction.now,
        )
        if not opened:
            raise AddressTaken
        self._note(account, "account.opened", {"roles": _spelled(given)})
        return account

    async def set_roles(self, account: AccountId, roles: Collection[Role]) -> bool:
        """The account has these roles, and is a traveller besides; whether that is new.

        Who becomes staff signs in again: staff's sessions are short.
        Raises AccountNotFound, OnOneself, NoAdministrator, LastAdministrator.
        """
        return await self._put_roles(await self._take(account), frozenset(roles))

    async def grant(self, account: AccountId, roles: Collection[Role]) -> bool:
        """The same roles and these besides. Raises as `set_roles` does."""
        found = await self._take(account)
        return await self._put_roles(found, found.account.roles | set(roles))

    async def revoke(self, account: AccountId, roles: Collection[Role]) -> bool:
        """The same roles without these. Raises as `set_roles` does."""
        found = await self._take(account)
        return await self._put_roles(found, found.account.roles - set(roles))

    async def suspend(self, account: AccountId, *, reason: str) -> bool:
        """Nobody can use the account until it is opened again; whether that is new.

        Raises AccountNotFound, OnOneself, NoAdministrator, LastAdministrator.
        """
        found = await self._take(account)
        if not found.account.open:
            return False
        found.check_somebody_is_left()
        await self._set_state(account, AccountState.SUSPENDED)
        ended = await self._end_sessions(account, Ending.SUSPENDED)
        self._done(account, "account.suspended", {"reason": reason, "sessions_ended": ended})
        return True

    async def reopen(self, account: AccountId) -> bool:
        """The account can be used again; whether that is new.

        Raises AccountNotFound, OnOneself, NoAdministrator.
        """
        found = await self._take(account)
        if found.account.open:
            return False
        await self._set_state(account, AccountState.OPEN)
        self._done(account, "account.reopened", {})
        return True

    async def reset_second_factor(self, account: AccountId, *, reason: str) -> None:
        """The account has no second factor any more, and is signed out; its owner is told.

        Raises AccountNotFound, OnOneself, NoAdministrator, NoSecondFactor.
        """
        await self._take(account)
        connection = self.transaction.connection
        if not (await second_factors.held(connection, account=account)).any:
            raise NoSecondFactor
        await second_factors.reset(connection, account=account)
        ended = await self._end_sessions(account, Ending.FACTOR_RESET)
        told: dict[str, Plain] = {
            "change": FactorChange.RESET.value,
            "reason": reason,
            "sessions_ended": ended,
        }
        self._done(account, "account.second_factor_changed", told)
        news = SecondFactorChanged(account_id=account, change=FactorChange.RESET, at=self.transaction.now)
        self.transaction.send(news, origin=self.origin)

    def note_read(self, ids: Iterable[AccountId]) -> None:
        """Somebody was shown what others' accounts are (P11)."""
        for account in ids:
            self._note(account, "account.read", {})

    async def _take(self, account: AccountId) -> "_Taken":
        if account == self.by:
            raise OnOneself
        administrators = await staff.lock(self.transaction.connection, account=account)
        if self.by is not None and self.by not in administrators:
            raise NoAdministrator
        found = await accounts.by_id(self.transaction.connection, account=account)
        if found is None or found.state is AccountState.ERASED:
            raise AccountNotFound
        return _Taken(account=found, administrators=administrators)

    async def _put_roles(self, found: "_Taken", roles: frozenset[Role]) -> bool:
        account, wanted = found.account.id, roles | {Role.TRAVELLER}
        if wanted == found.account.roles:
            return False
        if Role.ADMINISTRATOR not in wanted:
            found.check_somebody_is_left()
        await accounts.set_roles(self.transaction.connection, account=account, roles=wanted)
        if is_staff(wanted) and not is_staff(found.account.roles):
            await self._end_sessions(account, Ending.REVOKED)
        told = {"before": _spelled(found.account.roles), "roles": _spelled(wanted)}
        self._done(account, "account.roles_changed", told)
        return True

    async def _set_state(self, account: AccountId, state: AccountState) -> None:
        await accounts.set_state(self.transaction.connection, account=account, state=state)

    async def _end_sessions(self, account: AccountId, because: Ending) -> int:
        ended = await sessions.end_all(
            self.transaction.connection, account=account, because=because, now=self.transaction.now
        )
        return len(ended)

    def _done(self, account: AccountId, action: str, details: Mapping[str, Plain]) -> None:
        self._note(account, action, details)
        self.transaction.notify(AccountChanged(account_id=account))

    def _note(self, account: AccountId, action: str, details: Mapping[str, Plain]) -> None:
        self.transaction.audit(
            AuditEntry(
                id=self.sources.ids.new(),
                at=self.transaction.now,
                principal=self.origin.principal,
                action=action,
                subject=Subject.of("account", UUID(str(account))),
                correlation_id=self.origin.correlation_id,
                details=details,
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """An account, locked together with all who can administer."""

    account: Account
    administrators: frozenset[AccountId]

    def check_somebody_is_left(self) -> None:
        """Raises LastAdministrator where this is the only one."""
        if self.administrators == {self.account.id}:
            raise LastAdministrator


def _spelled(roles: Collection[Role]) -> list[str]:
    return sorted(role.value for role in roles)
