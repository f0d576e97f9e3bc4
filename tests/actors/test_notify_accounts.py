"""What owners of accounts are told: one mail a change, to the right address, whatever comes twice or late."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from bookingd.actor.acting import LEASE, TELL_OPERATOR_AT
from bookingd.domain.accounts.factors import FactorChange
from bookingd.domain.ids import AccountId, ProofId
from bookingd.messages.accounts import (
    AddressChangeAsked,
    AddressChanged,
    PasswordChanged,
    RegisteredAgain,
    SecondFactorChanged,
    SendProof,
    SessionReplayed,
    SignedInOnNewDevice,
    TellFormerAddress,
    TellNewAddress,
)
from bookingd.sandbox.mail import Fault, MailCatcher
from bookingd.storage import accounts, attention, proofs
from bookingd.storage.accounts import Registration
from bookingd.storage.database import Connection, Database
from bookingd.storage.notifications import NotificationState
from bookingd.storage.proofs import Proof, ProofPurpose
from bookingd.tokens import Purpose
from tests.actors.mail_desk import SIGNER, Desk, at_desk
from tests.channels import trips
from tests.fakes.accounts import plant_account
from tests.fakes.sources import START, ManualClock, fake_sources

PROOF = ProofId(UUID(int=77))
HOME = "somebody-1@mail.example"
"""The planted account's address."""
ELSEWHERE = "new@elsewhere.example"
SEND = SendProof(proof_id=PROOF)
LINK = re.compile(r"https://trips\.agency\.example(\S+)\?token=(\S+)")


@pytest.fixture
async def account(connection: Connection) -> AccountId:
    return await plant_account(connection)


async def give(
    connection: Connection,
    purpose: ProofPurpose,
    subject: UUID,
    address: str,
    *,
    proof_id: ProofId = PROOF,
    lasts: timedelta = timedelta(hours=1),
) -> Proof:
    """A proof that is to be sent."""
    proof = Proof(
        id=proof_id,
        purpose=purpose,
        subject=subject,
        address=address,
        created_at=START,
        expires_at=START + lasts,
    )
    await proofs.add(connection, proof=proof)
    return proof


async def use(connection: Connection, purpose: ProofPurpose, proof_id: ProofId = PROOF) -> None:
    assert await proofs.use(connection, proof_id=proof_id, purpose=purpose, now=START)


async def only_text(desk: Desk) -> str:
    (mail,) = await desk.mails()
    return await desk.text(mail)


def link_in(text: str, purpose: Purpose) -> tuple[str, UUID]:
    """Where the only link of a mail leads, and which proof it names."""
    ((path, token),) = LINK.findall(text)
    return path, UUID(SIGNER.read(token, purpose, now=START).subject)


async def register(connection: Connection, address: str) -> UUID:
    new = Registration(
        id=UUID(int=5),
        address=address,
        address_key=address,
        password="$argon2id$",
        name="Dear Eve, click http://evil.example",
        locale="en-US",
        created_at=START,
        expires_at=START + timedelta(days=2),
    )
    await accounts.register(connection, new=new)
    return new.id


async def move(connection: Connection, account: AccountId, address: str) -> None:
    assert await accounts.set_address(connection, account=account, address=address, key=address)


async def erase(connection: Connection, account: AccountId) -> None:
    await connection.execute(
        "UPDATE accounts SET state = 'erased', address = NULL, address_key = NULL, name = '' WHERE id = $1",
        account,
    )


def changes(account: AccountId) -> Sequence[tuple[Any, str]]:
    """What needs nothing but an account, and the subject of its mail."""
    about: Any = {"account_id": account, "at": START}
    return [
        (RegisteredAgain(**about), "You already have an account"),
        (PasswordChanged(reset=False, **about), "Your password was changed"),
        (PasswordChanged(reset=True, **about), "Your password was reset"),
        (SignedInOnNewDevice(device="Firefox on Linux", **about), "A new sign-in to your account"),
        (SessionReplayed(device="Firefox", **about), "We signed your account out on one device"),
        (SecondFactorChanged(change=FactorChange.TOTP_ADDED, **about), "How you sign in has changed"),
    ]


