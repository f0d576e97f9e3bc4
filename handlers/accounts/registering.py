"""Getting an account: asked for by anybody, opened by who reads the address's mail and knows the password.

The one rule: an address becomes nobody's account without both. The link alone would let somebody prepare an
account for an address of yours, with a password of theirs, and wait for you to confirm it.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aiohttp import web

from bookingd.domain.accounts.permissions import Role
from bookingd.domain.ids import AccountId
from bookingd.messages.accounts import Register
from bookingd.storage import accounts, proofs
from bookingd.storage.accounts import Registration
from bookingd.storage.proofs import Proof, ProofPurpose
from bookingd.storage.transactions import Transaction
from handlers.accounts.asking import asked, check_password, fit_address
from handlers.accounts.entry_requests import NewAccount, Verification
from handlers.accounts.link_pages import Done, Form, answered, good_proof, link_spent, shown
from handlers.accounts.opening import Opened, account_origin, answer, open_for
from handlers.accounts.profile_requests import canonical
from handlers.accounts.signing_in import NOBODY_YET, Shown
from handlers.accounts.trail import record
from handlers.accounts.tries import count_mail, count_try, was_right
from handlers.bodies import json_body
from handlers.errors import Problem
from handlers.fields import refuse
from handlers.parts import PARTS
from handlers.principals import origin_of
from handlers.returns import Words

REGISTRATION_LIFE = timedelta(days=2)
"""In which the link has to be followed: mail may be late, and a week-end is not too long."""

FORM = Form(
    heading="Confirm your address",
    told="One step, and your account is open.",
    advice="Enter the password that you chose when you registered, so that nobody opens an account for you.",
    button="Open my account",
    label="Your password",
)
OPEN = Words(
    heading="Your account is open",
    told="Your address is confirmed.",
    advice="You are signed in here. You can close this page.",
    tone="good",
)


async def register(request: web.Request) -> web.Response:
    """Take down that somebody wants an account."""
    wanted, _ = await json_body(request, NewAccount)
    parts, address = request.app[PARTS], fit_address(wanted["email"])
    check_password(request, wanted["password"], wanted["name"], address.written)
    await count_mail(request, "registration", address.key)
    hashed = await parts.accounts.hasher.hash(wanted["password"])
    async with parts.transactions.begin() as transaction:
        new = Registration(
            id=parts.sources.ids.new(),
            address=address.written,
            address_key=address.key,
            password=hashed,
            name=wanted["name"].strip(),
            locale=canonical(wanted["locale"]),
            created_at=transaction.now,
            expires_at=transaction.now + REGISTRATION_LIFE,
        )
        await accounts.register(transaction.connection, new=new)
        origin = origin_of(request, NOBODY_YET)
        transaction.send(Register(registration_id=new.id), origin=origin)
        action, details = "account.registration_asked", {"registration": str(new.id)}
        record(transaction, parts.sources, origin, account=None, action=action, details=details)
    return asked(new.expires_at)


async def show_verification(request: web.Request) -> web.Response:
    """The page that the mail's link leads to."""
    return await shown(request, ProofPurpose.VERIFY, _form)


async def verify(request: web.Request) -> web.Response:
    """Open the account, and a session of it."""
    return await answered(request, ProofPurpose.VERIFY, Verification, form_of=_form, work=_verify)


async def _verify(request: web.Request, given: Mapping[str, Any]) -> Done:
    parts = request.app[PARTS]
    proof = await good_proof(request, given["token"], ProofPurpose.VERIFY)
    async with parts.database.connection() as connection:
        now = parts.sources.clock.now()
        wanted = await accounts.registration(connection, registration_id=proof.subject, now=now)
    if wanted is None:
        raise link_spent()
    gates = await count_try(request, str(proof.id))
    if not (await parts.accounts.hasher.verify(wanted.password, given["password"])).ok:
        raise await _refused(request, wanted)
    async with parts.transactions.begin() as transaction:
        opened = await _open(request, transaction, proof, wanted)
    if opened is None:
        raise Problem("address-taken", "Another registration of this address was confirmed before.")
    await was_right(request, gates)
    parts.metrics.sign_ins.labels(Shown.PASSWORD, "done").inc()
    return Done(answer=answer(request, opened), words=OPEN)


async def _open(
    request: web.Request, transaction: Transaction, proof: Proof, wanted: Registration
) -> Opened | None:
    """The account's first session; None where the address has an account by now. Raises Problem."""
    parts, connection, now = request.app[PARTS], transaction.connection, transaction.now
    if not await proofs.use(connection, proof_id=proof.id, purpose=ProofPurpose.VERIFY, now=now):
        raise link_spent()
    account = await accounts.open_account(
        connection,
        account=AccountId(parts.sources.ids.new()),
        wanted=wanted,
        currency=parts.settings.booking.currency,
        roles=[Role.TRAVELLER],
        now=now,
    )
    await accounts.drop_registrations(connection, ids=[wanted.id])
    origin = account_origin(request, account.id) if account else origin_of(request, NOBODY_YET)
    record(
        transaction,
        parts.sources,
        origin,
        account=account.id if account else None,
        action="account.opened" if account else "account.registration_overtaken",
        details={"registration": str(wanted.id)},
    )
    return await open_for(request, transaction, account, second_factor=False) if account else None


async def _refused(request: web.Request, wanted: Registration) -> Problem:
    """Whoever follows the link has not chosen the password, or has forgotten it."""
    parts = request.app[PARTS]
    parts.metrics.sign_ins.labels(Shown.PASSWORD, "failed").inc()
    async with parts.transactions.begin() as transaction:
        origin, details = origin_of(request, NOBODY_YET), {"registration": str(wanted.id)}
        action = "account.verification_failed"
        record(transaction, parts.sources, origin, account=None, action=action, details=details)
    hint = "If it is forgotten, register again."
    return refuse("password", "wrong", "This is not the password of this registration.", hint)


def _form(_: Proof) -> Form:
    return FORM
