"""What each role may do: one table, and whatever it does not name is refused.

A role is a set of permissions. One that reaches beyond what is somebody's own belongs to staff, and counts
only in a session that was opened with a second factor (`bookingd.domain.accounts.who`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Permission(StrEnum):
    """What may be allowed; most of them are scopes of API keys, too (SCOPES)."""

    BOOK = "book"
    """Book, and manage one's own bookings."""
    ACCOUNT = "account"
    """Manage one's own account."""
    BOOKINGS_READ = "bookings.read"
    """Look at anybody's booking."""
    BOOKINGS_ACT = "bookings.act"
    """Book, change and cancel for travellers; the audit trail names who did."""
    REFUND = "refund"
    """Give money back, up to the role's limit."""
    PAYMENTS_RECORD = "payments.record"
    """Record what came by transfer or in cash, and what was paid out by hand."""
    CREDIT = "credit"
    """Grant clients credit, and record what they pay of what they owe."""
    ATTENTION = "attention"
    """Work through the list of what needs a person, and dead letters."""
    INVENTORY = "inventory"
    """Change own flights, hotels and their prices."""
    LEDGER_READ = "ledger.read"
    AUDIT_READ = "audit.read"
    ACCOUNTS_READ = "accounts.read"
    ACCOUNTS_MANAGE = "accounts.manage"
    """Suspend and reopen accounts, and reset their second factor."""
    ROLES_GRANT = "roles.grant"
    SETTINGS = "settings"


class Role(StrEnum):
    """Sets of permissions that an account can be given."""

    TRAVELLER = "traveller"
    AGENT = "agent"
    OPERATOR = "operator"
    ACCOUNTANT = "accountant"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


OWN = frozenset({Permission.BOOK, Permission.ACCOUNT})
"""What needs no second factor: it reaches nobody else's."""

SCOPES = frozenset(Permission) - {Permission.ACCOUNT, Permission.ACCOUNTS_MANAGE, Permission.ROLES_GRANT}
"""What an API key can be good for. The rest takes a person: whoever finds a key that leaked must not be able
to take an account over, or to give themselves more than the key has.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What a role brings. `refund_limit` is the most that one refund may be, in minor units of the agency's
    currency; None: any amount.
    """

    permissions: frozenset[Permission]
    refund_limit: int | None = 0


ROLES: Mapping[Role, Rights] = MappingProxyType(
    {
        Role.TRAVELLER: Rights(permissions=OWN),
        Role.AGENT: Rights(
            permissions=OWN
            | {
                Permission.BOOKINGS_READ,
                Permission.BOOKINGS_ACT,
                Permission.REFUND,
                Permission.PAYMENTS_RECORD,
                Permission.ACCOUNTS_READ,
            },
            refund_limit=50_000,
        ),
        Role.OPERATOR: Rights(
            permissions=OWN
            | {
                Permission.BOOKINGS_READ,
                Permission.BOOKINGS_ACT,
                Permission.REFUND,
                Permission.PAYMENTS_RECORD,
                Permission.ATTENTION,
                Permission.INVENTORY,
                Permission.ACCOUNTS_READ,
            },
            refund_limit=500_000,
        ),
        Role.ACCOUNTANT: Rights(
            permissions=OWN
            | {
                Permission.BOOKINGS_READ,
                Permission.REFUND,
                Permission.PAYMENTS_RECORD,
                Permission.CREDIT,
                Permission.LEDGER_READ,
            },
            refund_limit=None,
        ),
        Role.AUDITOR: Rights(
            permissions=OWN | {Permission.BOOKINGS_READ, Permission.LEDGER_READ, Permission.AUDIT_READ}
        ),
        Role.ADMINISTRATOR: Rights(
            permissions=OWN
            | {
                Permission.ACCOUNTS_READ,
                Permission.ACCOUNTS_MANAGE,
                Permission.ROLES_GRANT,
                Permission.AUDIT_READ,
                Permission.SETTINGS,
            }
        ),
    }
)


def permissions_of(roles: Iterable[Role]) -> frozenset[Permission]:
    """What the roles allow together."""
    return frozenset().union(*(ROLES[role].permissions for role in roles))


def is_staff(roles: Iterable[Role]) -> bool:
    """Whether the roles reach beyond what is one's own; such an account must have a second factor."""
    return not permissions_of(roles) <= OWN


def refund_limit_of(roles: Iterable[Role]) -> int | None:
    """The most that one refund may be, in minor units of the agency's currency; None: any amount, 0: none."""
    limits = [ROLES[role].refund_limit for role in roles if Permission.REFUND in ROLES[role].permissions]
    return None if None in limits else max((limit or 0 for limit in limits), default=0)
