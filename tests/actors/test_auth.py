"""The auth actor finds out whose addresses are: links and codes go there, and nobody else learns more."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from actors.auth import AuthActor
from bookingd.actor.deciding import DONE, Decisions
from bookingd.actor.kinds import Letter
from bookingd.actor.patience import Patience
from bookingd.domain.ids import AccountId, MessageId, ProofId
from bookingd.messages import codec
from bookingd.messages.accounts import (
    AddressChangeAsked,
    Register,
    RegisteredAgain,
    RequestAccess,
    RequestAddressChange,
    RequestReset,
    SendProof,
)
from bookingd.messages.catalogue import CATALOGUE
from bookingd.messages.envelope import Origin
from bookingd.security.addresses import account_address
from bookingd.sources import Sources
from bookingd.storage import accounts, bookings, proofs
from bookingd.storage.accounts import Registration
from bookingd.storage.bookings import Contact
from bookingd.storage.database import Connection, Database
from bookingd.storage.proofs import Proof, ProofPurpose
from bookingd.storage.transactions import Transactions
from bookingd.telemetry.metrics import Metrics
from tests import factories
from tests.fakes.accounts import plant_account
from tests.fakes.sources import START, ManualClock, fake_sources

ADA = "Ada@Example.org"
ADAS = "ada@example.org"
"""The key of her address."""
HASHED = "$argon2id$made-up"
ORIGIN = Origin(principal="nobody", correlation_id=UUID(int=42))
SOON = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The actor with its runtime's hands, and what a test asks of it."""

    database: Database
    clock: ManualClock
    sources: Sources
    transactions: Transactions
    actor: AuthActor

    async def hear(self, *messages: Any) -> None:
        """Several of one kind are decided in one transaction, each with an envelope of its own."""
        letters = [self.letter(message) for message in messages]
        async with self.transactions.begin() as transaction:
            assert await self.actor.deciding[type(messages[0])](transaction, letters) == ()

    def letter(self, message: Any) -> Letter:
        message_id, now = MessageId(self.sources.ids.new()), self.sources.clock.now()
        envelope = codec.seal(message, catalogue=CATALOGUE, id=message_id, origin=ORIGIN, now=now)
        return Letter(envelope=envelope, message=message)

    async def register(self, address: str = ADA) -> Registration:
        asked = account_address(address)
        new = Registration(
            id=self.sources.ids.new(),
            address=asked.written,
            address_key=asked.key,
            password=HASHED,
            name="Ada",
            locale="en",
            created_at=START,
            expires_at=START + timedelta(days=2),
        )
        async with self.database.transaction() as connection:
            await accounts.register(connection, new=new)
        return new

    async def ask(self, purpose: ProofPurpose, *, address: str | None = None, **details: str) -> ProofId:
        """What the HTTP side writes down before it knows anything."""
        proof_id = ProofId(self.sources.ids.new())
        proof = Proof(
            id=proof_id,
            purpose=purpose,
            subject=proof_id,
            address=address,
            details=details,
            created_at=START,
            expires_at=START + SOON,
        )
        async with self.database.transaction() as connection:
            await proofs.add(connection, proof=proof)
        return proof_id

    async def proof(self, proof_id: ProofId) -> Proof | None:
        async with self.database.connection() as connection:
            return await proofs.find(connection, proof_id=proof_id)

    async def sent(self) -> list[Any]:
        async with self.database.connection() as connection:
            rows = await connection.fetch("SELECT bundle FROM outbox ORDER BY id")
        envelopes = [envelope for row in rows for envelope in codec.unpack(row["bundle"])]
        return [codec.read(envelope, CATALOGUE) for envelope in envelopes]

    async def audited(self) -> list[tuple[str, str, Mapping[str, Any]]]:
        """Action, subject and details of each entry."""
        async with self.database.connection() as connection:
            rows = await connection.fetch("SELECT canonical::text FROM audit_entries ORDER BY id")
        entries = [json.loads(row["canonical"]) for row in rows]
        return [
            (entry["action"], f"{entry['subject']['kind']}/{entry['subject']['id']}", entry["details"])
            for entry in entries
        ]

    async def suspend(self, account: AccountId) -> None:
        async with self.database.transaction() as connection:
            state = accounts.AccountState.SUSPENDED
            await accounts.set_state(connection, account=account, state=state)