async def test_every_change_is_told_to_the_owner_by_one_mail(desk: Desk, account: AccountId) -> None:
    for number, (message, _) in enumerate(changes(account), start=1):
        assert await desk.deliver(message, number=number) == "done"

    mails = await desk.mails()
    assert {mail.subject for mail in mails} == {subject for _, subject in changes(account)}
    assert {mail.recipients for mail in mails} == {(HOME,)}
    notes = await desk.account_notes(account)
    assert {note.message_id for note in notes} == {mail.message_id for mail in mails}
    assert {note.state for note in notes} == {NotificationState.SENT}


async def test_many_who_wait_at_once_get_a_mail_each(
    desk: Desk, account: AccountId, connection: Connection
) -> None:
    await register(connection, ELSEWHERE)
    await give(connection, ProofPurpose.VERIFY, UUID(int=5), ELSEWHERE)

    told = [message for message, _ in changes(account)]
    await asyncio.gather(*(desk.deliver(one, number=place) for place, one in enumerate([*told, SEND])))

    assert len(await desk.mails()) == len(told) + 1


async def test_what_is_delivered_again_and_again_is_one_mail(desk: Desk, account: AccountId) -> None:
    (message, _), *_ = changes(account)

    await asyncio.gather(*(desk.deliver(message) for _ in range(5)))
    await desk.deliver(message)
    await desk.deliver(message, number=2)

    assert len(await desk.mails()) == 1
    assert [note.attempts for note in await desk.account_notes(account)] == [1]


async def test_the_same_change_at_another_time_is_another_mail(desk: Desk, account: AccountId) -> None:
    (message, _), *_ = changes(account)

    await desk.deliver(message, number=1)
    await desk.deliver(replace(message, at=START + timedelta(seconds=1)), number=2)

    assert len(await desk.mails()) == 2


async def test_a_first_factor_and_the_codes_that_came_with_it_are_both_told(
    desk: Desk, account: AccountId
) -> None:
    for number, change in enumerate((FactorChange.TOTP_ADDED, FactorChange.RECOVERY_CODES_MADE)):
        await desk.deliver(SecondFactorChanged(account_id=account, change=change, at=START), number=number)

    assert len(await desk.mails()) == 2


async def test_a_registration_gets_its_link_and_no_name_that_a_stranger_chose(
    desk: Desk, connection: Connection
) -> None:
    registration = await register(connection, ELSEWHERE)
    await give(connection, ProofPurpose.VERIFY, registration, ELSEWHERE)

    await desk.deliver(SEND)

    (mail,) = await desk.mails()
    text = await desk.text(mail)
    assert mail.recipients == (ELSEWHERE,)
    assert link_in(text, Purpose.VERIFY) == ("/v1/accounts/verifications", PROOF)
    assert "evil" not in (desk.catcher.directory / mail.name).read_text()
    assert "1:00 PM" in text.replace("\u202f", " ")  # as the registration's language has it
    (note,) = await desk.account_notes(AccountId(registration))
    assert (note.key.kind, note.state) == ("verify", NotificationState.SENT)


async def test_a_forgotten_password_gets_its_link(
    desk: Desk, connection: Connection, account: AccountId
) -> None:
    await give(connection, ProofPurpose.RESET, account, HOME.upper())

    await desk.deliver(SEND)

    text = await only_text(desk)
    assert link_in(text, Purpose.RESET) == ("/v1/password-resets/confirmations", PROOF)
    assert "Dear Somebody 1," in text


async def test_a_password_is_not_set_anew_from_an_address_that_the_account_has_left(
    desk: Desk, connection: Connection, account: AccountId
) -> None:
    await give(connection, ProofPurpose.RESET, account, HOME)
    await move(connection, account, ELSEWHERE)

    assert await desk.deliver(SEND) == "done"
    assert (await desk.mails(), await desk.account_notes(account)) == ([], [])


