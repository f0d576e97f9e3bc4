"""Who is asking: a value that the edge finds out once a request, and everything behind it believes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from bookingd.domain.accounts.permissions import OWN, SCOPES, Permission, Role, permissions_of
from bookingd.domain.ids import AccountId, ApiKeyId, SessionId

RECENT = timedelta(minutes=10)
"""How long after a password, passkey or code was shown the account itself may be changed (ASVS 7.5.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Somebody, as far as they have shown it.

    `principal` is whose everything is that they make: `nobody`, `guest:<uuid>`, `account:<uuid>`.
    """

    principal: str
    account: AccountId | None = None
    session: SessionId | None = None
    roles: frozenset[Role] = frozenset()
    second_factor: bool = False
    """Whether one was shown in the session; of an API key, whether its account has one."""
    proved_at: datetime | None = None
    api_key: ApiKeyId | None = None
    scopes: frozenset[Permission] | None = None
    """What an API key is bounded to; None for people."""

    @classmethod
    def guest(cls, identity: UUID | str) -> "Who":
        """Somebody without an account who has a session."""
        return cls(principal=f"guest:{identity}")

    @property
    def known(self) -> bool:
        """Whether there is a session, or a key."""
        return self is not NOBODY

    @property
    def acting(self) -> str:
        """How the audit trail names who acts: the principal, and the key that it acts by."""
        return f"{self.principal}/key:{self.api_key}" if self.api_key else self.principal

    @property
    def permissions(self) -> frozenset[Permission]:
        """What they may do now: staff without a second factor may do what anybody may."""
        granted = permissions_of(self.roles)
        if self.scopes is not None:
            granted &= self.scopes & SCOPES
        return granted if self.second_factor else granted & OWN

    def has(self, permission: Permission) -> bool:
        """Whether that is allowed to them."""
        return permission in self.permissions

    def proved_lately(self, now: datetime) -> bool:
        """Whether they have shown a factor not long ago."""
        return self.proved_at is not None and now - self.proved_at <= RECENT


NOBODY = Who(principal="nobody")
"""Who has no session."""
