"""Who is told what of an account: from a message, and what is known as its mail is due, to a mail's contents.

The one rule: it only chooses. A mail goes to the address that is known to be its owner's, or to the one of a
proof while that is good; nobody is told what was overtaken, and an erased account is told nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import TypeAlias

from bookingd.channels.account_views import AccountMailKind, MailAccount, one_line
from bookingd.domain.ids import AccountId, BookingId, ProofId
from bookingd.messages.accounts import (
    AddressChangeAsked,
    PasswordChanged,
    RegisteredAgain,
    SecondFactorChanged,
    SendProof,
    SessionReplayed,
    SignedInOnNewDevice,
    TellFormerAddress,
    TellNewAddress,
)
from bookingd.security import addresses
from bookingd.storage.addressees import Addressee, Told
from bookingd.storage.notifications import NotificationKey
from bookingd.storage.proofs import Proof, ProofPurpose

Change: TypeAlias = (
    RegisteredAgain
    | PasswordChanged
    | AddressChangeAsked
    | TellFormerAddress
    | TellNewAddress
    | SignedInOnNewDevice
    | SessionReplayed
    | SecondFactorChanged
)
"""What an account is told of, by a message that carries when it happened."""

CHANGES: tuple[type, ...] = Change.__args__

SENT: Mapping[ProofPurpose, AccountMailKind] = MappingProxyType(
    {
        ProofPurpose.VERIFY: AccountMailKind.VERIFY,
        ProofPurpose.RESET: AccountMailKind.RESET,
        ProofPurpose.EMAIL_CHANGE: AccountMailKind.ADDRESS_CONFIRM,
        ProofPurpose.ACCESS: AccountMailKind.ACCESS_CODE,
    }
)
"""The mail that carries the link or code of a proof; those of other purposes are not sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the database knows of those concerned, `now`."""

    proofs: Mapping[ProofId, Told]
    accounts: Mapping[AccountId, Addressee]
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """A mail that is to be written, and to whom."""

    key: NotificationKey
    recipient: str = field(repr=False)
    view: MailAccount
    proof: Proof | None = None
    """Whose link or code goes along."""


def proof_named(message: SendProof | Change) -> ProofId | None:
    """The proof that decides whether the mail is still due."""
    match message:
        case SendProof() | AddressChangeAsked():
            return message.proof_id
        case TellFormerAddress() | TellNewAddress():
            return message.way_back
    return None


def key_of_change(message: Change) -> NotificationKey:
    """What makes a mail about a change the same mail: the same change at another time is another one."""
    occasion = message.at.isoformat()
    if isinstance(message, SecondFactorChanged):
        occasion = f"{message.change} {occasion}"  # a first factor and its recovery codes come at one moment
    return NotificationKey(account_id=message.account_id, kind=_kind(message), occasion=occasion)


def key_of(message: SendProof | Change, known: Known) -> NotificationKey | None:
    """The same of any mail; None where it was about a proof that is gone."""
    if not isinstance(message, SendProof):
        return key_of_change(message)
    told = known.proofs.get(message.proof_id)
    return None if told is None else _key_of_proof(told.proof)


def telling_of(message: SendProof | Change, known: Known) -> Telling | None:
    """The mail that a message calls for; None where nobody is to be told any more."""
    told = known.proofs.get(named) if (named := proof_named(message)) else None
    match message:
        case SendProof():
            return _proof(told, known.now)
        case TellFormerAddress():
            return _former_address(message, told, known.now)
        case AddressChangeAsked() if told is None or _is_done(told):
            return None  # the mail about the change itself says it all
        case TellNewAddress() if told and _is_done(told):
            return None  # the change was taken back
    addressee = known.accounts.get(message.account_id)
    return None if addressee is None else _change(message, addressee, told)


def _proof(told: Told | None, now: datetime) -> Telling | None:
    """No name goes to an address that is not shown to be theirs whose name it is."""
    if told is None or not told.proof.good(now) or not _still_for(told):
        return None
    proof, kind = told.proof, SENT[told.proof.purpose]
    view = MailAccount(
        kind=kind,
        locale=told.locale,
        name=one_line(told.name) if kind is AccountMailKind.RESET else "",
        until=proof.expires_at,
        reference=told.reference,
    )
    return Telling(key=_key_of_proof(proof), recipient=proof.address or "", view=view, proof=proof)


def _former_address(message: TellFormerAddress, told: Told | None, now: datetime) -> Telling | None:
    if told is None or told.account_address is None or not told.proof.good(now) or _is_done(told):
        return None
    view = MailAccount(
        kind=AccountMailKind.ADDRESS_CHANGED,
        locale=told.locale,
        name=one_line(told.name),
        until=told.proof.expires_at,
        at=message.at,
        address=one_line(told.account_address),
    )
    recipient = told.proof.address or ""
    return Telling(key=key_of_change(message), recipient=recipient, view=view, proof=told.proof)


def _change(message: Change, addressee: Addressee, told: Told | None) -> Telling:
    view = MailAccount(
        kind=_kind(message), locale=addressee.locale, name=one_line(addressee.name), at=message.at
    )
    match message:
        case AddressChangeAsked() if told and told.proof.address:
            view = replace(view, address=one_line(told.proof.address))
        case SignedInOnNewDevice() | SessionReplayed():
            view = replace(view, device=one_line(message.device))
        case SecondFactorChanged():
            view = replace(view, change=message.change, passkey=one_line(message.name))
    return Telling(key=key_of_change(message), recipient=addressee.address, view=view)


def _still_for(told: Told) -> bool:
    """Whether it may go to its proof's address: a password is set anew from the present one alone."""
    match told.proof.purpose:
        case ProofPurpose.RESET:
            return _is_of_account(told)
        case ProofPurpose.EMAIL_CHANGE:
            return told.account_address is not None and not _is_done(told)
        case ProofPurpose.ACCESS:
            return told.reference is not None
    return True


def _is_done(told: Told) -> bool:
    """Whether the account has got the address of the proof, or had got it and went on."""
    return told.proof.used_at is not None or told.proof.address == told.account_address


def _is_of_account(told: Told) -> bool:
    """Whether the proof's address is the account's, in whatever way it is written."""
    present, own = told.account_address, told.proof.address
    return bool(present and own) and addresses.key_of(present or "") == addresses.key_of(own or "")


def _key_of_proof(proof: Proof) -> NotificationKey:
    kind, occasion = SENT[proof.purpose], str(proof.id)
    if kind is AccountMailKind.ACCESS_CODE:
        return NotificationKey(booking_id=BookingId(proof.subject), kind=kind, occasion=occasion)
    return NotificationKey(account_id=AccountId(proof.subject), kind=kind, occasion=occasion)


def _kind(message: Change) -> AccountMailKind:
    match message:
        case RegisteredAgain():
            return AccountMailKind.ACCOUNT_EXISTS
        case PasswordChanged():
            return AccountMailKind.PASSWORD_RESET if message.reset else AccountMailKind.PASSWORD_CHANGED
        case AddressChangeAsked():
            return AccountMailKind.ADDRESS_ASKED
        case TellFormerAddress():
            return AccountMailKind.ADDRESS_CHANGED
        case TellNewAddress():
            return AccountMailKind.ADDRESS_NEW
        case SignedInOnNewDevice():
            return AccountMailKind.NEW_DEVICE
        case SessionReplayed():
            return AccountMailKind.SESSION_REPLAYED
        case SecondFactorChanged():
            return AccountMailKind.SECOND_FACTOR_CHANGED