async def test_a_new_address_is_asked_for_its_consent_without_a_name(
    desk: Desk, connection: Connection, account: AccountId
) -> None:
    await give(connection, ProofPurpose.EMAIL_CHANGE, account, ELSEWHERE)

    await desk.deliver(SEND)

    (mail,) = await desk.mails()
    text = await desk.text(mail)
    assert (mail.subject, mail.recipients) == ("Confirm your new email address", (ELSEWHERE,))
    assert link_in(text, Purpose.EMAIL_CHANGE) == ("/v1/me/address-changes/confirmations", PROOF)
    assert "Somebody 1" not in (desk.catcher.directory / mail.name).read_text()


async def test_a_code_for_a_booking_is_a_mail_about_the_booking(desk: Desk, connection: Connection) -> None:
    await desk.put(trips.booking())
    await give(connection, ProofPurpose.ACCESS, trips.BOOKING, "zoe@example.org")

    await desk.deliver(SEND)

    (mail,), (note,) = await desk.mails(), await desk.notes()
    code = SIGNER.code(Purpose.BOOKING_ACCESS, PROOF)
    assert f"Code: {code}" in await desk.text(mail)
    assert mail.subject == "Your code for booking KV7Q2M"
    assert (note.key.kind, note.state) == ("access_code", NotificationState.SENT)
    assert code not in repr(note)


async def test_nothing_that_opens_anything_is_kept(
    desk: Desk, connection: Connection, account: AccountId
) -> None:
    await desk.put(trips.booking())
    await give(connection, ProofPurpose.RESET, account, HOME)
    code_proof = ProofId(UUID(int=78))
    await give(connection, ProofPurpose.ACCESS, trips.BOOKING, "zoe@example.org", proof_id=code_proof)

    for number, proof_id in enumerate((PROOF, code_proof)):
        await desk.deliver(SendProof(proof_id=proof_id), number=number)

    kept = [
        str(row)
        for table in ("notifications", "audit_entries", "intents", "attention")
        for row in await connection.fetch(f"SELECT to_json(t)::text FROM {table} AS t")
    ]
    links = [await desk.text(mail) for mail in await desk.mails()]
    tokens = [found[1] for text in links for found in LINK.findall(text)]
    assert len(tokens) == 1
    assert not [
        row for row in kept if tokens[0] in row or SIGNER.code(Purpose.BOOKING_ACCESS, code_proof) in row
    ]
    audited = [row for row in kept if "notification.sent" in row]
    assert len(audited) == 2
    assert not [row for row in audited if "@mail.example" in row or "zoe" in row]


@pytest.mark.parametrize("how", ["used", "over", "gone", "never settled"])
async def test_a_proof_that_is_good_for_nothing_is_not_sent(
    desk: Desk, connection: Connection, account: AccountId, how: str
) -> None:
    if how == "never settled":
        await give(connection, ProofPurpose.RESET, PROOF, HOME)
    elif how != "gone":
        await give(connection, ProofPurpose.RESET, account, HOME)
    if how == "used":
        await use(connection, ProofPurpose.RESET)
    assert isinstance(desk.sources.clock, ManualClock)
    desk.sources.clock.advance(timedelta(hours=1) if how == "over" else 0)

    assert await desk.deliver(SEND) == "done"
    assert (await desk.mails(), await desk.account_notes(account)) == ([], [])


async def test_what_is_not_for_a_mail_is_never_sent(
    desk: Desk, connection: Connection, account: AccountId
) -> None:
    await give(connection, ProofPurpose.SIGN_IN, account, HOME)

    with pytest.raises(KeyError):
        await desk.deliver(SEND)


