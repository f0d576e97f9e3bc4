"""Transaction search: what went in and out, for who compares books.

Not in the API descriptions at hand: made from the vendor's public reference of Transaction Search v1.

The one rule: every movement of money is one transaction; what only holds money is none.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from bookingd.sandbox.paypal import faults, render, wire
from bookingd.sandbox.paypal.account import Account
from bookingd.sandbox.paypal.amounts import text
from bookingd.sandbox.paypal.background import Background
from bookingd.sandbox.paypal.payments import GOT
from bookingd.sandbox.paypal.performing import Performer
from bookingd.sandbox.paypal.records import Capture, Refund

LONGEST = timedelta(days=31)
"""The most that may be asked for at a time."""

_PAGE, _LARGEST_PAGE = 100, 500

# Transaction event codes, of the reference: a payment by checkout, a refund of one, a reversal.
_PAYMENT, _REFUND, _REVERSAL = "T0006", "T1107", "T1106"

_STATUS = {"PENDING": "P", "DECLINED": "D", "REFUNDED": "V", "FAILED": "D"}


class Reports:
    """`/v1/reporting/transactions`."""

    def __init__(
        self, background: Background, performer: Performer, written: wire.Wire, *, permitted: bool
    ) -> None:
        self._background = background
        self._account = background.account
        self._performer = performer
        self._wire = written
        self._permitted = permitted

    def add_to(self, router: web.UrlDispatcher) -> None:
        router.add_get("/v1/reporting/transactions", self._search)

    async def _search(self, request: web.Request) -> web.StreamResponse:
        def answer() -> web.Response:
            if not self._permitted:
                raise faults.forbidden()
            return self._wire.json(200, self._page(request))

        return await self._performer.answer(request, "list", answer)

    def _page(self, request: web.Request) -> dict[str, Any]:
        begin, end = _time(request, "start_date"), _time(request, "end_date")
        if end < begin or end - begin > LONGEST:
            raise faults.invalid("INVALID_PARAMETER_VALUE", field="end_date", value=request.query["end_date"])
        page = _number(request, "page", 1, 10**6)
        size = _number(request, "page_size", _PAGE, _LARGEST_PAGE)
        now = self._background.clock.now()
        found = [each for each in _all(self._account, begin, min(end, now)) if _fits(request, each)]
        return {
            "transaction_details": found[(page - 1) * size : page * size],
            "account_number": render.PAYEE["merchant_id"],
            "start_date": _written(begin),
            "end_date": _written(end),
            "last_refreshed_datetime": _written(now),
            "page": page,
            "total_items": len(found),
            "total_pages": max(1, -(-len(found) // size)),
            "links": [],
        }


def _time(request: web.Request, name: str) -> datetime:
    value = request.query.get(name)
    if value is None:
        raise faults.invalid("MISSING_REQUIRED_PARAMETER", field=name)
    try:
        found = datetime.fromisoformat(value)
    except ValueError as error:
        raise faults.invalid("INVALID_PARAMETER_SYNTAX", field=name, value=value) from error
    if found.tzinfo is None:
        raise faults.invalid("INVALID_PARAMETER_SYNTAX", field=name, value=value)
    return found


def _number(request: web.Request, name: str, default: int, most: int) -> int:
    value = request.query.get(name, str(default))
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= most:
        raise faults.invalid("INVALID_PARAMETER_VALUE", field=name, value=value)
    return int(value)


def _written(at: datetime) -> str:
    """`2026-11-22T12:00:00+0000`."""
    return at.strftime("%Y-%m-%dT%H:%M:%S%z")


def _fits(request: web.Request, found: dict[str, Any]) -> bool:
    info = found["transaction_info"]
    wanted = {
        "transaction_id": info["transaction_id"],
        "transaction_status": info["transaction_status"],
        "transaction_type": info["transaction_event_code"],
        "transaction_currency": info["transaction_amount"]["currency_code"],
    }
    return all(request.query.get(name) in {None, value} for name, value in wanted.items())


def _all(account: Account, begin: datetime, end: datetime) -> Iterator[dict[str, Any]]:
    movements: list[Capture | Refund] = [*account.captures.values(), *account.refunds.values()]
    for each in sorted(movements, key=lambda movement: movement.created):
        if begin <= each.created <= end:
            yield {"transaction_info": _info(account, each)}


def _info(account: Account, thing: Capture | Refund) -> dict[str, Any]:
    capture = thing if isinstance(thing, Capture) else account.captures[thing.capture]
    buyer = account.orders[capture.order].buyer
    incoming = isinstance(thing, Capture)
    currency, units = thing.amount.currency, thing.amount.units if incoming else -thing.amount.units
    told = {
        "paypal_account_id": None if buyer is None else buyer.payer_id,
        "transaction_id": thing.id,
        "paypal_reference_id": capture.authorization or capture.order if incoming else capture.id,
        "paypal_reference_id_type": "TXN",
        "transaction_event_code": _code(thing),
        "transaction_initiation_date": _written(thing.created),
        "transaction_updated_date": _written(thing.updated),
        "transaction_amount": {"currency_code": currency, "value": text(currency, units)},
        "fee_amount": _fee(thing),
        "transaction_status": _STATUS.get(thing.status, "S"),
        "invoice_id": thing.invoice_id,
        "custom_field": thing.custom_id,
        "protection_eligibility": "01",
    }
    return {name: value for name, value in told.items() if value is not None}


def _code(thing: Capture | Refund) -> str:
    if isinstance(thing, Capture):
        return _PAYMENT
    return _REVERSAL if thing.reversal else _REFUND


def _fee(thing: Capture | Refund) -> dict[str, str] | None:
    if not isinstance(thing, Capture) or thing.status not in GOT:
        return None
    currency = thing.amount.currency
    return {"currency_code": currency, "value": text(currency, -thing.fee)}
