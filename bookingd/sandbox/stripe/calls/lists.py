"""Lists: newest first, in pages, bounded by the time of making.

The one rule: a list shows what is there at this moment, at once; the vendor's search does not.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from bookingd.sandbox.stripe import faults, render, render_others, render_payments
from bookingd.sandbox.stripe.account import Account
from bookingd.sandbox.stripe.params import Params
from bookingd.sandbox.stripe.records import (
    BalanceTransaction,
    Charge,
    CheckoutSession,
    Customer,
    Dispute,
    Event,
    PaymentIntent,
    PaymentMethod,
    Refund,
    Review,
)

Listed = TypeVar(
    "Listed",
    PaymentIntent,
    Charge,
    Refund,
    Event,
    Customer,
    PaymentMethod,
    CheckoutSession,
    Dispute,
    Review,
    BalanceTransaction,
)

List: TypeAlias = Callable[[Account, str, Params], dict[str, Any]]
"""What a list shows: of this account, below the id in its path ("" where there is none)."""

LARGEST_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    limit: int
    after: str | None
    earliest: int
    latest: int


def payment_intents(account: Account, _id: str, given: Params) -> dict[str, Any]:
    page, customer = _page(given), given.text("customer")
    paths = _expanded(given, "data.latest_charge", "data.payment_method", "data.review")
    given.done()
    if page.after is not None and page.after not in account.intents:
        raise faults.no_such("payment_intent", page.after, param="starting_after", status=400)
    newest = (each for each in account.newest_intents(page.after) if customer in {None, each.customer})
    found, more = _cut(_within(newest, page), page.limit)
    return render.page("/v1/payment_intents", [_intent(account, each, paths) for each in found], more=more)


def _intent(account: Account, intent: PaymentIntent, paths: frozenset[str]) -> dict[str, Any]:
    shown = render_payments.payment_intent(intent)
    if "data.latest_charge" in paths and intent.latest_charge is not None:
        shown["latest_charge"] = render_payments.charge(account.charges[intent.latest_charge])
    if "data.payment_method" in paths and intent.payment_method is not None:
        shown["payment_method"] = render_payments.payment_method(account.methods[intent.payment_method])
    if "data.review" in paths and intent.review is not None:
        shown["review"] = render_others.review(account.reviews[intent.review])
    return shown


def charges(account: Account, _id: str, given: Params) -> dict[str, Any]:
    wanted = _wanted(given, "payment_intent", "customer")
    return _list(given, "/v1/charges", account.charges, _where(wanted, payment_intent="intent"))


def refunds(account: Account, _id: str, given: Params) -> dict[str, Any]:
    page, intent_id, charge_id = _page(given), given.text("payment_intent"), given.text("charge")
    given.done()
    if charge_id is not None:
        intent_id = _charge(account, charge_id).intent
    newest = _after(account.refunds_of(intent_id), page.after)
    return _shown("/v1/refunds", newest, page)


def _charge(account: Account, charge_id: str) -> Charge:
    charge = account.charges.get(charge_id)
    if charge is None:
        raise faults.no_such("charge", charge_id, param="charge")
    return charge


def events(account: Account, _id: str, given: Params) -> dict[str, Any]:
    page, kind = _page(given), given.text("type")
    given.done()
    newest = (each for each in account.newest_events() if kind is None or each.type == kind)
    found, more = _cut(_within(_after(newest, page.after), page), page.limit)
    return render.page("/v1/events", [render.event(each) for each in found], more=more)


def customers(account: Account, _id: str, given: Params) -> dict[str, Any]:
    email = given.text("email")

    def fits(customer: Customer) -> bool:
        return not customer.deleted and email in {None, customer.email}

    return _list(given, "/v1/customers", account.customers, fits)


def payment_methods(account: Account, customer_id: str, given: Params) -> dict[str, Any]:
    """A customer's cards; the customer is in the path or a parameter."""
    url = f"/v1/customers/{customer_id}/payment_methods" if customer_id else "/v1/payment_methods"
    given.one_of("type", ("card",), "card")
    customer = customer_id or given.required("customer")
    if customer not in account.customers:
        raise faults.no_such("customer", customer, param="customer", status=404 if customer_id else 400)
    return _list(given, url, account.methods, lambda method: method.customer == customer)