async def test_an_erased_account_is_told_nothing(
    desk: Desk, connection: Connection, account: AccountId
) -> None:
    reset, change, back = (ProofId(UUID(int=number)) for number in (81, 82, 83))
    await give(connection, ProofPurpose.RESET, account, HOME, proof_id=reset)
    await give(connection, ProofPurpose.EMAIL_CHANGE, account, ELSEWHERE, proof_id=change)
    await give(connection, ProofPurpose.EMAIL_CHANGE, account, "old@mail.example", proof_id=back)
    await erase(connection, account)
    about: Any = {"account_id": account, "at": START}

    messages = [
        *(message for message, _ in changes(account)),
        SendProof(proof_id=reset),
        SendProof(proof_id=change),
        AddressChangeAsked(proof_id=change, **about),
        TellFormerAddress(way_back=back, **about),
        TellNewAddress(way_back=back, **about),
    ]
    for number, message in enumerate(messages):
        assert await desk.deliver(message, number=number) == "done"

    assert (await desk.mails(), await desk.account_notes(account)) == ([], [])


async def test_a_changed_address_is_told_to_both_and_the_former_one_gets_the_way_back(
    desk: Desk, connection: Connection, account: AccountId
) -> None:
    await move(connection, account, ELSEWHERE)
    await give(connection, ProofPurpose.EMAIL_CHANGE, account, HOME, lasts=timedelta(days=7))

    both = await desk.decide(AddressChanged(account_id=account, way_back=PROOF, at=START))
    for number, message in enumerate(both, start=1):
        await desk.deliver(message, number=number)

    to = {mail.recipients: (mail.subject, await desk.text(mail)) for mail in await desk.mails()}
    assert set(to) == {(HOME,), (ELSEWHERE,)}
    subject, text = to[HOME,]
    assert subject == "Your account has another email address"
    assert f"is now {ELSEWHERE}" in text
    assert link_in(text, Purpose.EMAIL_CHANGE) == ("/v1/me/address-changes/confirmations", PROOF)
    subject, text = to[ELSEWHERE,]
    assert subject == "This is your account's email address now"
    assert LINK.findall(text) == []
    assert HOME not in text


async def test_an_address_that_was_put_back_is_told_to_nobody(
    desk: Desk, connection: Connection, account: AccountId
) -> None:
    await give(connection, ProofPurpose.EMAIL_CHANGE, account, HOME)
    await use(connection, ProofPurpose.EMAIL_CHANGE)
    about: Any = {"account_id": account, "way_back": PROOF, "at": START}

    await desk.deliver(TellFormerAddress(**about), number=1)
    await desk.deliver(TellNewAddress(**about), number=2)

    assert await desk.mails() == []


async def test_another_address_that_was_asked_for_is_told_to_the_present_one(
    desk: Desk, connection: Connection, account: AccountId
) -> None:
    await give(connection, ProofPurpose.EMAIL_CHANGE, account, ELSEWHERE)

    await desk.deliver(AddressChangeAsked(account_id=account, proof_id=PROOF, at=START))

    (mail,) = await desk.mails()
    assert mail.recipients == (HOME,)
    text = await desk.text(mail)
    assert ELSEWHERE in text
    assert LINK.findall(text) == []


async def test_an_address_may_be_written_in_another_way(
    desk: Desk, connection: Connection, account: AccountId
) -> None:
    """It is the same account's, and still another address to write to."""
    await give(connection, ProofPurpose.EMAIL_CHANGE, account, HOME.capitalize())

    await desk.deliver(SEND, number=1)
    await desk.deliver(AddressChangeAsked(account_id=account, proof_id=PROOF, at=START), number=2)

    assert sorted(mail.recipients for mail in await desk.mails()) == [(HOME.capitalize(),), (HOME,)]


async def test_a_request_that_nobody_confirmed_is_told_however_late(
    desk: Desk, connection: Connection, account: AccountId
) -> None:
    """Whoever asked was signed in to the account: its owner must hear of that."""
    await give(connection, ProofPurpose.EMAIL_CHANGE, account, ELSEWHERE)
    assert isinstance(desk.sources.clock, ManualClock)
    desk.sources.clock.advance(timedelta(days=1))

    await desk.deliver(AddressChangeAsked(account_id=account, proof_id=PROOF, at=START))

    assert len(await desk.mails()) == 1


