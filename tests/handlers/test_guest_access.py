"""A guest comes back by reference and address: the same answers whatever is so, one booking by a code."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry

from bookingd.domain.booking.state import Booking
from bookingd.domain.ids import ProofId
from bookingd.messages.accounts import RequestAccess
from bookingd.security.addresses import key_of
from bookingd.storage import proofs
from bookingd.storage.database import Connection
from bookingd.storage.proofs import Settled
from bookingd.tokens import Purpose
from tests.fakes.accounts import plant_account
from tests.handlers.conftest import CONTACT, Api
from tests.handlers.test_access import told

EMAIL = CONTACT["email"]


async def ask(api: Api, reference: str, email: str = EMAIL, **more: Any) -> Any:
    return await api.post(f"/v1/bookings/{reference}/access", {"email": email}, **more)


async def show(api: Api, reference: str, access: str, code: str, **more: Any) -> Any:
    shown = {"access": access, "code": code}
    return await api.post(f"/v1/bookings/{reference}/access/confirmations", shown, **more)


async def look_into(api: Api) -> ProofId:
    """What the auth actor does with the latest that was asked; the proof."""
    proof_id: ProofId = [one for one in await api.outbox() if isinstance(one, RequestAccess)][-1].proof_id
    async with api.parts.database.transaction() as connection:
        found = await connection.fetchrow(
            "SELECT id, email FROM bookings JOIN booking_contacts ON booking_id = id"
            " WHERE reference = (SELECT details ->> 'reference' FROM proofs WHERE id = $1)",
            proof_id,
        )
        proof = await proofs.find(connection, proof_id=proof_id)
        assert proof is not None
        if found and key_of(found["email"]) == proof.details["address_key"]:
            await proofs.settle(connection, settled=[Settled(proof_id, found["id"], found["email"])])
        else:
            await proofs.drop(connection, ids=[proof_id])
    return proof_id


def code_of(api: Api, proof_id: UUID) -> str:
    return api.parts.signer.code(Purpose.BOOKING_ACCESS, proof_id)


def another(code: str) -> str:
    """A code that is not this one."""
    return f"{(int(code) + 1) % 10**6:06}"


async def asked(api: Api, booking: Booking) -> tuple[str, str]:
    """Nobody in particular asks for the booking: what is to be shown, and the code that was sent."""
    access = (await ask(api.nobody(), booking.reference))["access"]
    return access, code_of(api, await look_into(api))


async def trail(api: Api, booking: Booking | None) -> list[tuple[str, str]]:
    """Who did what to get at the booking (or at none), the oldest first."""
    subject = str(booking.id) if booking else "unknown"
    async with api.parts.database.connection() as connection:
        rows = await connection.fetch(
            "SELECT principal, action FROM audit_entries WHERE subject_kind = 'booking' AND subject_id = $1"
            " AND action LIKE 'booking.access_%' ORDER BY at, id",
            subject,
        )
    return [(row["principal"], row["action"]) for row in rows]


def counted(api: Api, outcome: str) -> float:
    registry: CollectorRegistry = api.parts.metrics.registry
    return registry.get_sample_value("bookingd_booking_access_total", {"outcome": outcome}) or 0


# Asking


async def test_whatever_is_so_the_answer_is_the_same(api: Api) -> None:
    """P10: a booking and its address, a booking and another address, no booking at all."""
    booking, nobody = await api.booked(), api.nobody()
    told_of = []
    for reference, email in (
        (booking.reference, EMAIL),
        (booking.reference, "somebody@else.example"),
        ("ZZZZZZ", EMAIL),
    ):
        answer = await ask(nobody, reference, email)
        told_of.append((nobody.status, set(answer), answer["expires_at"], len(answer["access"])))
        assert EMAIL not in str(answer)

    assert len(set(map(str, told_of))) == 1
    assert told_of[0][0] == 202


async def test_asking_leaves_the_same_behind_whatever_is_so(api: Api) -> None:
    booking, nobody = await api.booked(), api.nobody()
    before = len(await api.outbox())

    await ask(nobody, booking.reference)
    await ask(nobody, booking.reference, "somebody@else.example")
    await ask(nobody, "ZZZZZZ")

    commands = (await api.outbox())[before:]
    assert [type(one) for one in commands] == [RequestAccess] * 3
    assert await api.count("proofs") == 3
    async with api.parts.database.connection() as connection:
        told_of = await connection.fetch(
            "SELECT principal, subject_id FROM audit_entries"
            " WHERE action = 'booking.access_asked' ORDER BY id"
        )
    assert [(row["principal"], row["subject_id"]) for row in told_of] == [
        ("nobody", str(command.proof_id)) for command in commands
    ]
    assert counted(api, "asked") == 3


async def test_however_it_is_written_it_is_the_same_reference_and_address(api: Api) -> None:
    booking = await api.booked()
    nobody = api.nobody()

    access = (await ask(nobody, booking.reference.lower(), EMAIL.upper()))["access"]
    opened = await show(nobody, booking.reference, access, code_of(api, await look_into(api)))

    assert (nobody.status, opened["reference"]) == (200, booking.reference)


@pytest.mark.parametrize(
    ("email", "code"),
    [
        ("", "length"),
        ("amadou", "email"),
        ("amadou@example", "email"),
        ("amadou@@example.org", "email"),
        ("am\u0430dou@example.org", "email"),  # a Cyrillic a
        ("amadou@ex\u0430mple.org", "email"),
        ("a" * 65 + "@example.org", "email"),
        ("a" * 250 + "@example.org", "length"),
        ("amadou@example.org\n", "characters"),
        (None, "required"),
        (7, "type"),
    ],
)
async def test_what_cannot_be_a_bookings_address_is_said_to_whoever_typed_it(
    api: Api, email: Any, code: str
) -> None:
    """It says nothing of the booking: the same is said of any."""
    booking, nobody = await api.booked(), api.nobody()

    problem = await ask(nobody, booking.reference, email)
    elsewhere = await ask(nobody, "ZZZZZZ", email)

    assert (nobody.status, [error["code"] for error in problem["errors"]]) == (422, [code])
    assert told(problem) == told(elsewhere)
    assert await api.count("proofs") == 0


@pytest.mark.parametrize("reference", ["ABC0O1", "ABCDEFG", "ABC", "%00", "'--"])
async def test_what_cannot_be_a_reference_is_not_there(api: Api, reference: str) -> None:
    nobody = api.nobody()

    await ask(nobody, reference)

    assert nobody.status == 404
    assert await api.count("proofs") == 0


async def test_no_more_than_the_address_is_taken(api: Api) -> None:
    """Mass assignment."""
    booking, nobody = await api.booked(), api.nobody()
    for more in ({"booking_id": str(booking.id)}, {"code": "1"}, {"expires_at": "2099-01-01"}):
        await nobody.post(f"/v1/bookings/{booking.reference}/access", {"email": EMAIL, **more})
        assert nobody.status == 422


async def test_whoever_asks_again_and_again_waits_whatever_is_so(api: Api) -> None:
    """Per reference: a mail each, and a chance to guess."""
    booking, nobody = await api.booked(), api.nobody()
    waits = []
    for reference, email in ((booking.reference, "x@one.example"), ("ZZZZZZ", "y@two.example")):
        for _ in range(5):
            await ask(nobody, reference, email)
            assert nobody.status == 202
        problem = await ask(nobody, reference, "somebody@else.example")
        waits.append((nobody.status, problem["type"], nobody.headers["Retry-After"]))

    assert waits == [(429, "/problems/too-many-attempts", "1")] * 2
    assert counted(api, "throttled") == 2


async def test_one_address_is_not_sent_mails_without_end(api: Api) -> None:
    """Also where each is about another booking, and comes from another network."""
    nobody = api.nobody()
    for reference in ("ZZZZZ2", "ZZZZZ3", "ZZZZZ4", "ZZZZZ5", "ZZZZZ6"):
        await ask(nobody, reference)
        assert nobody.status == 202

    await ask(nobody, "ZZZZZ7")

    assert nobody.status == 429


async def test_asking_makes_nobody_wait_who_signs_in(api: Api) -> None:
    """The counts of bookings and of accounts are apart."""
    nobody = api.nobody()
    for _ in range(6):
        await ask(nobody, "ZZZZZZ")
    assert nobody.status == 429

    body = {"kind": "account", "email": EMAIL, "password": "a wrong one"}
    await nobody.post("/v1/sessions", body)

    assert nobody.status == 401


async def test_addresses_codes_and_tokens_are_in_no_log_and_no_trail(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    booking = await api.booked()
    access, code = await asked(api, booking)
    nobody = api.nobody()
    await show(nobody, booking.reference, access, another(code))
    opened = await show(nobody, booking.reference, access, code)

    async with api.parts.database.connection() as connection:
        rows = await connection.fetch(
            "SELECT canonical::text FROM audit_entries WHERE action LIKE 'booking.access_%'"
        )
        bundles = await connection.fetch("SELECT bundle FROM outbox")
    said = caplog.text + "".join(row["canonical"] for row in rows)
    said += "".join(row["bundle"].decode(errors="replace") for row in bundles[1:])
    for secret in (EMAIL, access, opened["booking_token"], code):
        assert secret not in said


# Showing the code


async def test_the_code_opens_its_booking_and_nothing_else(api: Api, stranger: Api) -> None:
    booking, other = await api.booked(), await stranger.booked()
    access, code = await asked(api, booking)
    nobody = api.nobody()

    opened = await show(nobody, booking.reference, access, code)

    headers = {"Booking-Token": opened["booking_token"]}
    shown = await nobody.get(opened["links"]["self"], headers=headers)
    assert (nobody.status, shown["reference"]) == (200, booking.reference)
    await nobody.get(f"/v1/bookings/{other.reference}", headers=headers)
    assert nobody.status == 404
    assert await trail(api, booking) == [("nobody", "booking.access_opened")]
    assert counted(api, "opened") == 1


async def test_spaces_in_a_code_do_not_matter(api: Api) -> None:
    booking = await api.booked()
    access, code = await asked(api, booking)
    nobody = api.nobody()

    await show(nobody, booking.reference, access, f" {code[:3]} {code[3:]} ")

    assert nobody.status == 200


async def test_the_token_is_good_for_a_day(api: Api) -> None:
    booking = await api.booked()
    nobody = api.nobody()
    opened = await show(nobody, booking.reference, *await asked(api, booking))
    headers = {"Booking-Token": opened["booking_token"]}
    api.clock.advance(timedelta(hours=23, minutes=59))
    await nobody.get(f"/v1/bookings/{booking.reference}", headers=headers)
    assert nobody.status == 200

    api.clock.advance(timedelta(minutes=1))
    await nobody.get(f"/v1/bookings/{booking.reference}", headers=headers)

    assert nobody.status == 404


async def test_the_trail_names_whose_session_it_was(api: Api, stranger: Api) -> None:
    booking = await api.booked()
    access, code = await asked(api, booking)

    await show(stranger, booking.reference, access, code)

    assert (stranger.principal, "booking.access_opened") in await trail(api, booking)


@pytest.fixture
async def refusal(api: Api) -> dict[str, Any]:
    """What is told of a code that is wrong."""
    booking, nobody = await api.booked(), api.nobody()
    access, code = await asked(api, booking)
    problem = await show(nobody, booking.reference, access, another(code))
    assert nobody.status == 403
    found: dict[str, Any] = told(problem)
    assert found["type"] == "/problems/access-refused"
    return found


async def test_a_code_is_good_once(api: Api, refusal: dict[str, Any]) -> None:
    booking, nobody = await api.booked(), api.nobody()
    access, code = await asked(api, booking)
    await show(nobody, booking.reference, access, code)
    assert nobody.status == 200

    again = await show(nobody, booking.reference, access, code)

    assert told(again) == refusal


async def test_a_code_is_good_for_ten_minutes(api: Api, refusal: dict[str, Any]) -> None:
    booking, nobody = await api.booked(), api.nobody()
    access, code = await asked(api, booking)
    api.clock.advance(timedelta(minutes=10))

    late = await show(nobody, booking.reference, access, code)

    assert told(late) == refusal


async def test_after_five_wrong_ones_the_right_one_is_none(api: Api, refusal: dict[str, Any]) -> None:
    booking = await api.booked()
    access, code = await asked(api, booking)
    nobody = api.nobody()
    for _ in range(5):
        assert told(await show(nobody, booking.reference, access, another(code))) == refusal
        api.clock.advance(timedelta(seconds=61))

    sixth = await show(nobody, booking.reference, access, code)

    assert told(sixth) == refusal
    assert counted(api, "failed") == 7


async def test_wrong_codes_cost_time(api: Api) -> None:
    booking = await api.booked()
    access, code = await asked(api, booking)
    nobody = api.nobody()
    for _ in range(5):
        await show(nobody, booking.reference, access, another(code))

    problem = await show(nobody, booking.reference, access, code)

    assert (nobody.status, problem["type"]) == (429, "/problems/too-many-attempts")


async def test_another_bookings_code_opens_nothing(api: Api, stranger: Api, refusal: dict[str, Any]) -> None:
    """P10: neither its own, which was not asked for, nor the one that it is shown at."""
    booking, other = await api.booked(), await stranger.booked()
    access, code = await asked(api, other)
    nobody = api.nobody()

    elsewhere = await show(nobody, booking.reference, access, code)
    nowhere = await show(nobody, "ZZZZZZ", access, code)

    assert told(elsewhere) == told(nowhere) == refusal
    await show(nobody, other.reference, access, code)
    assert nobody.status == 200  # those were tries, and used nothing up


async def test_what_was_asked_with_a_wrong_address_opens_nothing(api: Api, refusal: dict[str, Any]) -> None:
    """The code follows from the proof, which is dropped; whoever asks is told nothing of that."""
    booking, nobody = await api.booked(), api.nobody()
    access = (await ask(nobody, booking.reference, "somebody@else.example"))["access"]
    before = await show(nobody, booking.reference, access, "000000")
    proof_id = await look_into(api)

    after = await show(nobody, booking.reference, access, code_of(api, proof_id))

    assert told(before) == told(after) == refusal


async def test_a_code_opens_nothing_before_it_was_looked_into(api: Api, refusal: dict[str, Any]) -> None:
    booking, nobody = await api.booked(), api.nobody()
    access = (await ask(nobody, booking.reference))["access"]
    subject = UUID(access.split(".")[1])

    early = await show(nobody, booking.reference, access, code_of(api, subject))

    assert told(early) == refusal


@pytest.mark.parametrize("purpose", [one for one in Purpose if one is not Purpose.BOOKING_ACCESS])
async def test_a_token_of_another_purpose_is_shown_in_vain(
    api: Api, purpose: Purpose, refusal: dict[str, Any]
) -> None:
    booking, nobody = await api.booked(), api.nobody()
    access, code = await asked(api, booking)
    subject = access.split(".")[1]
    token = api.parts.signer.sign(purpose, subject, expires_at=api.clock.now() + timedelta(hours=1))

    problem = await show(nobody, booking.reference, token, code)

    assert told(problem) == refusal


@pytest.mark.parametrize("access", ["x", "a.b.c.d", "c.1.1.1", "c." + "a" * 198, "\u00e9", "...."])
async def test_a_token_that_is_none_is_shown_in_vain(api: Api, access: str, refusal: dict[str, Any]) -> None:
    booking, nobody = await api.booked(), api.nobody()

    problem = await show(nobody, booking.reference, access, "123456")

    assert told(problem) == refusal
    assert ("nobody", "booking.access_failed") in await trail(api, booking)


@pytest.mark.parametrize(
    "code", ["12345", "1234567", "abcdef", "-12345", "\u0661\u0662\u0663\u0664\u0665\u0666"]
)
async def test_a_code_of_another_form_is_a_wrong_one(api: Api, code: str, refusal: dict[str, Any]) -> None:
    booking, nobody = await api.booked(), api.nobody()
    access, _ = await asked(api, booking)

    assert told(await show(nobody, booking.reference, access, code)) == refusal


@pytest.mark.parametrize(
    "shown",
    [
        {"access": "a" * 201, "code": "123456"},
        {"access": "a", "code": "1" * 13},
        {"access": "a"},
        {"code": "123456"},
        {"access": "a", "code": 123456},
        {"access": "a", "code": "123456", "reference": "ZZZZZZ"},
    ],
)
async def test_a_body_of_another_form_is_told_so(api: Api, shown: Mapping[str, Any]) -> None:
    nobody = api.nobody()

    await nobody.post("/v1/bookings/ZZZZZZ/access/confirmations", shown)

    assert nobody.status == 422


async def test_what_was_right_is_forgiven(api: Api) -> None:
    """A guest who opens a booking of theirs over and over waits for nothing."""
    booking, nobody = await api.booked(), api.nobody()
    for _ in range(12):
        await show(nobody, booking.reference, *await asked(api, booking))
        assert nobody.status == 200


async def test_a_code_of_two_hands_opens_for_one(api: Api) -> None:
    booking = await api.booked()
    access, code = await asked(api, booking)
    both = [api.nobody(), api.nobody()]

    await asyncio.gather(*(show(one, booking.reference, access, code) for one in both))

    assert sorted(one.status for one in both) == [200, 403]


async def test_the_rights_of_an_account_are_not_mixed_with_a_code(api: Api, connection: Connection) -> None:
    """Whoever is signed in opens somebody else's booking by its code; it stays somebody else's."""
    booking = await api.booked()
    access, code = await asked(api, booking)
    account = await api.signed_in(await plant_account(connection))

    opened = await show(account, booking.reference, access, code)
    await account.get(f"/v1/bookings/{booking.reference}")

    assert account.status == 404
    headers = {"Booking-Token": opened["booking_token"]}
    await account.get(f"/v1/bookings/{booking.reference}", headers=headers)
    assert account.status == 200
    assert (await account.get("/v1/bookings"))["bookings"] == []
