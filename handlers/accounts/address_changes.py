"""Another mail address for an account: asked for by its owner, confirmed by who reads the new address's mail.

The one rule: whoever takes an account over by its address cannot keep it. The former address hears of it and
has a way back for a week, which a later change does not take away, and which ends whatever else lets them in;
and no link alone moves an account to a new address, since a slip of the pen would send that link to a
stranger.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aiohttp import web

from bookingd.domain.accounts.factors import FactorChange
from bookingd.domain.audit import Plain
from bookingd.domain.ids import AccountId
from bookingd.messages.accounts import AddressChanged, RequestAddressChange, RequestReset
from bookingd.security.addresses import key_of
from bookingd.storage import accounts, api_keys, proofs, second_factors
from bookingd.storage.accounts import Account
from bookingd.storage.proofs import UNGUARDED, WAY_BACK, Proof, ProofPurpose
from bookingd.storage.sessions import Ending
from bookingd.storage.transactions import Transaction
from handlers.accounts.asking import ask, asked, fit_address
from handlers.accounts.changes import changing, heard, note
from handlers.accounts.entry_requests import AddressChange, AddressConfirmation
from handlers.accounts.link_pages import Done, Form, answered, good_proof, link_spent, shown
from handlers.accounts.opening import account_origin
from handlers.accounts.passwords import RESET_LIFE, check_password_of, end_what_was_begun, present
from handlers.accounts.trail import record
from handlers.accounts.tries import count_mail
from handlers.bodies import json_body
from handlers.errors import Problem
from handlers.fields import refuse
from handlers.gate import who_of
from handlers.parts import PARTS
from handlers.returns import Words

CHANGE_LIFE = timedelta(hours=24)
"""Of the link to a new address: it does nothing without the password, so it may wait for slow mail."""

WAY_BACK_LIFE = timedelta(days=7)
"""Whoever was away for a few days still finds the way back."""

CHANGE = Form(
    heading="Confirm your new address",
    told="From then on you sign in with it.",
    advice="Enter your account's password. In other places your account will be signed out.",
    button="Use this address",
    label="Your password",
)
BACK = Form(
    heading="Put this address back",
    told="It becomes your account's address again.",
    advice="Your account will be signed out everywhere, and neither its password nor its API keys are good"
    " any longer. We send you a link to set a new password.",
    button="Put it back",
)
CHANGED = Words(
    heading="Your account has a new address",
    told="Sign in with it from now on.",
    advice="We have told the former address. You can close this page.",
    tone="good",
)
PUT_BACK = Words(
    heading="Your address is back",
    told="Your account has been signed out everywhere, and its API keys are good no longer.",
    advice="Look at your mail: there is a link to set a new password. Then look through your account's"
    " passkeys and authenticator app, and remove what is not yours. If you are asked for one that is not"
    " yours, write to us.",
    tone="good",
)


async def ask_address_change(request: web.Request) -> web.Response:
    """Take down that an account wants another address."""
    told, _ = await json_body(request, AddressChange)
    address, account = fit_address(told["email"]), await present(request)
    if address.written == account.address:
        raise refuse("email", "same", "This is the account's address already.")
    if account.password is None:
        raise Problem("password-needed", "A new address is confirmed with the account's password.")
    await count_mail(request, "change", address.key)
    async with changing(request) as change:
        transaction, sources = change.transaction, change.sources
        proof = await ask(
            transaction,
            sources,
            purpose=ProofPurpose.EMAIL_CHANGE,
            life=CHANGE_LIFE,
            address=address.written,
            details={"account": str(account.id), "address_key": address.key},
        )
        transaction.send(RequestAddressChange(proof_id=proof.id), origin=change.origin)
        action = "account.address_change_asked"
        record(transaction, sources, change.origin, account=account.id, action=action)
    return asked(proof.expires_at)


async def show_address_change(request: web.Request) -> web.Response:
    """The page that the mail's link leads to."""
    return await shown(request, ProofPurpose.EMAIL_CHANGE, _form)


async def confirm_address(request: web.Request) -> web.Response:
    """The account's new address; or its former one, by the way back."""
    purpose = ProofPurpose.EMAIL_CHANGE
    return await answered(request, purpose, AddressConfirmation, form_of=_form, work=_confirm)