def sessions(account: Account, _id: str, given: Params) -> dict[str, Any]:
    wanted = _wanted(given, "payment_intent", "customer", "status")
    return _list(given, "/v1/checkout/sessions", account.sessions, _where(wanted, payment_intent="intent"))


def disputes(account: Account, _id: str, given: Params) -> dict[str, Any]:
    wanted = _wanted(given, "payment_intent", "charge")
    return _list(given, "/v1/disputes", account.disputes, _where(wanted, payment_intent="intent"))


def reviews(account: Account, _id: str, given: Params) -> dict[str, Any]:
    """Those that are open: the vendor lists no others."""
    return _list(given, "/v1/reviews", account.reviews, lambda review: review.closed_reason is None)


def movements(account: Account, _id: str, given: Params) -> dict[str, Any]:
    page, wanted = _page(given), _wanted(given, "type", "source", "currency")
    paths, fits = _expanded(given, "data.source"), _where(wanted)
    given.done()
    newest = (each for each in reversed(account.movements.values()) if fits(each))
    found, more = _cut(_within(_after(newest, page.after), page), page.limit)
    shown = [_movement(account, each, paths) for each in found]
    return render.page("/v1/balance_transactions", shown, more=more)


def _movement(account: Account, movement: BalanceTransaction, paths: frozenset[str]) -> dict[str, Any]:
    shown = render_others.balance_transaction(movement)
    shelves: tuple[Mapping[str, Charge | Refund | Dispute], ...] = (
        account.charges,
        account.refunds,
        account.disputes,
    )
    if paths:
        shown["source"] = next(
            render.render(shelf[movement.source]) for shelf in shelves if movement.source in shelf
        )
    return shown


def _wanted(given: Params, *names: str) -> dict[str, str]:
    """The filters that were given."""
    found = {name: given.text(name) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def _where(wanted: Mapping[str, str], **called: str) -> Callable[[Any], bool]:
    """Whether an object is as wanted; `called` says what a record calls what the vendor calls otherwise."""

    def fits(thing: Any) -> bool:
        return all(getattr(thing, called.get(name, name)) == value for name, value in wanted.items())

    return fits


def _list(
    given: Params, url: str, shelf: dict[str, Listed], fits: Callable[[Listed], bool]
) -> dict[str, Any]:
    """What fits of what was made, the latest first."""
    page = _page(given)
    given.done()
    newest = (thing for thing in reversed(shelf.values()) if fits(thing))
    return _shown(url, _after(newest, page.after), page)


def _shown(url: str, newest: Iterator[Any], page: _Page) -> dict[str, Any]:
    found, more = _cut(_within(newest, page), page.limit)
    return render.page(url, [render.render(each) for each in found], more=more)


def _page(given: Params) -> _Page:
    limit = given.integer("limit")
    limit = 10 if limit is None else limit
    if not 1 <= limit <= LARGEST_PAGE:
        raise faults.invalid("limit must be between 1 and 100", param="limit")
    earliest, latest = _bounds(given.group("created") or Params({}))
    return _Page(limit=limit, after=given.text("starting_after"), earliest=earliest, latest=latest)


def _bounds(created: Params) -> tuple[int, int]:
    """The first and the last second of which objects are shown."""
    least, above = created.integer("gte"), created.integer("gt")
    most, below = created.integer("lte"), created.integer("lt")
    created.done()
    earliest = max(least or 0, 0 if above is None else above + 1)
    latest = min(2**62 if most is None else most, 2**62 if below is None else below - 1)
    return earliest, latest


def _expanded(given: Params, *known: str) -> frozenset[str]:
    wanted = given.texts("expand")
    for each in wanted:
        if each not in known:
            raise faults.invalid(f"This property cannot be expanded ({each}).", param="expand")
    return frozenset(wanted)


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
