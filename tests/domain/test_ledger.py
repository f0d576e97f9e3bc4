from collections import Counter
from dataclasses import replace
from uuid import UUID

from bookingd.domain import ledger
from bookingd.domain.conversion import converted
from bookingd.domain.money import Money
from bookingd.domain.prices import LineKind, Price, PriceLine
from tests import factories
from tests.rates import frozen

JOURNAL = UUID(int=7)


def test_every_line_of_every_item_is_sold_and_commission_comes_from_the_supplier() -> None:
    north = factories.item(1, supplier="north")
    south = factories.item(2, supplier="south")
    south = replace(south, offer=replace(south.offer, price=factories.price(commission=300)))

    entries = ledger.sale(factories.booking(items=(north, south)), journal=JOURNAL)

    moved = {(entry.debit, entry.credit): entry.amount.amount for entry in entries if "south" in str(entry)}
    assert moved == {("customers", "supplier:south"): 8_000, ("supplier:south", "revenue:commission"): 300}
    paid = sum(entry.amount.amount for entry in entries if entry.debit == ledger.CUSTOMERS)
    assert paid == factories.booking(items=(north, south)).total.amount


def test_lines_between_the_same_accounts_are_one_entry() -> None:
    lines = (
        PriceLine(kind=LineKind.NET, each=Money(10_000, "EUR"), count=1),
        PriceLine(kind=LineKind.TAX, each=Money(700, "EUR"), count=2),
        PriceLine(kind=LineKind.NET, each=Money(-500, "EUR"), count=2),
    )

    assert sold(lines) == [
        ("customers", "supplier:inventory", 9_000),
        ("customers", "taxes", 1_400),
    ]


def test_a_discount_goes_the_other_way_and_what_comes_to_nothing_nowhere() -> None:
    """The books know no amounts below zero, and none of zero."""
    lines = (
        PriceLine(kind=LineKind.NET, each=Money(10_000, "EUR"), count=1),
        PriceLine(kind=LineKind.MARKUP, each=Money(-500, "EUR"), count=2),
        PriceLine(kind=LineKind.TAX, each=Money(300, "EUR"), count=1),
        PriceLine(kind=LineKind.TAX, each=Money(-300, "EUR"), count=1),
    )

    assert sold(lines) == [
        ("customers", "supplier:inventory", 10_000),
        ("revenue:markup", "customers", 1_000),
    ]


def test_a_cancellation_undoes_the_sale_but_for_what_is_kept() -> None:
    booking = replace(factories.booking(), kept=Money(2_000, "EUR"))
    balances: Counter[str] = Counter()

    for entry in (*ledger.sale(booking, journal=JOURNAL), *ledger.cancellation(booking, journal=JOURNAL)):
        balances[entry.debit] -= entry.amount.amount
        balances[entry.credit] += entry.amount.amount

    assert {account: amount for account, amount in balances.items() if amount} == {
        "customers": -2_000,
        "revenue:cancellation": 2_000,
    }


def test_what_is_paid_at_the_property_is_not_in_the_books() -> None:
    assert sold(factories.price_at_property().lines) == []


def sold(lines: tuple[PriceLine, ...]) -> list[tuple[str, str, int]]:
    item = factories.item()
    item = replace(item, offer=replace(item.offer, price=Price(currency="EUR", lines=lines)))
    entries = ledger.sale(factories.booking(items=(item,)), journal=JOURNAL)
    return [(entry.debit, entry.credit, entry.amount.amount) for entry in entries]


def test_what_is_owed_to_a_supplier_stays_in_its_currency_and_what_we_earn_is_in_the_sales() -> None:
    item = factories.item()
    (offer,) = converted([replace(item.offer, price=factories.price(commission=300))], frozen())
    booking = factories.booking(items=(replace(item, offer=offer),))

    entries = ledger.sale(booking, journal=JOURNAL)

    moved = {(entry.debit, entry.credit): str(entry.amount) for entry in entries}
    # 80, 10, 5 and 5 euros, each at 1.0876 and 2 per cent
    assert moved == {
        ("customers", "exchange"): "94.30 USD",  # 88.75 for the fare, 5.55 for taxes
        ("exchange", "supplier:inventory"): "80.00 EUR",
        ("exchange", "taxes"): "5.00 EUR",
        ("customers", "revenue:markup"): "11.09 USD",
        ("customers", "revenue:service_fee"): "5.55 USD",
        ("supplier:inventory", "revenue:commission"): "3.00 EUR",
    }
    paid = [entry.amount for entry in entries if entry.debit == ledger.CUSTOMERS]
    assert sum(amount.amount for amount in paid) == booking.total.amount
    assert {amount.currency for amount in paid} == {"USD"}
