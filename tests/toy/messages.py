"""The vocabulary of the toy bank: accounts that count, a post that sends parcels, a clerk that answers."""

from dataclasses import dataclass
from uuid import UUID

from bookingd.messages.catalogue import Catalogue, Entry, Kind, Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    """Command to the bank: count `amount` onto an account."""

    account: UUID
    amount: int = 1
    poison: bool = False
    """The handler breaks."""
    deadly: bool = False
    """The handler passes the point `deadly message`, at which the toy daemon can be told to die."""
    after: int = 0
    """Too early while the account holds less."""
    parcels: int = 0
    """How many parcels are sent when it is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposited:
    """Event: an account has grown."""

    account: UUID
    balance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Command to the post: have one parcel sent by the outside service."""

    account: UUID
    parcel: UUID
    deadly: bool = False
    """As in a deposit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Event: the outside service has the parcel under `number`, or said no."""

    account: UUID
    parcel: UUID
    number: int | None = None
    refused: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Command to the post: see what the outside service has; changes nothing there."""

    account: UUID
    parcel: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Query to the clerk, answered by the number of an account; `via` others are asked in between."""

    account: UUID
    via: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Relayed:
    """Query to the other clerk: passes the question on."""

    account: UUID
    via: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Notice: look at an account."""

    account: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """Command to the bank in the bulk lane."""

    account: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """Command to the bank in the finishing lane."""

    account: UUID


CATALOGUE = Catalogue(
    (
        Entry(type=Deposit, name="bank.deposit", kind=Kind.COMMAND, owner="bank"),
        Entry(type=Burst, name="bank.burst", kind=Kind.COMMAND, owner="bank", lane=Lane.BULK),
        Entry(type=Finish, name="bank.finish", kind=Kind.COMMAND, owner="bank", lane=Lane.FINISHING),
        Entry(type=Deposited, name="bank.deposited", kind=Kind.EVENT, lane=Lane.FINISHING),
        Entry(type=Send, name="post.send", kind=Kind.COMMAND, owner="post", lane=Lane.FINISHING),
        Entry(type=Look, name="post.look", kind=Kind.COMMAND, owner="post"),
        Entry(type=Sent, name="post.sent", kind=Kind.EVENT, lane=Lane.FINISHING),
        Entry(type=Balance, name="bank.balance", kind=Kind.QUERY, owner="bank"),
        Entry(type=Relayed, name="post.relayed", kind=Kind.QUERY, owner="post"),
        Entry(type=Moved, name="bank.moved", kind=Kind.NOTICE),
    )
)
