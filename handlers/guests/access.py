"""A booking by its reference and its address: a code goes to the address, and opens the booking.

The one rule: until the code is shown nobody learns anything. Whether there is such a booking, and whether the
address is its own, the auth actor finds out afterwards; what is done here is the same for all, and so are the
answer, and the refusal of a code, whatever was not right about it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from aiohttp import web

from bookingd.domain.audit import Subject
from bookingd.domain.ids import BookingId, ProofId, Reference
from bookingd.domain.references import parse_reference
from bookingd.messages.accounts import RequestAccess
from bookingd.security.addresses import UnfitAddress, account_address
from bookingd.storage import access, proofs
from bookingd.storage.proofs import Proof, ProofPurpose
from bookingd.storage.transactions import Transaction
from bookingd.tokens import Purpose
from handlers.bodies import json_body
from handlers.booking_views import links
from handlers.cookies import set_booking
from handlers.errors import Problem, not_found
from handlers.fields import refuse
from handlers.gate import who_of
from handlers.guests import tries
from handlers.guests.guest_requests import AskForAccess, ShowCode
from handlers.guests.guest_views import AccessAsked, AccessOpened
from handlers.guests.trail import UNKNOWN, note
from handlers.parts import PARTS
from handlers.principals import origin_of, read_token
from handlers.reply import json_reply

CODE_LIFE = timedelta(minutes=10)
"""The longest that ASVS 5.0 (6.5.5) allows a code: mails take their time."""

TOKEN_LIFE = timedelta(hours=24)
"""For one sitting, and the evening after. The token that came with the booking lasts for 400 days since it
cannot be had again; this one can, within a minute and wherever the mail is read, and whoever comes back this
way may sit at a computer that is not theirs.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a right code gives."""

    booking_id: BookingId
    token: str
    expires_at: datetime


async def ask_for_access(request: web.Request) -> web.Response:
    """Have a code sent, if the address is the booking's."""
    reference = reference_of(request)
    asked, _ = await json_body(request, AskForAccess)
    return json_reply(await ask(request, reference, asked["email"]), status=202)


async def show_code(request: web.Request) -> web.Response:
    """Open the booking by the code."""
    reference = reference_of(request)
    asked, _ = await json_body(request, ShowCode)
    opened = await open_by_code(request, reference, asked)
    body = AccessOpened(
        reference=reference,
        booking_token=opened.token,
        expires_at=opened.expires_at,
        links=links(reference),
    )
    response = json_reply(body)
    set_booking(response, request.app[PARTS], reference, opened.token)
    return response


def reference_of(request: web.Request) -> Reference:
    """The address's; that no booking has one of that form is no secret. Raises Problem."""
    reference = parse_reference(request.match_info["reference"])
    if reference is None:
        raise not_found()
    return reference


async def ask(request: web.Request, reference: Reference, email: str) -> AccessAsked:
    """Record that somebody asks, and have it looked into. Raises Problem."""
    parts, origin = request.app[PARTS], origin_of(request, who_of(request).acting)
    key = _key_of(email)
    await tries.count_asking(request, reference, key)
    async with parts.transactions.begin() as transaction:
        proof = _asked(ProofId(parts.sources.ids.new()), reference, key, transaction.now)
        await proofs.add(transaction.connection, proof=proof)
        subject = Subject.of("proof", proof.id)
        note(transaction, parts.sources, origin, subject, "booking.access_asked")
        transaction.send(RequestAccess(proof_id=proof.id), origin=origin)
    parts.metrics.booking_access.labels("asked").inc()
    token = parts.signer.sign(Purpose.BOOKING_ACCESS, str(proof.id), expires_at=proof.expires_at)
    return AccessAsked(access=token, expires_at=proof.expires_at)


async def open_by_code(request: web.Request, reference: Reference, shown: Mapping[str, Any]) -> Opened:
    """What opens the booking from now on. Raises Problem: the same one for everything that is not right.

    A wrong code is a try, of the five that a code has, and stays counted.
    """
    parts, origin = request.app[PARTS], origin_of(request, who_of(request).acting)
    await tries.count_code(request, reference)
    async with parts.transactions.begin() as transaction:
        known = await access.booking_of(transaction.connection, reference=reference)
        proof = await _use(request, transaction, reference, shown)
        right = proof is not None and proof.subject == known
        subject = Subject.of("booking", known or UNKNOWN)
        action = "booking.access_opened" if right else "booking.access_failed"
        note(transaction, parts.sources, origin, subject, action)
    parts.metrics.booking_access.labels("opened" if right else "failed").inc()
    if proof is None or known is None or not right:
        raise Problem("access-refused", "The code is not right, was used, or is too old.")
    await tries.was_right(request, reference, proof.details["address_key"])
    expires_at = (transaction.now + TOKEN_LIFE).replace(microsecond=0)
    token = parts.signer.sign(Purpose.BOOKING, str(known), expires_at=expires_at)
    return Opened(booking_id=known, token=token, expires_at=expires_at)


def _key_of(email: str) -> str:
    """What is wrong with an address is no secret: it says nothing of any booking. Raises Problem."""
    try:
        return account_address(email).key
    except UnfitAddress as error:
        raise refuse("email", "email", str(error)) from error


def _asked(proof_id: ProofId, reference: Reference, key: str, now: datetime) -> Proof:
    """It opens nothing until it is known what it opens."""
    return Proof(
        id=proof_id,
        purpose=ProofPurpose.ACCESS,
        subject=proof_id,
        details={"reference": reference, "address_key": key},
        created_at=now,
        expires_at=(now + CODE_LIFE).replace(microsecond=0),
    )


async def _use(
    request: web.Request, transaction: Transaction, reference: Reference, shown: Mapping[str, Any]
) -> Proof | None:
    """The proof, if its code is shown at its own booking, for the first time."""
    token = read_token(request, shown["access"], Purpose.BOOKING_ACCESS)
    if token is None:
        return None
    proof_id, code = ProofId(UUID(token.subject)), shown["code"].replace(" ", "")
    tried = await proofs.try_code(
        transaction.connection, proof_id=proof_id, purpose=ProofPurpose.ACCESS, now=transaction.now
    )
    if tried is None or tried.details["reference"] != reference:
        return None
    if not request.app[PARTS].signer.is_code(code, Purpose.BOOKING_ACCESS, proof_id):
        return None
    return await proofs.use(
        transaction.connection, proof_id=proof_id, purpose=ProofPurpose.ACCESS, now=transaction.now
    )
