"""Whom mails about accounts go to, out of the database."""

from datetime import timedelta
from uuid import UUID

import pytest

from bookingd.domain.ids import AccountId, ProofId
from bookingd.storage import accounts, addressees, bookings, proofs
from bookingd.storage.accounts import Registration
from bookingd.storage.addressees import Addressee, Told
from bookingd.storage.bookings import Contact, NewBooking
from bookingd.storage.database import Connection
from bookingd.storage.proofs import Proof, ProofPurpose
from tests.channels import trips
from tests.fakes.accounts import plant_account
from tests.fakes.sources import START

PROOF = ProofId(UUID(int=77))


async def told(connection: Connection, purpose: ProofPurpose, subject: UUID) -> Told:
    """What is known of whom a proof goes to."""
    await proofs.add(
        connection,
        proof=Proof(
            id=PROOF,
            purpose=purpose,
            subject=subject,
            address="new@elsewhere.example",
            details={"reference": "KV7Q2M"},
            created_at=START,
            expires_at=START + timedelta(hours=1),
        ),
    )
    (found,) = (await addressees.of_proofs(connection, ids=[PROOF, ProofId(UUID(int=78))])).values()
    assert found.proof == await proofs.find(connection, proof_id=PROOF)
    return found


def known(found: Told) -> tuple[str, str, str | None, str | None]:
    return found.locale, found.name, found.account_address, found.reference


async def test_accounts_are_written_to_at_their_address_by_their_name(connection: Connection) -> None:
    account, stranger = await plant_account(connection), AccountId(UUID(int=9))

    found = await addressees.of_accounts(connection, accounts=[account, stranger])

    assert found == {account: Addressee(address="somebody-1@mail.example", name="Somebody 1", locale="en")}


async def test_a_suspended_account_is_told_and_an_erased_one_is_not(connection: Connection) -> None:
    suspended = await plant_account(connection, 1, state="suspended")
    erased = await plant_account(connection, 2)
    await connection.execute(
        "UPDATE accounts SET state = 'erased', address = NULL, address_key = NULL WHERE id = $1", erased
    )

    assert set(await addressees.of_accounts(connection, accounts=[suspended, erased])) == {suspended}


async def test_a_proof_of_an_account_knows_its_name_and_its_present_address(connection: Connection) -> None:
    account = await plant_account(connection)

    found = await told(connection, ProofPurpose.EMAIL_CHANGE, account)

    assert known(found) == ("en", "Somebody 1", "somebody-1@mail.example", None)


async def test_a_proof_of_a_registration_knows_its_language_and_no_name(connection: Connection) -> None:
    """Whoever registered with a foreign address chose the name too."""
    wanted = Registration(
        id=UUID(int=5),
        address="new@elsewhere.example",
        address_key="new@elsewhere.example",
        password="$argon2id$",
        name="Eve",
        locale="de",
        created_at=START,
        expires_at=START + timedelta(days=2),
    )
    await accounts.register(connection, new=wanted)

    found = await told(connection, ProofPurpose.VERIFY, wanted.id)

    assert known(found) == ("de", "", None, None)


async def test_a_proof_of_a_booking_knows_its_reference_and_its_contacts_language(
    connection: Connection,
) -> None:
    contact = Contact(email="zoe@example.org", locale="fr")
    new = NewBooking(booking=trips.booking(), contact=contact, travellers=())
    await bookings.insert(connection, bookings=[new], now=START)

    found = await told(connection, ProofPurpose.ACCESS, trips.BOOKING)

    assert known(found) == ("fr", "", None, "KV7Q2M")


@pytest.mark.parametrize("subject", [PROOF, UUID(int=9)])
async def test_a_proof_of_what_is_not_there_knows_nothing(connection: Connection, subject: UUID) -> None:
    assert known(await told(connection, ProofPurpose.RESET, subject)) == ("en", "", None, None)


async def test_no_address_and_no_name_is_in_what_is_logged(connection: Connection) -> None:
    account = await plant_account(connection)

    addressee = (await addressees.of_accounts(connection, accounts=[account]))[account]
    found = await told(connection, ProofPurpose.RESET, account)

    assert "omebody" not in repr(addressee) + repr(found)
    assert "elsewhere" not in repr(found)
