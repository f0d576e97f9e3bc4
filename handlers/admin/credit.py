"""Clients on account, as staff look after them: how much they may owe, and what they have paid of it."""

from typing import Annotated
from uuid import UUID

from aiohttp import hdrs, web
from msgspec import Meta

from bookingd.domain.audit import Subject
from bookingd.domain.ids import AccountId
from bookingd.domain.money import EXPONENTS, Money
from bookingd.storage import accounts, credit
from bookingd.storage.credit import CreditLine
from bookingd.storage.database import Connection
from handlers.admin.money_requests import NewCreditLine, NewSettlement
from handlers.admin.receipts import check_day
from handlers.admin.trail import write_down
from handlers.bodies import json_body
from handlers.edits import changed_meanwhile, check_match, etag_of
from handlers.errors import Problem, not_found
from handlers.fields import refuse
from handlers.gate import who_of
from handlers.parts import PARTS
from handlers.reply import json_reply
from handlers.views import Amount, View, amount


class CreditLineView(View, frozen=True, kw_only=True):
    """Up to how much a client may owe, and how much it is now."""

    most: Amount
    used: Annotated[Amount, Meta(description="Held and owed, less what was paid. Below nothing: paid ahead.")]
    days: Annotated[int, Meta(description="After how many days they pay.")]
    etag: Annotated[str, Meta(description="For If-Match.")]


async def show_line(request: web.Request) -> web.Response:
    """The client's line; who looked is written down (P11)."""
    account = account_in(request)
    async with request.app[PARTS].transactions.begin() as transaction:
        connection = transaction.connection
        line = await credit.line(connection, owner=_owner(account))
        if line is None:
            raise not_found()
        write_down(request, transaction, "credit.line_read", Subject.of("account", account), {})
        return _answer(line, await credit.used(connection, owner=_owner(account)))


async def set_line(request: web.Request) -> web.Response:
    """Open the client's line, or change it: what they owe already stays owed."""
    asked, _ = await json_body(request, NewCreditLine)
    account, who = account_in(request), who_of(request)
    most = Money(asked["most"]["amount"], asked["most"]["currency"])
    async with request.app[PARTS].transactions.begin() as transaction:
        connection = transaction.connection
        await _check_account(connection, account)
        former = await credit.lock(connection, owner=_owner(account))
        _check_currency(former, most)
        if former is not None:
            check_match(request, former.version)
        version = await credit.set_line(
            connection,
            owner=_owner(account),
            most=most,
            days=asked["days"],
            version=former.version if former else 0,
            by=who.acting,
            now=transaction.now,
        )
        if version is None:
            raise changed_meanwhile(former.version if former else 1)
        told = {"most": most.amount, "currency": most.currency, "days": asked["days"]}
        write_down(request, transaction, "credit.line_set", Subject.of("account", account), told)
        used = await credit.used(connection, owner=_owner(account))
    line = CreditLine(most=most, days=asked["days"], version=version)
    return _answer(line, used, status=200 if former else 201)


async def record_settlement(request: web.Request) -> web.Response:
    """The client has paid so much of what they owe."""
    asked, _ = await json_body(request, NewSettlement)
    check_day(request, "paid_on", asked["paid_on"])
    account, parts, who = account_in(request), request.app[PARTS], who_of(request)
    paid = Money(asked["amount"]["amount"], asked["amount"]["currency"])
    async with parts.transactions.begin() as transaction:
        connection = transaction.connection
        line = await credit.lock(connection, owner=_owner(account))
        if line is None:
            raise not_found()
        if paid.currency != line.most.currency:
            raise refuse("amount.currency", "other_currency", f"The line is in {line.most.currency}.")
        if not await credit.settle(
            connection,
            settlement_id=parts.sources.ids.new(),
            owner=_owner(account),
            amount=paid,
            received_on=asked["paid_on"],
            proof=asked["proof"],
            by=who.acting,
            now=transaction.now,
        ):
            raise Problem("already-recorded", f"{asked['proof']} was recorded before.")
        told = {"amount": paid.amount, "currency": paid.currency, "proof": asked["proof"]}
        write_down(request, transaction, "credit.settled", Subject.of("account", account), told)
        used = await credit.used(connection, owner=_owner(account))
    return _answer(line, used, status=201)


def account_in(request: web.Request) -> AccountId:
    """The account that the address names. Raises Problem."""
    try:
        return AccountId(UUID(request.match_info["account_id"]))
    except ValueError as error:
        raise not_found() from error


def _owner(account: AccountId) -> str:
    return f"account:{account}"


async def _check_account(connection: Connection, account: AccountId) -> None:
    if await accounts.by_id(connection, account=account) is None:
        raise not_found()


def _check_currency(former: CreditLine | None, most: Money) -> None:
    if most.currency not in EXPONENTS:
        raise refuse("most.currency", "unknown_currency", "This has to be a code of ISO 4217, such as EUR.")
    if former is not None and former.most.currency != most.currency:
        told = f"What they owe is in {former.most.currency}, and so is their line for good."
        raise refuse("most.currency", "other_currency", told)


def _answer(line: CreditLine, used: int, *, status: int = 200) -> web.Response:
    etag = etag_of(line.version)
    shown = CreditLineView(
        most=amount(line.most), used=amount(Money(used, line.most.currency)), days=line.days, etag=etag
    )
    return json_reply(shown, status=status, headers={hdrs.ETAG: etag})
