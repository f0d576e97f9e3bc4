"""The people whom an account books for: kept, looked at, changed and forgotten, by their account alone."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from aiohttp import hdrs, web

from bookingd.domain.accounts.travellers import (
    MOST_TRAVELLERS,
    DocumentType,
    Loyalty,
    SavedTraveller,
    TravelDocument,
    TravellerData,
    check,
    compact,
    tidy,
)
from bookingd.domain.ids import TravellerId
from bookingd.storage import travellers
from bookingd.storage.database import Connection
from bookingd.storage.transactions import Transaction
from handlers.accounts.changes import account_of
from handlers.accounts.trail import record
from handlers.accounts.traveller_requests import NewTraveller, TravellerChange
from handlers.accounts.traveller_views import Travellers, traveller_view
from handlers.bodies import json_body
from handlers.cursors import read_cursor, write_cursor
from handlers.edits import changed_meanwhile, check_match, check_match_if_given, etag_of
from handlers.errors import FieldError, Problem, invalid, not_found
from handlers.fields import load_query
from handlers.gate import who_of
from handlers.once import claim_of, made_before, remember
from handlers.parts import PARTS
from handlers.principals import origin_of, session_required
from handlers.reply import json_reply
from handlers.requests import Page, schema

HERE = "/v1/me/travellers"


async def list_travellers(request: web.Request) -> web.Response:
    """A page of them, with numbers masked: it is for choosing."""
    asked, parts = load_query(schema(Page), request.query), request.app[PARTS]
    after, limit = read_cursor(asked["cursor"]), asked["limit"]
    async with parts.database.connection() as connection:
        found = await travellers.page(
            connection,
            keyring=parts.accounts.keyring,
            account=account_of(request),
            after=after,
            limit=limit + 1,
        )
    shown, more = found[:limit], len(found) > limit
    following = write_cursor(shown[-1].created_at, shown[-1].id) if more else None
    listed = tuple(traveller_view(one, whole=False) for one in shown)
    return json_reply(Travellers(travellers=listed, next=following))


async def traveller(request: web.Request) -> web.Response:
    """One of them, whole."""
    async with request.app[PARTS].database.connection() as connection:
        return _answer(await _own(request, connection, request.match_info["traveller_id"]))


async def add_traveller(request: web.Request) -> web.Response:
    """One more."""
    asked, given = await json_body(request, NewTraveller)
    parts, account, claim = request.app[PARTS], account_of(request), claim_of(request, given)
    async with parts.transactions.begin() as transaction:
        connection = transaction.connection
        if (before := await made_before(connection, claim)) is not None:
            return _answer(await _own(request, connection, before), status=201)
        data = _data(asked)
        _judge(data, now=transaction.now, new=data.documents)
        if not await travellers.keep(connection, account=account):
            raise session_required("This account is not open.")
        if await travellers.count(connection, account=account) >= MOST_TRAVELLERS:
            raise Problem("limit-reached", f"An account keeps {MOST_TRAVELLERS} travellers at most.")
        made = await travellers.add(
            connection,
            keyring=parts.accounts.keyring,
            traveller=TravellerId(parts.sources.ids.new()),
            account=account,
            data=data,
            now=transaction.now,
        )
        await remember(transaction, claim, made=str(made.id), location=f"{HERE}/{made.id}")
        _note(request, transaction, "account.traveller_added", made.id, asked)
    return _answer(made, status=201)


async def change_traveller(request: web.Request) -> web.Response:
    """Another name, birth date, other documents or loyalty numbers."""
    asked, _ = await json_body(request, TravellerChange)
    parts = request.app[PARTS]
    async with parts.transactions.begin() as transaction:
        connection = transaction.connection
        former = await _own(request, connection, request.match_info["traveller_id"])
        check_match(request, former.version)
        data = replace(former.data, **_read(asked))
        new = [one for one in data.documents if one not in former.data.documents]
        _judge(data, now=transaction.now, new=new)
        version = await travellers.change(
            connection, keyring=parts.accounts.keyring, former=former, data=data, now=transaction.now
        )
        present = await _own(request, connection, str(former.id))
        if version is None:
            raise changed_meanwhile(present.version)
        _note(request, transaction, "account.traveller_changed", former.id, asked)
    return _answer(present)


async def remove_traveller(request: web.Request) -> web.Response:
    """One less; bookings that were made for them stay as they are."""
    async with request.app[PARTS].transactions.begin() as transaction:
        wanted, connection = _named(request.match_info["traveller_id"]), transaction.connection
        version = await _version(request, connection, wanted)
        check_match_if_given(request, version)
        if not await travellers.remove(connection, traveller=wanted, version=version):
            raise changed_meanwhile(await _version(request, connection, wanted))
        _note(request, transaction, "account.traveller_removed", wanted, {})
    return web.Response(status=204)


async def _own(request: web.Request, connection: Connection, named: str) -> SavedTraveller:
    """The account's traveller of that id. Raises Problem: another's looks like none."""
    wanted = _named(named)
    found = await travellers.of_account(
        connection,
        keyring=request.app[PARTS].accounts.keyring,
        account=account_of(request),
        ids=[wanted],
    )
    if wanted not in found:
        raise not_found()
    return found[wanted]


async def _version(request: web.Request, connection: Connection, wanted: TravellerId) -> int:
    """Of the account's traveller. Raises Problem."""
    version = await travellers.version_of(connection, account=account_of(request), traveller=wanted)
    if version is None:
        raise not_found()
    return version


def _named(text: str) -> TravellerId:
    try:
        return TravellerId(UUID(text))
    except ValueError as error:
        raise not_found() from error


def _data(asked: Mapping[str, Any]) -> TravellerData:
    return TravellerData(**_read(asked))


def _read(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What was sent, as values of the trade."""
    read = dict(asked)
    for name in {"name", "given_name", "surname"} & read.keys():
        read[name] = tidy(read[name])
    if "documents" in read:
        read["documents"] = tuple(map(_document, read["documents"]))
    if "loyalty" in read:
        read["loyalty"] = tuple(
            Loyalty(programme=compact(one["programme"]), number=compact(one["number"]))
            for one in read["loyalty"]
        )
    return read


def _document(given: Mapping[str, Any]) -> TravelDocument:
    nationality = given["nationality"]
    return TravelDocument(
        type=DocumentType(given["type"]),
        number=compact(given["number"]),
        issuing_country=compact(given["issuing_country"]),
        nationality=compact(nationality) if nationality else None,
        expires_on=given["expires_on"],
    )


def _judge(data: TravellerData, *, now: datetime, new: Sequence[TravelDocument]) -> None:
    problems = check(data, today=now.astimezone(UTC).date(), new=new)
    if problems:
        raise invalid(*(FieldError(field=one.field, code=one.code, message=one.message) for one in problems))


def _note(
    request: web.Request,
    transaction: Transaction,
    action: str,
    traveller_id: TravellerId,
    asked: Mapping[str, Any],
) -> None:
    """Which traveller, and what of them was written; not what was written."""
    record(
        transaction,
        request.app[PARTS].sources,
        origin_of(request, who_of(request).principal),
        account=account_of(request),
        action=action,
        details={"traveller": str(traveller_id), "written": sorted(asked)},
    )


def _answer(saved: SavedTraveller, *, status: int = 200) -> web.Response:
    headers: dict[str, str] = {hdrs.ETAG: etag_of(saved.version)}
    if status == 201:
        headers[hdrs.LOCATION] = f"{HERE}/{saved.id}"
    return json_reply(traveller_view(saved, whole=True), status=status, headers=headers)
