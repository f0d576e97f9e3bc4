"""Lists: newest first, in pages, bounded by the time of making.

The one rule: a list shows what is there at this moment, at once; the vendor's search does not.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from bookingd.sandbox.stripe import faults, render
from bookingd.sandbox.stripe.account import Account
from bookingd.sandbox.stripe.params import Params
from bookingd.sandbox.stripe.records import Charge, Event, PaymentIntent, Refund

Listed = TypeVar("Listed", PaymentIntent, Refund, Event)

LARGEST_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    limit: int
    after: str | None
    earliest: int
    latest: int


def payment_intents(account: Account, given: Params) -> dict[str, Any]:
    page, full = _page(given), _expanded(given, "data.latest_charge")
    given.done()
    if page.after is not None and page.after not in account.intents:
        raise faults.no_such("payment_intent", page.after, param="starting_after", status=400)
    found, more = _cut(_within(account.newest_intents(page.after), page), page.limit)
    return render.page("/v1/payment_intents", [_intent(account, each, full) for each in found], more=more)


def refunds(account: Account, given: Params) -> dict[str, Any]:
    page, intent_id, charge_id = _page(given), given.text("payment_intent"), given.text("charge")
    given.done()
    if charge_id is not None:
        intent_id = _charge(account, charge_id).intent
    newest = _after(account.refunds_of(intent_id), page.after)
    found, more = _cut(_within(newest, page), page.limit)
    return render.page("/v1/refunds", [render.refund(each) for each in found], more=more)


def events(account: Account, given: Params) -> dict[str, Any]:
    page, kind = _page(given), given.text("type")
    given.done()
    newest = (each for each in account.newest_events() if kind is None or each.type == kind)
    found, more = _cut(_within(_after(newest, page.after), page), page.limit)
    return render.page("/v1/events", [render.event(each) for each in found], more=more)


def _charge(account: Account, charge_id: str) -> Charge:
    charge = account.charges.get(charge_id)
    if charge is None:
        raise faults.no_such("charge", charge_id, param="charge")
    return charge


def _page(given: Params) -> _Page:
    limit = given.integer("limit")
    limit = 10 if limit is None else limit
    if not 1 <= limit <= LARGEST_PAGE:
        raise faults.invalid("limit must be between 1 and 100", param="limit")
    created = given.group("created") or Params({})
    earliest, latest = created.integer("gte"), created.integer("lte")
    created.done()
    return _Page(
        limit=limit,
        after=given.text("starting_after"),
        earliest=earliest or 0,
        latest=2**62 if latest is None else latest,
    )


def _expanded(given: Params, path: str) -> bool:
    wanted = given.texts("expand")
    for each in wanted:
        if each != path:
            raise faults.invalid(f"This property cannot be expanded ({each}).", param="expand")
    return bool(wanted)


def _intent(account: Account, intent: PaymentIntent, full: bool) -> dict[str, Any]:
    shown = render.payment_intent(intent)
    if full and intent.latest_charge is not None:
        shown["latest_charge"] = render.charge(account.charges[intent.latest_charge])
    return shown


def _after(newest: Iterable[Listed], thing_id: str | None) -> Iterator[Listed]:
    found = iter(newest)
    if thing_id is not None:
        for each in found:
            if each.id == thing_id:
                break
    return found


def _within(newest: Iterable[Listed], page: _Page) -> Iterator[Listed]:
    for each in newest:
        if each.created < page.earliest:
            return
        if each.created <= page.latest:
            yield each


def _cut(found: Iterator[Listed], limit: int) -> tuple[list[Listed], bool]:
    """The first `limit` of them, and whether there are more."""
    first = [each for _, each in zip(range(limit), found, strict=False)]
    return first, len(first) == limit and next(found, None) is not None