@pytest.fixture
def desk(database: Database) -> Desk:
    clock = ManualClock()
    sources = replace(fake_sources(), clock=clock)
    transactions = Transactions(database=database, sources=sources, catalogue=CATALOGUE)
    actor = AuthActor(sources=sources)
    return Desk(database=database, clock=clock, sources=sources, transactions=transactions, actor=actor)


@pytest.fixture
async def ada(connection: Connection) -> AccountId:
    """The account of Ada."""
    return await plant_account(connection, address=ADA)


def test_its_table_holds_what_it_accepts() -> None:
    assert set(AuthActor(sources=fake_sources()).deciding) == set(AuthActor.accepts)


# Registering


async def test_a_new_address_gets_the_link_that_opens_its_account(desk: Desk) -> None:
    registration = await desk.register()

    await desk.hear(Register(registration_id=registration.id))

    (sent,) = await desk.sent()
    proof = await desk.proof(sent.proof_id)
    assert isinstance(sent, SendProof)
    assert proof is not None
    assert (proof.purpose, proof.subject, proof.address) == (ProofPurpose.VERIFY, registration.id, ADA)
    assert proof.good(START)
    assert proof.expires_at == registration.expires_at
    subject = f"registration/{registration.id}"
    assert await desk.audited() == [("account.registration_answered", subject, {"known": False})]


@pytest.mark.parametrize("address", [ADA, "ADA@EXAMPLE.ORG", "\uff41da@example.org"])
async def test_the_owner_of_a_known_address_hears_of_it_and_the_registration_is_gone(
    desk: Desk, ada: AccountId, address: str, connection: Connection
) -> None:
    registration = await desk.register(address)

    await desk.hear(Register(registration_id=registration.id))

    assert await desk.sent() == [RegisteredAgain(account_id=ada, at=START)]
    assert await connection.fetchval("SELECT count(*) FROM registrations") == 0
    assert await connection.fetchval("SELECT count(*) FROM proofs") == 0
    assert await desk.audited() == [("account.registration_answered", f"account/{ada}", {"known": True})]


async def test_nobody_is_told_of_a_suspended_account(
    desk: Desk, ada: AccountId, connection: Connection
) -> None:
    await desk.suspend(ada)
    registration = await desk.register()

    await desk.hear(Register(registration_id=registration.id))

    assert await desk.sent() == []
    assert await connection.fetchval("SELECT count(*) FROM registrations") == 0


async def test_a_registration_that_is_asked_about_twice_gets_one_link(desk: Desk) -> None:
    registration = await desk.register()
    asked = Register(registration_id=registration.id)

    await desk.hear(asked, asked)
    await desk.hear(asked)

    assert len(await desk.sent()) == 1
    assert len(await desk.audited()) == 1


async def test_two_registrations_of_one_address_get_a_link_each(desk: Desk) -> None:
    """Whose they are cannot be told yet: the first that is verified opens the account."""
    one, other = await desk.register(), await desk.register()

    await desk.hear(Register(registration_id=one.id), Register(registration_id=other.id))

    assert len({sent.proof_id for sent in await desk.sent()}) == 2


async def test_a_registration_that_is_over_or_never_was_is_quietly_none(desk: Desk) -> None:
    registration = await desk.register()
    desk.clock.advance(timedelta(days=2))

    await desk.hear(Register(registration_id=registration.id), Register(registration_id=UUID(int=1)))

    assert (await desk.sent(), await desk.audited()) == ([], [])


async def test_a_crowd_is_answered_in_one_transaction(desk: Desk, ada: AccountId) -> None:
    wanted = [await desk.register(f"somebody-{number}@example.org") for number in range(20)]
    again = await desk.register()

    await desk.hear(*(Register(registration_id=one.id) for one in (*wanted, again)))

    sent = await desk.sent()
    assert sum(isinstance(one, SendProof) for one in sent) == 20
    assert RegisteredAgain(account_id=ada, at=START) in sent


# A forgotten password


async def test_the_owner_gets_the_link_that_sets_the_password_anew(desk: Desk, ada: AccountId) -> None:
    proof_id = await desk.ask(ProofPurpose.RESET, address_key=ADAS)

    await desk.hear(RequestReset(proof_id=proof_id))

    proof = await desk.proof(proof_id)
    assert proof is not None
    assert (proof.subject, proof.address, proof.good(START)) == (ada, ADA, True)
    assert await desk.sent() == [SendProof(proof_id=proof_id)]
    assert await desk.audited() == [("account.reset_answered", f"account/{ada}", {"sent": True})]