async def test_a_request_that_comes_after_its_change_is_told_to_nobody(
    desk: Desk, connection: Connection, account: AccountId
) -> None:
    """The new address would read that it is about to be replaced by itself."""
    await give(connection, ProofPurpose.EMAIL_CHANGE, account, ELSEWHERE)
    await use(connection, ProofPurpose.EMAIL_CHANGE)
    await move(connection, account, ELSEWHERE)
    back = ProofId(UUID(int=78))
    await give(connection, ProofPurpose.EMAIL_CHANGE, account, HOME, proof_id=back)

    for number, message in enumerate(
        [
            *await desk.decide(AddressChanged(account_id=account, way_back=back, at=START)),
            AddressChangeAsked(account_id=account, proof_id=PROOF, at=START),
            SEND,
        ]
    ):
        await desk.deliver(message, number=number)

    assert sorted(mail.recipients for mail in await desk.mails()) == [(ELSEWHERE,), (HOME,)]


async def test_a_mail_whose_fate_is_unknown_is_repeated_under_its_message_id_and_counted(
    desk: Desk, connection: Connection, account: AccountId
) -> None:
    await give(connection, ProofPurpose.RESET, account, HOME)
    desk.catcher.misbehave(Fault.DROP)

    first = await desk.deliver(SEND)
    second = await desk.deliver(SEND, attempt=2)

    one, other = await desk.mails()
    (note,) = await desk.account_notes(account)
    assert (first, second) == ("retried", "done")
    assert one.message_id == other.message_id == note.message_id
    assert (note.state, note.attempts, note.repeats) == (NotificationState.SENT, 2, 1)
    assert desk.repeats.count == 1
    texts = [LINK.findall(await desk.text(mail)) for mail in (one, other)]
    assert texts[0] == texts[1]


async def test_a_mail_of_unknown_fate_whose_proof_was_used_is_not_repeated(
    desk: Desk, connection: Connection, account: AccountId
) -> None:
    await give(connection, ProofPurpose.RESET, account, HOME)
    desk.catcher.misbehave(Fault.DROP)
    await desk.deliver(SEND)
    await use(connection, ProofPurpose.RESET)

    await desk.deliver(SEND, attempt=2)

    (note,) = await desk.account_notes(account)
    assert note.state is NotificationState.FAILED
    assert len(await desk.mails()) == 1


async def test_a_greylisted_mail_is_due_and_forgotten_once_its_proof_is_over(
    desk: Desk, connection: Connection, account: AccountId
) -> None:
    await give(connection, ProofPurpose.RESET, account, HOME)
    desk.catcher.misbehave(Fault.GREYLIST)
    await desk.deliver(SEND)
    (between,) = await desk.account_notes(account)
    assert isinstance(desk.sources.clock, ManualClock)
    desk.sources.clock.advance(timedelta(hours=2))

    await desk.deliver(SEND, attempt=2)

    assert between.state is NotificationState.DUE
    assert (await desk.mails(), await desk.account_notes(account)) == ([], [])


async def test_a_process_that_dies_at_the_mail_leaves_its_successor_to_repeat_it(
    database: Database, connection: Connection, account: AccountId, catcher: MailCatcher
) -> None:
    sources = fake_sources()
    assert isinstance(sources.clock, ManualClock)
    await give(connection, ProofPurpose.RESET, account, HOME)
    catcher.misbehave(Fault.SLOW)
    async with at_desk(database, catcher, sources) as dying:
        sending = asyncio.create_task(dying.deliver(SEND))
        while not await dying.mails():
            await asyncio.wait([sending], timeout=0.01)
        sending.cancel()
        await asyncio.wait([sending])
    sources.clock.advance(LEASE)
    async with at_desk(database, catcher, sources) as successor:
        assert await successor.deliver(SEND, attempt=2, alone=True) == "done"
        (note,) = await successor.account_notes(account)
        one, other = await successor.mails()
    assert one.message_id == other.message_id
    assert (note.state, note.attempts, note.repeats) == (NotificationState.SENT, 2, 1)


