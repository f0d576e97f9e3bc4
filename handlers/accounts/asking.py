"""What everybody may ask who has shown nothing yet: the same work and the same answer for whatever address.

The one rule: nobody here looks an address up. What is asked is written down, and the auth actor finds out
whose it is; what comes of that goes to the address, by mail.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from aiohttp import web
from msgspec import Meta

from bookingd.domain.ids import ProofId
from bookingd.security.addresses import AccountAddress, UnfitAddress, account_address
from bookingd.security.passwords import refusal_of
from bookingd.sources import Sources
from bookingd.storage import proofs
from bookingd.storage.proofs import Proof, ProofPurpose
from bookingd.storage.transactions import Transaction
from handlers.fields import refuse
from handlers.parts import PARTS
from handlers.reply import json_reply
from handlers.views import View


class Asked(View, frozen=True, kw_only=True):
    """It is looked at. What comes of it goes to the address; this answer tells nothing of that."""

    valid_until: Annotated[datetime, Meta(description="How long a link is good, if one is sent.")]


def asked(valid_until: datetime) -> web.Response:
    """The one answer."""
    return json_reply(Asked(valid_until=valid_until.replace(microsecond=0)), status=202)


def fit_address(text: str) -> AccountAddress:
    """The address that was written. Raises Problem where no account can have it."""
    try:
        return account_address(text)
    except UnfitAddress as error:
        raise refuse("email", "email", str(error)) from error


def check_password(request: web.Request, password: str, *known: str) -> None:
    """Raises Problem for one that an enemy would guess, who knows that of its owner, and us."""
    context = (*known, request.app[PARTS].settings.mail.from_name)
    if refusal := refusal_of(password, context=context):
        raise refuse("password", "guessable", refusal)


async def ask(
    transaction: Transaction,
    sources: Sources,
    *,
    purpose: ProofPurpose,
    life: timedelta,
    details: Mapping[str, str],
    address: str | None = None,
    subject: UUID | None = None,
) -> Proof:
    """Write down a proof; without a `subject` it is still to be found out what it opens."""
    proof_id = ProofId(sources.ids.new())
    proof = Proof(
        id=proof_id,
        purpose=purpose,
        subject=subject or proof_id,
        address=address,
        details=details,
        created_at=transaction.now,
        expires_at=transaction.now + life,
    )
    await proofs.add(transaction.connection, proof=proof)
    return proof