async def _confirm(request: web.Request, given: Mapping[str, Any]) -> Done:
    parts = request.app[PARTS]
    proof = await good_proof(request, given["token"], ProofPurpose.EMAIL_CHANGE)
    async with parts.database.connection() as connection:
        account = await accounts.by_id(connection, account=AccountId(proof.subject))
    if account is None or not account.open:
        raise link_spent()
    if not proof.way_back:
        await _check_password(request, account, given["password"])
    async with parts.transactions.begin() as transaction:
        account = await _use(transaction, proof)
        await (_put_back if proof.way_back else _change)(request, transaction, proof, account)
    heard(request, account.id)
    return Done(answer=web.Response(status=204), words=PUT_BACK if proof.way_back else CHANGED)


async def _check_password(request: web.Request, account: Account, given: str | None) -> None:
    """Raises Problem."""
    if given is None:
        raise refuse("password", "required", "This is needed.")
    await check_password_of(request, account, given, field="password")


async def _use(transaction: Transaction, proof: Proof) -> Account:
    """The account as it was until now; its address is that of the proof from now on. Raises Problem."""
    connection, now = transaction.connection, transaction.now
    account = await accounts.lock(connection, account=AccountId(proof.subject))
    used = await proofs.use(connection, proof_id=proof.id, purpose=ProofPurpose.EMAIL_CHANGE, now=now)
    key = key_of(proof.address or "")
    if account is None or not account.open or used is None or key is None or proof.address is None:
        raise link_spent()
    if not await accounts.set_address(connection, account=account.id, address=proof.address, key=key):
        raise Problem("address-taken", "Another account has this address by now.")
    return account


async def _change(request: web.Request, transaction: Transaction, proof: Proof, former: Account) -> None:
    """The session in which it is confirmed stays, if it is the account's."""
    parts, account, here = request.app[PARTS], former.id, who_of(request).session
    await end_what_was_begun(transaction, account=account, because=Ending.ADDRESS_CHANGED, but=here)
    guarded = (await second_factors.held(transaction.connection, account=account)).any
    way_back = await ask(
        transaction,
        parts.sources,
        purpose=ProofPurpose.EMAIL_CHANGE,
        life=WAY_BACK_LIFE,
        address=former.address,
        details={WAY_BACK: "yes"} | ({} if guarded else {UNGUARDED: "yes"}),
        subject=account,
    )
    told = AddressChanged(account_id=account, way_back=way_back.id, at=transaction.now)
    transaction.send(told, origin=account_origin(request, account))
    _note(request, transaction, former, proof, action="account.address_changed")


async def _put_back(request: web.Request, transaction: Transaction, proof: Proof, former: Account) -> None:
    """Whoever changed the address knows the password: it is good no longer, and its owner gets a link."""
    parts, account = request.app[PARTS], former.id
    keys = await _close_other_ways(request, transaction, proof, account)
    await accounts.set_password(transaction.connection, account=account, hashed=None, now=transaction.now)
    await end_what_was_begun(
        transaction, account=account, because=Ending.ADDRESS_CHANGED, ways_back_since=proof.created_at
    )
    reset = await ask(
        transaction,
        parts.sources,
        purpose=ProofPurpose.RESET,
        life=RESET_LIFE,
        details={"address_key": key_of(proof.address or "") or ""},
    )
    transaction.send(RequestReset(proof_id=reset.id), origin=account_origin(request, account))
    action = "account.address_put_back"
    _note(request, transaction, former, proof, action=action, details={"api_keys_revoked": keys})


async def _close_other_ways(
    request: web.Request, transaction: Transaction, proof: Proof, account: AccountId
) -> int:
    """No key works any more, and an account that had no second factor has none again. How many keys did.

    One that had keeps all it has: it was asked for by whoever changed something, and who reads the former
    address's mail has not shown it.
    """
    connection = transaction.connection
    revoked = await api_keys.revoke_all(connection, account=account, now=transaction.now)
    if proof.unguarded and (await second_factors.held(connection, account=account)).any:
        await second_factors.reset(connection, account=account)
        sources, origin = request.app[PARTS].sources, account_origin(request, account)
        note(transaction, sources, origin, account=account, change=FactorChange.RESET)
    return revoked


def _note(
    request: web.Request,
    transaction: Transaction,
    former: Account,
    proof: Proof,
    *,
    action: str,
    details: Mapping[str, Plain] | None = None,
) -> None:
    """Both addresses are kept where they can be erased: staff may have to find out what happened."""
    personal: dict[str, Plain] = {"former": former.address, "address": proof.address}
    record(
        transaction,
        request.app[PARTS].sources,
        account_origin(request, former.id),
        account=former.id,
        action=action,
        details=details,
        personal=personal,
    )


def _form(proof: Proof) -> Form:
    return BACK if proof.way_back else CHANGE
