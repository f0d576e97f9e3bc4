"""A new order, and a change of one: the merchant's words taken apart and checked as the vendor does.

The one rule: amounts add up, or the order is not made.
"""

from collections.abc import Sequence

from bookingd.sandbox.paypal import faults
from bookingd.sandbox.paypal.account import Work
from bookingd.sandbox.paypal.given import Given
from bookingd.sandbox.paypal.records import Money, Order, Unit

INTENTS = ("AUTHORIZE", "CAPTURE")
MOST_UNITS = 10

_ADDED = ("item_total", "tax_total", "shipping", "handling", "insurance")
_TAKEN_OFF = ("shipping_discount", "discount")
_SOURCES = frozenset(
    "apple_pay bancontact blik card eps giropay google_pay ideal mybank p24 paypal sofort token trustly"
    " venmo".split()
)


def new_order(work: Work, given: Given) -> Order:
    """The order that a merchant asks for. Raises the vendor's refusal."""
    intent = given.one_of("intent", INTENTS)
    if intent is None:
        raise given.missing("intent")
    units = read_units(given, intent)
    wallet = given.has("payment_source")
    context = _context(given)
    return Order(
        id=work.new_id(),
        origin=work.origin,
        intent=intent,
        status="PAYER_ACTION_REQUIRED" if wallet else "CREATED",
        created=work.now,
        updated=work.now,
        units=units,
        wallet=wallet,
        return_url=_address(context, "return_url"),
        cancel_url=_address(context, "cancel_url"),
        brand=context.text("brand_name"),
        pay_now=context.one_of("user_action", ("CONTINUE", "PAY_NOW")) == "PAY_NOW",
    )


def _context(given: Given) -> Given:
    """Where the buyer comes from and goes back to: in the wallet's own words, or in those for all sources."""
    if not given.has("payment_source"):
        return given.group("application_context")
    source = given.group("payment_source")
    unknown = set(source.values) - _SOURCES
    if unknown or not source.values:
        raise faults.invalid("INVALID_PARAMETER_VALUE", field=source.pointer)
    if not source.has("paypal"):
        raise faults.Fault(422, faults.Detail(issue="PAYMENT_SOURCE_CANNOT_BE_USED", field=source.pointer))
    return source.group("paypal").group("experience_context")


def _address(context: Given, name: str) -> str | None:
    url = context.text(name, longest=4000)
    if url is not None and not url.startswith(("http://", "https://")):
        raise faults.invalid("INVALID_PARAMETER_SYNTAX", field=context.field(name), value=url[:255])
    return url


def read_units(given: Given, intent: str) -> tuple[Unit, ...]:
    """The purchase units of an order."""
    found = given.groups("purchase_units")
    if not found:
        issue = "INVALID_ARRAY_MIN_ITEMS" if given.has("purchase_units") else "MISSING_REQUIRED_PARAMETER"
        raise faults.invalid(issue, field=given.field("purchase_units"))
    if len(found) > MOST_UNITS:
        raise faults.invalid("INVALID_ARRAY_MAX_ITEMS", field=given.field("purchase_units"))
    units = tuple(read_unit(each, alone=len(found) == 1) for each in found)
    check_together(units, intent)
    return units


def check_together(units: Sequence[Unit], intent: str) -> None:
    """Whether purchase units can be one order. Raises the vendor's refusal."""
    if intent == "AUTHORIZE" and len(units) > 1:
        raise faults.refused("UNSUPPORTED_INTENT", field="/intent", value=intent)
    if len({unit.reference_id for unit in units}) < len(units):
        raise faults.refused("DUPLICATE_REFERENCE_ID", field="/purchase_units")
    if len({unit.amount.currency for unit in units}) > 1:
        raise faults.refused("MULTI_CURRENCY_ORDER", field="/purchase_units")


def read_unit(given: Given, *, alone: bool = True) -> Unit:
    """One purchase unit."""
    reference = given.text("reference_id", longest=256)
    if reference is None and not alone:
        raise faults.refused("REFERENCE_ID_REQUIRED", field=given.field("reference_id"))
    amount, breakdown = read_amount(given.group("amount"), given)
    items = given.groups("items")
    check_items(items, amount, breakdown)
    return Unit(
        reference_id=reference or "default",
        amount=amount,
        breakdown=breakdown,
        description=given.text("description"),
        custom_id=given.text("custom_id"),
        invoice_id=given.text("invoice_id"),
        soft_descriptor=given.text("soft_descriptor", longest=22),
        items=tuple(each.values for each in items),
    )


def read_amount(amount: Given, unit: Given) -> tuple[Money, dict[str, Money]]:
    """An amount and what it is made of."""
    if not amount.values:
        raise unit.missing("amount")
    total = amount.as_money()
    given = amount.group("breakdown")
    breakdown = {}
    for name in (*_ADDED, *_TAKEN_OFF):
        part = given.money(name, zero=True)
        if part is not None:
            breakdown[name] = part
    if any(part.currency != total.currency for part in breakdown.values()):
        raise faults.refused("MULTI_CURRENCY_ORDER", field=given.pointer)
    if breakdown and _sum(breakdown) != total.units:
        raise faults.refused("AMOUNT_MISMATCH", field=amount.field("value"), value=amount.values["value"])
    return total, breakdown


def _sum(breakdown: dict[str, Money]) -> int:
    added = sum(breakdown[name].units for name in _ADDED if name in breakdown)
    return added - sum(breakdown[name].units for name in _TAKEN_OFF if name in breakdown)


def check_items(items: Sequence[Given], amount: Money, breakdown: dict[str, Money]) -> None:
    """Items are worth what the breakdown says."""
    if not items:
        return
    prices = taxes = 0
    taxed = False
    for item in items:
        item.required("name")
        price, tax, quantity = (
            item.money("unit_amount", zero=True),
            item.money("tax", zero=True),
            _quantity(item),
        )
        if price is None:
            raise item.missing("unit_amount")
        if {price.currency, (tax or price).currency} != {amount.currency}:
            raise faults.refused("MULTI_CURRENCY_ORDER", field=item.pointer)
        prices += price.units * quantity
        taxes += 0 if tax is None else tax.units * quantity
        taxed = taxed or tax is not None
    _check_part(breakdown, "item_total", prices, "ITEM_TOTAL", wanted=True)
    _check_part(breakdown, "tax_total", taxes, "TAX_TOTAL", wanted=taxed)


def _check_part(breakdown: dict[str, Money], name: str, units: int, issue: str, *, wanted: bool) -> None:
    if not wanted:
        return
    if name not in breakdown:
        raise faults.refused(f"{issue}_REQUIRED", field=f"/purchase_units/0/amount/breakdown/{name}")
    if breakdown[name].units != units:
        raise faults.refused(f"{issue}_MISMATCH", field=f"/purchase_units/0/amount/breakdown/{name}")


def _quantity(item: Given) -> int:
    text = item.required("quantity", longest=10)
    if not text.isascii() or not text.isdigit() or text.startswith("0"):
        raise faults.invalid("INVALID_PARAMETER_SYNTAX", field=item.field("quantity"), value=text)
    return int(text)
