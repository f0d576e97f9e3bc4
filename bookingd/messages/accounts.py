"""What is asked for and told of accounts. A message names rows; no password, code, token or address is in it.

The HTTP side does the same for known and unknown addresses (write a row, send a command), and the auth actor
alone finds out whose it is. What is told carries its time: the same change at another time is another change.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bookingd.domain.accounts.factors import FactorChange
from bookingd.domain.ids import AccountId, ProofId


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Somebody wants an account (`registrations`): find out whether the address has one."""

    registration_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestReset:
    """Somebody has forgotten a password: find the account of the proof's `address_key`."""

    proof_id: ProofId


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestAccess:
    """A guest wants to see a booking: find the one of the proof's `reference` and `address_key`."""

    proof_id: ProofId


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestAddressChange:
    """An account wants another address: find out whether that is free."""

    proof_id: ProofId


@dataclass(frozen=True, slots=True, kw_only=True)
class SendProof:
    """Send the link or code that the proof stands for to the proof's address."""

    proof_id: ProofId


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredAgain:
    """Somebody, perhaps its owner, wanted an account for an address that has one."""

    account_id: AccountId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChanged:
    """A password was replaced: by who knew it, or (`reset`) by the link in a mail."""

    account_id: AccountId
    reset: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressChangeAsked:
    """An account is about to get another address, that of the proof."""

    account_id: AccountId
    proof_id: ProofId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressChanged:
    """An account has another address; `way_back` is a proof whose address is the former one."""

    account_id: AccountId
    way_back: ProofId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TellFormerAddress:
    """Tell the former address of an account that it has another one, and give it the way back."""

    account_id: AccountId
    way_back: ProofId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TellNewAddress:
    """Tell the present address of an account that it is that, since when."""

    account_id: AccountId
    way_back: ProofId
    """Was it used, there is nothing to tell any more."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedInOnNewDevice:
    """An account was signed in where it had not been before; `device` as in the list of sessions."""

    account_id: AccountId
    device: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionReplayed:
    """A refresh token was shown twice, so that the session was ended: somebody may have copied it."""

    account_id: AccountId
    device: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorChanged:
    """What an account proves itself with besides its password was changed: its owner is to be told."""

    account_id: AccountId
    change: FactorChange
    name: str = ""
    """What a passkey's or API key's owner calls it."""
    at: datetime
