"""What PayPal's own books say: disputes, and transactions of the account, in our words."""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType

from bookingd.domain.money import Money
from bookingd.gateways.paypal_amounts import CURRENCIES, ours
from bookingd.gateways.paypal_orders import Thing, our_id, time
from bookingd.gateways.paypal_outcomes import NotPermitted
from bookingd.gateways.paypal_wire import PayPalWire, at, understood
from bookingd.gateways.port import Dispute, DisputeStatus, Posting, PostingKind
from bookingd.outcomes import Refused

DISPUTES = "/v1/customer/disputes"
TRANSACTIONS = "/v1/reporting/transactions"

SMALLEST_RANGE = timedelta(minutes=10)
"""Of a search that has too many results in one piece: ten thousand in less than this are no agency's."""

LONGEST_RANGE = timedelta(days=31)
"""Of one search (guide of the transaction search)."""

PAGE = 500
"""Transactions a page: the most that PayPal gives."""

# developer.paypal.com/docs/disputes, read 2026-11.
_LOST = frozenset({"RESOLVED_BUYER_FAVOUR", "ACCEPTED"})
_WAITS_FOR_US = frozenset({"OPEN", "WAITING_FOR_SELLER_RESPONSE"})

# developer.paypal.com/docs/reports/reference/tcodes, read 2026-11. What is not here (transfers to a bank,
# conversions, holds of the account) moves no payment's money.
_CODES: Mapping[str, PostingKind] = MappingProxyType(
    {
        "T0006": PostingKind.CAPTURE,
        "T1107": PostingKind.REFUND,
        "T1106": PostingKind.DISPUTE,
        "T1201": PostingKind.DISPUTE,
        "T1202": PostingKind.DISPUTE_WON,
    }
)

_MOVED = frozenset({"S", "V"})
"""Transaction statuses: successful, or reversed later, by a movement of its own. Pending and denied moved
nothing.
"""


class PayPalBooks:
    """Reads them, where the account may."""

    def __init__(self, wire: PayPalWire, *, search: bool) -> None:
        """`search`: whether the account's transactions may be searched."""
        self._wire = wire
        self._search = search

    async def disputes(self, capture: str) -> list[Dispute]:
        """Of a capture, each in full: a list says neither how one ended nor until when we may speak."""
        try:
            ids = await self._ids(capture)
            found = [await self._wire.read("disputes", at(DISPUTES, one)) for one in ids]
        except NotPermitted as error:
            raise Refused("not_permitted", str(error)) from error
        return [understood("disputes", dispute, one, deed=False) for one in found]

    async def _ids(self, capture: str) -> list[str]:
        listed = await self._wire.read("disputes", DISPUTES, {"disputed_transaction_id": capture})
        return understood("disputes", _dispute_ids, listed, deed=False)

    async def statement(self, *, since: datetime, until: datetime) -> AsyncIterator[Posting]:
        """Postings at or after `since` and before `until`."""
        if not self._search:
            raise Refused("not_supported", "paypal.transaction_search is off: PayPal's books are not read")
        for begin, end in ranges(since, until):
            async for transaction in self._transactions(begin, end):
                for told in understood("statement", postings, transaction, deed=False):
                    if since <= told.at < until:
                        yield await self._named(told)

    async def _named(self, told: Posting) -> Posting:
        """A transaction does not say which dispute moved its money: disputes do. Whose account may not see
        them reads of the transaction.
        """
        if told.kind not in {PostingKind.DISPUTE, PostingKind.DISPUTE_WON}:
            return told
        try:
            async with self._wire.within("disputes", deed=False):
                ids = await self._ids(told.gateway_reference)
        except NotPermitted:
            return told
        return replace(told, own_reference=ids[0]) if ids else told

    async def _transactions(self, since: datetime, until: datetime) -> AsyncIterator[Thing]:
        """In halves where PayPal finds too many at once."""
        try:
            page = await self._page(since, until, 1)
        except Refused as refused:
            if refused.code != "resultset_too_large" or until - since < SMALLEST_RANGE:
                raise
            half = since + (until - since) / 2
            for begin, end in ((since, half), (half, until)):
                async for transaction in self._transactions(begin, end):
                    yield transaction
            return
        for number in range(2, _pages(page) + 2):
            for transaction in page.get("transaction_details") or ():
                yield transaction
            if number <= _pages(page):
                page = await self._page(since, until, number)

    async def _page(self, since: datetime, until: datetime, number: int) -> Thing:
        wish = {
            "start_date": since.isoformat(timespec="seconds"),
            "end_date": until.isoformat(timespec="seconds"),
            "fields": "transaction_info",
            "page_size": str(PAGE),
            "page": str(number),
        }
        try:
            async with self._wire.within("statement", deed=False):
                return await self._wire.read("statement", TRANSACTIONS, wish)
        except NotPermitted as error:
            told = "PayPal's transaction search is not permitted: set paypal.transaction_search = false"
            raise Refused("not_permitted", f"{told} ({error})") from error


def _dispute_ids(listed: Thing) -> list[str]:
    return [str(one["dispute_id"]) for one in listed.get("items") or ()]


def _pages(page: Thing) -> int:
    return int(page.get("total_pages") or 1)


def dispute(thing: Thing) -> Dispute:
    """A dispute in full."""
    return Dispute(
        gateway_reference=thing["dispute_id"],
        amount=ours(thing["dispute_amount"]),
        reason=str(thing.get("reason") or "OTHER").lower(),
        status=_dispute_status(thing),
        respond_by=time(thing.get("seller_response_due_date")),
    )


def _dispute_status(thing: Thing) -> DisputeStatus:
    if thing["status"] in _WAITS_FOR_US:
        return DisputeStatus.NEEDS_RESPONSE
    if thing["status"] != "RESOLVED":
        return DisputeStatus.UNDER_REVIEW
    outcome = (thing.get("dispute_outcome") or {}).get("outcome_code")
    return DisputeStatus.LOST if outcome in _LOST else DisputeStatus.WON


def ranges(since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The time in pieces that PayPal searches at once, one after the other."""
    while since < until:
        end = min(since + LONGEST_RANGE, until)
        yield since, end
        since = end


def postings(transaction: Thing) -> list[Posting]:
    """What a transaction of the account moved, and the fee that PayPal kept of it; empty for one that moves
    no payment's money.
    """
    told = transaction["transaction_info"]
    kind = _CODES.get(told.get("transaction_event_code"))
    at = time(told.get("transaction_initiation_date"))
    amount = _amount(told.get("transaction_amount"))
    if kind is None or at is None or not amount or told.get("transaction_status") not in _MOVED:
        return []
    moved = Posting(
        kind=kind,
        gateway_reference=_payment(told, kind),
        payment_id=our_id(told.get("custom_field")),
        amount=amount,
        at=at,
        own_reference=told["transaction_id"],
    )
    fee = _amount(told.get("fee_amount"))
    return [moved, replace(moved, kind=PostingKind.FEE, amount=fee)] if fee else [moved]


def _amount(written: Thing | None) -> Money | None:
    """Above zero, whichever way it went; None in a currency that no payment of ours is in."""
    if written is None or written["currency_code"] not in CURRENCIES:
        return None
    amount = ours(written)
    return Money(abs(amount.amount), amount.currency)


def _payment(told: Thing, kind: PostingKind) -> str:
    """A capture is its own; what came after it names the capture that it is about."""
    own: str = told["transaction_id"]
    return own if kind is PostingKind.CAPTURE else str(told.get("paypal_reference_id") or own)