async def test_an_unknown_address_drops_the_proof_without_a_word(desk: Desk) -> None:
    proof_id = await desk.ask(ProofPurpose.RESET, address_key=ADAS)

    await desk.hear(RequestReset(proof_id=proof_id))

    assert (await desk.proof(proof_id), await desk.sent()) == (None, [])
    assert await desk.audited() == [("account.reset_answered", "account/unknown", {"sent": False})]


async def test_a_suspended_account_gets_nothing_that_opens_it(desk: Desk, ada: AccountId) -> None:
    await desk.suspend(ada)
    proof_id = await desk.ask(ProofPurpose.RESET, address_key=ADAS)

    await desk.hear(RequestReset(proof_id=proof_id))

    assert (await desk.proof(proof_id), await desk.sent()) == (None, [])
    assert await desk.audited() == [("account.reset_answered", f"account/{ada}", {"sent": False})]


# A guest's booking


@pytest.fixture
async def reference(connection: Connection) -> str:
    """Of a booking that Ada made as a guest."""
    booking = factories.booking()
    new = replace(factories.new_booking(booking), contact=Contact(email=ADA))
    await bookings.insert(connection, bookings=[new], now=START)
    return booking.reference


@pytest.mark.parametrize("written", [ADA, "ADA@example.ORG", "\uff41da@example.org"])
async def test_who_can_read_the_contacts_mail_gets_the_code(desk: Desk, reference: str, written: str) -> None:
    key = account_address(written).key
    proof_id = await desk.ask(ProofPurpose.ACCESS, reference=reference, address_key=key)

    await desk.hear(RequestAccess(proof_id=proof_id))

    proof = await desk.proof(proof_id)
    assert proof is not None
    assert (proof.subject, proof.address) == (factories.booking_id(), ADA)
    assert await desk.sent() == [SendProof(proof_id=proof_id)]
    subject = f"booking/{factories.booking_id()}"
    assert await desk.audited() == [("booking.access_answered", subject, {"sent": True})]


async def test_another_address_than_the_contacts_gets_nothing(desk: Desk, reference: str) -> None:
    proof_id = await desk.ask(ProofPurpose.ACCESS, reference=reference, address_key="eve@example.org")

    await desk.hear(RequestAccess(proof_id=proof_id))

    assert (await desk.proof(proof_id), await desk.sent()) == (None, [])
    subject = f"booking/{factories.booking_id()}"
    assert await desk.audited() == [("booking.access_answered", subject, {"sent": False})]


async def test_a_booking_that_is_none_drops_the_proof(desk: Desk) -> None:
    proof_id = await desk.ask(ProofPurpose.ACCESS, reference="ABCDEF", address_key=ADAS)

    await desk.hear(RequestAccess(proof_id=proof_id))

    assert (await desk.proof(proof_id), await desk.sent()) == (None, [])
    assert await desk.audited() == [("booking.access_answered", "booking/unknown", {"sent": False})]


async def test_a_booking_whose_contact_was_erased_opens_to_no_address(
    desk: Desk, reference: str, owner_connection: Connection
) -> None:
    await owner_connection.execute("DELETE FROM booking_contacts")
    proof_id = await desk.ask(ProofPurpose.ACCESS, reference=reference, address_key=ADAS)

    await desk.hear(RequestAccess(proof_id=proof_id))

    assert (await desk.proof(proof_id), await desk.sent()) == (None, [])


# Another address


async def change(desk: Desk, account: AccountId, address: str = "ada@new.example") -> ProofId:
    return await desk.ask(
        ProofPurpose.EMAIL_CHANGE,
        address=address,
        address_key=account_address(address).key,
        account=str(account),
    )


async def test_a_free_address_gets_the_link_and_the_present_one_hears_of_it(
    desk: Desk, ada: AccountId
) -> None:
    proof_id = await change(desk, ada)

    await desk.hear(RequestAddressChange(proof_id=proof_id))

    proof = await desk.proof(proof_id)
    assert proof is not None
    assert (proof.subject, proof.address) == (ada, "ada@new.example")
    told = await desk.sent()
    assert AddressChangeAsked(account_id=ada, proof_id=proof_id, at=START) in told
    assert SendProof(proof_id=proof_id) in told
    assert await desk.audited() == [("account.address_change_answered", f"account/{ada}", {"free": True})]


