"""The auth actor finds out whose addresses are: of who registers, forgot a password, or wants another one.

It takes what the HTTP side has written down without looking (a registration, a proof that opens nothing
yet), and emits what is to be sent. It alone knows whether an address has an account, so that nobody learns
that from an answer or its time; and what it finds goes to the address itself, never back to who asked. It
opens no account and changes none: that takes the link or the code that it has sent.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar
from uuid import UUID

from bookingd.actor.kinds import Acting, Answer, Decide, Letter, Reading
from bookingd.domain.audit import AuditEntry, Plain, Subject
from bookingd.domain.ids import AccountId, ProofId, Reference
from bookingd.messages.accounts import (
    AddressChangeAsked,
    Register,
    RegisteredAgain,
    RequestAccess,
    RequestAddressChange,
    RequestReset,
    SendProof,
)
from bookingd.security.addresses import key_of
from bookingd.sources import Sources
from bookingd.storage import accounts, bookings, proofs
from bookingd.storage.accounts import Account, Registration
from bookingd.storage.bookings import BookingView
from bookingd.storage.proofs import Proof, ProofPurpose, Settled
from bookingd.storage.transactions import Transaction

UNKNOWN = "unknown"
"""Stands in the audit trail for what an address or a reference does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A proof of which it is to be found out what it opens, and who asks for it."""

    proof: Proof
    letter: Letter

    @property
    def key(self) -> str:
        """Of the address that is meant."""
        return self.proof.details["address_key"]


@dataclass(slots=True, kw_only=True)
class Batch:
    """What one transaction has found out so far."""

    settled: list[Settled] = field(default_factory=list)
    dropped: list[ProofId] = field(default_factory=list)

    def settle(self, proof: Proof, subject: UUID, address: str) -> None:
        """It opens this, by what is sent there."""
        self.settled.append(Settled(proof.id, subject, address))

    def drop(self, proof: Proof) -> None:
        """It opens nothing."""
        self.dropped.append(proof.id)


class AuthActor:
    """Finds out whose addresses are."""

    name: ClassVar[str] = "auth"
    accepts: ClassVar[tuple[type, ...]] = (Register, RequestReset, RequestAccess, RequestAddressChange)
    acting: Mapping[type, Acting | Reading] = MappingProxyType({})
    answering: Mapping[type, Answer] = MappingProxyType({})
    loops: Sequence[Callable[[], Awaitable[None]]] = ()

    def __init__(self, *, sources: Sources) -> None:
        self._sources = sources
        self.deciding: Mapping[type, Decide] = {
            Register: self.register,
            RequestReset: self.request_reset,
            RequestAccess: self.request_access,
            RequestAddressChange: self.request_address_change,
        }

    async def register(self, transaction: Transaction, letters: Sequence[Letter]) -> Sequence[Letter]:
        """A new address gets the link that opens its account; the owner of a known one hears of it."""
        asked = {letter.message.registration_id: letter for letter in letters}
        found = await accounts.lock_registrations(transaction.connection, ids=asked, now=transaction.now)
        begun = await proofs.having(transaction.connection, subjects=found, purpose=ProofPurpose.VERIFY)
        owners = await accounts.by_keys(
            transaction.connection, keys={registration.address_key for registration in found.values()}
        )
        new: list[Proof] = []
        known: list[UUID] = []
        for registration in found.values():
            letter, owner = asked[registration.id], owners.get(registration.address_key)
            if owner is not None:
                known.append(registration.id)
                self._tell_owner(transaction, letter, owner)
            elif registration.id not in begun:
                new.append(self._verification(transaction, letter, registration))
        await proofs.add_all(transaction.connection, new=new)
        await accounts.drop_registrations(transaction.connection, ids=known)
        return ()

    async def request_reset(self, transaction: Transaction, letters: Sequence[Letter]) -> Sequence[Letter]:
        """The owner of an account gets the link that sets its password anew."""
        asked, batch = await _questions(transaction, letters, ProofPurpose.RESET), Batch()
        owners = await accounts.by_keys(transaction.connection, keys={question.key for question in asked})
        for question in asked:
            owner = owners.get(question.key)
            if sent := owner is not None and owner.address is not None and owner.open:
                batch.settle(question.proof, owner.id, owner.address)
                self._send(transaction, question)
            else:
                batch.drop(question.proof)
            self._note(transaction, question.letter, "account.reset_answered", _account(owner), sent=sent)
        return await _save(transaction, batch)

    async def request_access(self, transaction: Transaction, letters: Sequence[Letter]) -> Sequence[Letter]:
        """Who can read the mail of a booking's contact gets the code that opens it."""
        asked, batch = await _questions(transaction, letters, ProofPurpose.ACCESS), Batch()
        references = {Reference(question.proof.details["reference"]) for question in asked}
        found = await bookings.by_references(transaction.connection, references=references)
        for question in asked:
            view = found.get(Reference(question.proof.details["reference"]))
            if (address := _contact_address(view, question.key)) and view is not None:
                batch.settle(question.proof, view.booking.id, address)
                self._send(transaction, question)
            else:
                batch.drop(question.proof)
            subject = Subject.of("booking", view.booking.id if view else UNKNOWN)
            self._note(transaction, question.letter, "booking.access_answered", subject, sent=bool(address))
        return await _save(transaction, batch)

    async def request_address_change(
        self, transaction: Transaction, letters: Sequence[Letter]
    ) -> Sequence[Letter]:
        """A free address gets the link that makes it the account's; the present one hears of it anyway."""
        asked, batch = await _questions(transaction, letters, ProofPurpose.EMAIL_CHANGE), Batch()
        asking = await accounts.by_ids(transaction.connection, ids={_asking(one.proof) for one in asked})
        owners = await accounts.by_keys(transaction.connection, keys={one.key for one in asked})
        for question in asked:
            account, address = asking.get(_asking(question.proof)), question.proof.address
            if account is None or address is None or not account.open:
                batch.drop(question.proof)
                continue
            batch.settle(question.proof, account.id, address)
            self._answer_change(transaction, question, account, owners.get(question.key))
        return await _save(transaction, batch)

    def _verification(self, transaction: Transaction, letter: Letter, registration: Registration) -> Proof:
        proof = Proof(
            id=ProofId(self._sources.ids.new()),
            purpose=ProofPurpose.VERIFY,
            subject=registration.id,
            address=registration.address,
            created_at=transaction.now,
            expires_at=registration.expires_at,
        )
        transaction.send(SendProof(proof_id=proof.id), origin=letter.origin)
        subject = Subject.of("registration", registration.id)
        self._note(transaction, letter, "account.registration_answered", subject, known=False)
        return proof

    def _tell_owner(self, transaction: Transaction, letter: Letter, owner: Account) -> None:
        """Whoever's account is suspended is told nothing."""
        if owner.open:
            told = RegisteredAgain(account_id=owner.id, at=transaction.now)
            transaction.send(told, origin=letter.origin)
        self._note(transaction, letter, "account.registration_answered", _account(owner), known=True)

    def _answer_change(
        self, transaction: Transaction, question: Question, account: Account, owner: Account | None
    ) -> None:
        """Where another account has the address the proof gets no link, and so opens nothing."""
        free = owner is None or owner.id == account.id
        asked = AddressChangeAsked(account_id=account.id, proof_id=question.proof.id, at=transaction.now)
        transaction.send(asked, origin=question.letter.origin)
        if free:
            self._send(transaction, question)
        elif owner is not None and owner.open:
            told = RegisteredAgain(account_id=owner.id, at=transaction.now)
            transaction.send(told, origin=question.letter.origin)
        self._note(
            transaction, question.letter, "account.address_change_answered", _account(account), free=free
        )

    def _send(self, transaction: Transaction, question: Question) -> None:
        transaction.send(SendProof(proof_id=question.proof.id), origin=question.letter.origin)

    def _note(
        self, transaction: Transaction, letter: Letter, action: str, subject: Subject, **details: Plain
    ) -> None:
        entry = AuditEntry(
            id=self._sources.ids.new(),
            at=transaction.now,
            principal=letter.origin.principal,
            action=action,
            subject=subject,
            correlation_id=letter.origin.correlation_id,
            details=details,
        )
        transaction.audit(entry)


async def _questions(
    transaction: Transaction, letters: Sequence[Letter], purpose: ProofPurpose
) -> list[Question]:
    """Those that are still to be answered; the others were, or nobody waits for them any more."""
    asked = {letter.message.proof_id: letter for letter in letters}
    found = await proofs.lock(transaction.connection, ids=asked)
    return [
        Question(proof=proof, letter=asked[proof.id])
        for proof in found.values()
        if proof.purpose is purpose and not proof.settled and transaction.now < proof.expires_at
    ]


async def _save(transaction: Transaction, batch: Batch) -> Sequence[Letter]:
    if batch.settled:
        await proofs.settle(transaction.connection, settled=batch.settled)
    if batch.dropped:
        await proofs.drop(transaction.connection, ids=batch.dropped)
    return ()


def _asking(proof: Proof) -> AccountId:
    """The account that wants another address."""
    return AccountId(UUID(proof.details["account"]))


def _contact_address(view: BookingView | None, key: str) -> str | None:
    """The address of the booking's contact, if that is the one that was named."""
    if view is None or view.contact is None or key_of(view.contact.email) != key:
        return None
    return view.contact.email


def _account(account: Account | None) -> Subject:
    return Subject.of("account", account.id if account else UNKNOWN)