async def test_a_refused_mail_is_told_to_an_operator_as_the_accounts(
    desk: Desk, connection: Connection, account: AccountId
) -> None:
    (message, _), *_ = changes(account)
    desk.catcher.misbehave(Fault.REFUSE)

    first = await desk.deliver(message)
    second = await desk.deliver(message, number=2)

    (note,) = await desk.account_notes(account)
    (entry,) = await attention.oldest(connection, limit=10)
    audited = await connection.fetch("SELECT action, subject_kind, subject_id FROM audit_entries")
    assert (first, second) == ("refused", "done")
    assert note.state is NotificationState.FAILED
    assert (entry.subject_kind, entry.subject, entry.object) == ("account", account, note.id)
    assert entry.reason == "mail_refused_account_exists"
    assert entry.detail.startswith("The owner of the account has not been told")
    assert "somebody" not in entry.detail
    assert [tuple(row) for row in audited] == [("notification.failed", "account", str(account))]


async def test_a_refused_code_is_told_to_an_operator_as_the_bookings(
    desk: Desk, connection: Connection
) -> None:
    await desk.put(trips.booking())
    await give(connection, ProofPurpose.ACCESS, trips.BOOKING, "zoe@example.org")
    desk.catcher.misbehave(Fault.REFUSE)

    assert await desk.deliver(SEND) == "refused"

    (entry,) = await attention.oldest(connection, limit=10)
    assert (entry.subject_kind, entry.subject) == ("booking", trips.BOOKING)
    assert entry.reason == "mail_refused_access_code"


async def test_a_mistyped_address_of_somebody_unknown_is_no_operators_affair(
    desk: Desk, connection: Connection, account: AccountId
) -> None:
    """Or whoever makes up addresses fills their list."""
    registration = await register(connection, ELSEWHERE)
    await give(connection, ProofPurpose.VERIFY, registration, ELSEWHERE)
    change = ProofId(UUID(int=78))
    await give(connection, ProofPurpose.EMAIL_CHANGE, account, ELSEWHERE, proof_id=change)
    for number, proof_id in enumerate((PROOF, change)):
        desk.catcher.misbehave(Fault.REFUSE)
        assert await desk.deliver(SendProof(proof_id=proof_id), number=number) == "refused"

    assert await attention.oldest(connection, limit=10) == []
    notes = [*await desk.account_notes(AccountId(registration)), *await desk.account_notes(account)]
    assert [note.state for note in notes] == [NotificationState.FAILED] * 2
    assert await connection.fetchval("SELECT count(*) FROM audit_entries") == 2


@pytest.mark.parametrize("about", ["account", "proof"])
async def test_an_operator_is_told_what_a_mail_that_waits_long_is_about(
    desk: Desk, connection: Connection, account: AccountId, about: str
) -> None:
    (message, _), *_ = changes(account)
    await give(connection, ProofPurpose.RESET, account, HOME)
    wanted = {"account": message, "proof": SEND}[about]
    desk.catcher.misbehave(Fault.GREYLIST)

    await desk.deliver(wanted, attempt=TELL_OPERATOR_AT)
    (entry,) = await attention.oldest(connection, limit=10)
    await desk.deliver(wanted, attempt=TELL_OPERATOR_AT + 1)

    assert (entry.subject_kind, entry.reason) == (about, "mail_unfinished")
    assert entry.subject == {"account": account, "proof": PROOF}[about]
    assert await attention.oldest(connection, limit=10) == []


async def test_a_name_with_control_characters_does_not_keep_its_owner_from_being_told(
    desk: Desk, connection: Connection, account: AccountId
) -> None:
    await connection.execute("UPDATE accounts SET name = $1", "Zoë\r\n\u0007\u0085\u202e\u2028Müller")
    (message, _), *_ = changes(account)

    assert await desk.deliver(message) == "done"

    assert "Dear Zoë Müller," in await only_text(desk)
