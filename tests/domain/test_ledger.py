from dataclasses import replace
from uuid import UUID

from bookingd.domain import ledger
from bookingd.domain.money import Money
from bookingd.domain.prices import LineKind, Price, PriceLine
from tests import factories

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


def sold(lines: tuple[PriceLine, ...]) -> list[tuple[str, str, int]]:
    item = factories.item()
    item = replace(item, offer=replace(item.offer, price=Price(currency="EUR", lines=lines)))
    entries = ledger.sale(factories.booking(items=(item,)), journal=JOURNAL)
    return [(entry.debit, entry.credit, entry.amount.amount) for entry in entries]