async def test_the_owner_of_the_wanted_address_hears_of_it_and_no_link_is_sent(
    desk: Desk, ada: AccountId, connection: Connection
) -> None:
    """Who asks sees the same in their mailbox, whether the address is free or not."""
    eve = await plant_account(connection, 2, address="eve@example.org")
    proof_id = await change(desk, ada, "EVE@example.org")

    await desk.hear(RequestAddressChange(proof_id=proof_id))

    told = await desk.sent()
    assert len(told) == 2
    assert AddressChangeAsked(account_id=ada, proof_id=proof_id, at=START) in told
    assert RegisteredAgain(account_id=eve, at=START) in told


async def test_another_way_to_write_the_same_address_is_a_change(desk: Desk, ada: AccountId) -> None:
    proof_id = await change(desk, ada, "ada@example.org")

    await desk.hear(RequestAddressChange(proof_id=proof_id))

    assert SendProof(proof_id=proof_id) in await desk.sent()


async def test_a_suspended_account_gets_no_other_address(desk: Desk, ada: AccountId) -> None:
    await desk.suspend(ada)
    proof_id = await change(desk, ada)

    await desk.hear(RequestAddressChange(proof_id=proof_id))

    assert (await desk.proof(proof_id), await desk.sent()) == (None, [])


# Whatever comes twice, late, or as something else

ASKED: Mapping[type, tuple[ProofPurpose, Mapping[str, str]]] = {
    RequestReset: (ProofPurpose.RESET, {"address_key": ADAS}),
    RequestAccess: (ProofPurpose.ACCESS, {"address_key": ADAS, "reference": factories.reference()}),
    RequestAddressChange: (ProofPurpose.EMAIL_CHANGE, {"address_key": "x@y.example"}),
}


async def asked(desk: Desk, kind: type, ada: AccountId, *, purpose: ProofPurpose | None = None) -> Any:
    """The message that asks about a proof of that kind, or another."""
    usual, details = ASKED[kind]
    proof_id = await desk.ask(purpose or usual, address="x@y.example", account=str(ada), **details)
    return kind(proof_id=proof_id)


@pytest.mark.usefixtures("reference")
@pytest.mark.parametrize("kind", ASKED)
async def test_what_is_asked_twice_is_answered_once(desk: Desk, ada: AccountId, kind: type) -> None:
    again = await asked(desk, kind, ada)
    await desk.hear(again, again)
    once = await desk.sent(), await desk.audited()

    await desk.hear(again)

    assert (await desk.sent(), await desk.audited()) == once
    assert sum(isinstance(one, SendProof) for one in once[0]) == 1


@pytest.mark.usefixtures("reference")
@pytest.mark.parametrize("kind", ASKED)
async def test_what_nobody_waits_for_any_more_is_not_answered(desk: Desk, ada: AccountId, kind: type) -> None:
    late = await asked(desk, kind, ada)
    desk.clock.advance(SOON)

    await desk.hear(late, kind(proof_id=ProofId(UUID(int=1))))

    assert (await desk.sent(), await desk.audited()) == ([], [])


@pytest.mark.usefixtures("reference")
@pytest.mark.parametrize("kind", ASKED)
async def test_a_proof_of_another_kind_is_left_alone(desk: Desk, ada: AccountId, kind: type) -> None:
    purpose = ProofPurpose.ACCESS if kind is RequestReset else ProofPurpose.RESET
    message = await asked(desk, kind, ada, purpose=purpose)

    await desk.hear(message)

    proof = await desk.proof(message.proof_id)
    assert proof is not None
    assert (proof.settled, await desk.sent()) == (False, [])


async def test_the_same_delivery_twice_is_taken_in_once(desk: Desk, ada: AccountId) -> None:
    """As the runtime delivers it: the inbox knows it."""
    decisions = Decisions(
        actor="auth",
        functions=desk.actor.deciding.values(),
        transactions=desk.transactions,
        sources=desk.sources,
        metrics=Metrics(),
        batch=64,
        patiently=Patience(actor="auth", sources=desk.sources),
    )
    letter = desk.letter(await asked(desk, RequestReset, ada))

    outcomes = [
        await decisions.decide(desk.actor.request_reset, letter, rank=0, alone=True) for _ in range(2)
    ]

    assert outcomes == [DONE, DONE]
    assert len(await desk.sent()) == 1


@pytest.mark.usefixtures("reference")
async def test_no_address_is_in_the_trail(desk: Desk, ada: AccountId) -> None:
    for kind in ASKED:
        await desk.hear(await asked(desk, kind, ada))
    await desk.hear(Register(registration_id=(await desk.register()).id))

    entries = await desk.audited()
    assert len(entries) == 4
    assert "@" not in str(entries)
