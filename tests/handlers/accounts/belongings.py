"""An account that has something in every table, for tests of what is kept of people."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from bookingd.domain.booking.state import BookingState, PaymentState
from bookingd.domain.ids import AccountId, ApiKeyId, BookingId, IntentId, PaymentId, Reference
from bookingd.domain.money import Money
from bookingd.security.api_keys import new_api_key
from bookingd.security.recovery import hash_of, new_codes
from bookingd.storage import payments, second_factors
from bookingd.storage.database import Connection
from bookingd.storage.notifications import Attempt, NotificationKey, begin
from bookingd.storage.payments import PaymentRow, PaymentStatus, RefundRow, RefundState
from bookingd.storage.second_factors import Passkey, totp_place
from tests import factories
from tests.handlers.accounts.test_travellers import OLGA, TRAVELLERS
from tests.handlers.conftest import Api

ADDRESS = "Olga.Ivanova@mail.example"
PASSWORD = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA"
ACTION = "https://gateway.test/act?client_secret=pi_secret_1"


@dataclass(slots=True, kw_only=True)
class Rich:
    """What was planted, and what of it is secret."""

    api: Api
    account: AccountId
    reference: Reference
    booking_id: BookingId
    secrets: tuple[str, ...]


async def plant_rich_account(api: Api, connection: Connection, account: AccountId) -> Rich:
    """Everything an account can have: of a trip that was paid for, with something given back."""
    await connection.execute(
        "UPDATE accounts SET address = $2, address_key = lower($2), password = $3, name = 'Olga Ivanova'"
        " WHERE id = $1",
        account,
        ADDRESS,
        PASSWORD,
    )
    owner = await api.signed_in(account)
    await owner.post(TRAVELLERS, OLGA)
    assert owner.status == 201
    await owner.ask(
        "PUT",
        "/v1/me/notification-preferences",
        json={"topics": {"news": ["sms"]}, "sms_number": "+4930123456"},
        headers={"If-Match": '"0"'},
    )
    assert owner.status == 200
    secrets = await _factors(owner, connection, account)
    booking = await _paid_trip(owner, connection)
    await _messages(owner, connection, account, booking)
    return Rich(
        api=owner,
        account=account,
        reference=booking[0],
        booking_id=booking[1],
        secrets=(*secrets, PASSWORD, "aGFzaA", ACTION, "pi_secret_1", "pi_reference_1", "re_reference_1"),
    )


async def _factors(owner: Api, connection: Connection, account: AccountId) -> tuple[str, ...]:
    chance, now = owner.parts.sources.chance, owner.clock.now()
    sealed = owner.parts.accounts.keyring.seal(b"S" * 20, place=totp_place(account))
    await second_factors.set_up_totp(connection, account=account, sealed=sealed)
    await second_factors.confirm_totp(connection, account=account, pending=sealed, step=1, now=now)
    hashes = [hashed for code in new_codes(chance) if (hashed := hash_of(code))]
    await second_factors.replace_recovery_codes(connection, account=account, hashes=hashes)
    passkey = Passkey(
        id=b"credential-1",
        account_id=account,
        public_key=b"cose-key-1",
        sign_count=0,
        name="Olga's telephone",
        transports=("internal",),
        created_at=now,
    )
    await second_factors.add_passkey(connection, passkey=passkey)
    text, key = new_api_key(ApiKeyId(owner.parts.sources.ids.new()), chance)
    await connection.execute(
        "INSERT INTO api_keys (id, account_id, name, hash, scopes, created_at, expires_at)"
        " VALUES ($1, $2, 'Olga''s program', $3, '{book}', $4, $5)",
        key.id,
        account,
        key.hash,
        now,
        now + timedelta(days=30),
    )
    await connection.execute(
        "UPDATE sessions SET proved_at = $2, second_factor = true WHERE account_id = $1", account, now
    )
    raw = (sealed, *hashes, key.hash, b"cose-key-1")
    return (text, *(one.hex() for one in raw))


async def _paid_trip(owner: Api, connection: Connection) -> tuple[Reference, BookingId]:
    """A confirmed one, of which something was given back; its day is over when the clock has gone on."""
    traveller = (await owner.get(TRAVELLERS))["travellers"][0]["id"]
    contact = {"email": ADDRESS, "phone": "+4930999999"}
    order = owner.order(await owner.shown(), passengers=[{"traveller_id": traveller}], contact=contact)
    accepted = await owner.book(order)
    assert owner.status == 202, accepted
    payment = factories.payment(state=PaymentState.CAPTURED)
    booking = await owner.change(accepted["reference"], state=BookingState.CONFIRMED, payments=(payment,))
    row = PaymentRow(
        id=PaymentId(payment.id),
        booking_id=booking.id,
        gateway="fake",
        gateway_reference="pi_reference_1",
        state=PaymentStatus.CAPTURED,
        amount=payment.amount,
        captured=payment.amount,
        refunded=Money(500, "EUR"),
        action_url=ACTION,
    )
    await owner.record(row)
    refund = RefundRow(
        id=IntentId(uuid4()),
        payment_id=row.id,
        gateway_reference="re_reference_1",
        amount=Money(500, "EUR"),
        state=RefundState.DONE,
    )
    await payments.save_refund(connection, refund=refund, now=owner.clock.now())
    return booking.reference, booking.id


async def _messages(
    owner: Api, connection: Connection, account: AccountId, booking: tuple[Reference, BookingId]
) -> None:
    now = owner.clock.now()
    attempts = [
        Attempt(key=key, recipient=ADDRESS, message_id=f"<{n}@bookingd>", repeat=False)
        for n, key in enumerate(
            (
                NotificationKey(booking_id=booking[1], kind="confirmed"),
                NotificationKey(account_id=account, kind="password_changed", occasion="1"),
            )
        )
    ]
    begun = await begin(connection, attempts=attempts, channel="email", now=now)
    for one in begun:
        await connection.execute(
            "UPDATE notifications SET receipt = $2 WHERE id = $1", one.key.id, f"250 ok <{ADDRESS}>"
        )
    await connection.execute(
        "INSERT INTO proofs (id, purpose, subject, address, details, created_at, expires_at)"
        " VALUES ($1, 'email_change', $2, $3, $4, $5, $6)",
        uuid4(),
        account,
        "Olga@other.example",
        json.dumps({"address_key": ADDRESS.lower()}),
        now,
        now + timedelta(hours=1),
    )


def texts(value: Any) -> str:
    """All of an answer as one text."""
    return json.dumps(value, ensure_ascii=False)
