"""One price for a flight and a stay: the lines of both, and what the pair costs less."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bookingd.domain.conversion import converted
from bookingd.domain.money import CurrencyMismatch, Money
from bookingd.domain.package_prices import compose_package, flown, package_context, sold_on, stayed
from bookingd.domain.price_matches import Endpoint, Match, Product
from bookingd.domain.price_rules import Per, Rule, RuleBook, RuleKind
from bookingd.domain.prices import LineKind, Price, PriceLine
from tests import factories
from tests.fakes.sources import START
from tests.rates import frozen

FLIGHT = factories.offer()
STAY = factories.stay()
AIRPORTS = {
    "FRA": Endpoint(airport="FRA", city="FRA", country="DE"),
    "JFK": Endpoint(airport="JFK", city="NYC", country="US"),
}
CONTEXT = package_context(
    FLIGHT,
    supplier=STAY.supplier,
    stay=stayed(STAY),
    sold=START.date(),
    way=flown(FLIGHT.itinerary, AIRPORTS),
)


def discount(name: str = "together", **given: Any) -> Rule:
    values: dict[str, Any] = {
        "id": name,
        "version": 1,
        "kind": RuleKind.DISCOUNT,
        "label": "Together",
        "percent": Decimal(10),
        "per": Per.BOOKING,
    }
    return Rule(**(values | given))


def line(kind: LineKind, amount: int, **given: Any) -> PriceLine:
    return PriceLine(kind=kind, each=Money(amount, "EUR"), count=1, **given)


def price(*lines: PriceLine, currency: str = "EUR") -> Price:
    return Price(currency=currency, lines=lines)


def composed(*rules: Rule, flight: Price = FLIGHT.price, stay: Price = STAY.price) -> Price:
    return compose_package(
        replace(FLIGHT, price=flight),
        replace(STAY, price=stay),
        rules=RuleBook(version=1, rules=rules),
        airports=AIRPORTS,
    )


def named(price: Price, fee: str) -> list[PriceLine]:
    """The lines of a half, with its fees under a name that the other half's do not have."""
    return [replace(line, label=fee) if line.kind is LineKind.SERVICE_FEE else line for line in price.lines]


def test_without_a_rule_a_package_costs_what_its_halves_do() -> None:
    package = composed()

    assert package.total == FLIGHT.total + STAY.total
    assert package.lines == (*named(FLIGHT.price, "Fee (flight)"), *named(STAY.price, "Fee (hotel)"))


def test_a_share_is_of_both_nets_and_rounded_once() -> None:
    flight = price(line(LineKind.NET, 10_003), line(LineKind.MARKUP, 900), line(LineKind.TAX, 5_000))
    stay = price(line(LineKind.NET, 20_002), line(LineKind.SERVICE_FEE, 900))

    package = composed(discount(percent=Decimal("2.5")), flight=flight, stay=stay)

    assert package.of_kind(LineKind.DISCOUNT) == Money(-750, "EUR")  # of 300.05: 7.50125
    assert package.total == flight.total + stay.total - Money(750, "EUR")
    assert package.lines[-1].rule == "together@1"


def test_travellers_read_the_discount_and_their_lines_add_up() -> None:
    shown = composed(discount()).for_traveller()

    assert [one.label for one in shown.lines if one.kind == "discount"] == ["Together"]
    assert sum(one.amount.amount for one in shown.lines) == shown.total.amount
    assert shown.discount.amount < 0
    assert shown.fare + shown.fees + shown.taxes + shown.discount == shown.total


def test_a_discount_for_each_passenger_counts_heads() -> None:
    package = composed(discount(percent=None, fixed=Money(500, "EUR"), per=Per.PASSENGER))

    assert (package.lines[-1].count, package.lines[-1].each) == (FLIGHT.party.size, Money(-500, "EUR"))


def test_no_discount_touches_taxes_or_what_is_paid_at_the_hotel() -> None:
    flight = price(line(LineKind.NET, 1_000), line(LineKind.TAX, 9_000))
    stay = price(line(LineKind.NET, 50_000, at_property=True), line(LineKind.TAX, 700, at_property=True))

    package = composed(discount(percent=Decimal(100)), flight=flight, stay=stay)

    assert package.of_kind(LineKind.DISCOUNT) == Money(-1_000, "EUR")
    assert package.total == Money(59_700, "EUR")


def test_markups_are_those_of_the_halves() -> None:
    """A package has no markup of its own: the offers it is made of have theirs."""
    every_price = Rule(
        id="markup", version=1, kind=RuleKind.MARKUP, label="markup", percent=Decimal(5), match=Match()
    )

    assert composed(every_price).total == FLIGHT.total + STAY.total


def test_a_discount_is_for_packages_alone() -> None:
    book = RuleBook(version=1, rules=[discount()])

    for single in (replace(CONTEXT, stay=None), replace(CONTEXT, flight=None)):
        assert book.matching(RuleKind.DISCOUNT, single, "EUR") == ()
    assert book.matching(RuleKind.DISCOUNT, CONTEXT, "EUR") != ()


@pytest.mark.parametrize(
    ("match", "holds"),
    [
        (Match(product="package"), True),
        (Match(origin="country:DE", destination="city:NYC"), True),
        (Match(hotel=STAY.hotel.key, stars_from=STAY.hotel.stars), True),
        (Match(airline="LH"), True),
        (Match(destination="city:LON"), False),
        (Match(supplier="another"), False),
    ],
)
def test_rules_look_at_both_halves(match: Match, *, holds: bool) -> None:
    assert CONTEXT.product is Product.PACKAGE
    assert (composed(discount(match=match)).total < FLIGHT.total + STAY.total) is holds


def test_the_day_of_sale_is_that_of_the_later_half() -> None:
    late, later = START, START + timedelta(days=1)

    assert sold_on(late, later) == sold_on(later, late) == later.date()


def test_suppliers_of_two_halves_are_told_apart() -> None:
    theirs = package_context(
        FLIGHT, supplier="another", stay=stayed(STAY), sold=START.date(), way=flown(FLIGHT.itinerary, {})
    )

    assert not Match(supplier=FLIGHT.supplier).holds(theirs)
    assert Match(supplier=FLIGHT.supplier).holds(CONTEXT)


def test_halves_in_two_currencies_are_no_package() -> None:
    yen = Price(currency="JPY", lines=(PriceLine(kind=LineKind.NET, each=Money(900, "JPY"), count=1),))

    with pytest.raises(CurrencyMismatch):
        composed(stay=yen)


class TestOtherCurrencies:
    """Rules work in the currency of the flight's supplier, at the rate that is frozen in the offer."""

    (flight,) = converted([FLIGHT], frozen())
    (stay,) = converted([STAY], frozen())

    def composed(self, *rules: Rule) -> Price:
        book = RuleBook(version=1, rules=rules)
        return compose_package(self.flight, self.stay, rules=book, airports=AIRPORTS)

    def test_a_share_is_of_the_converted_nets(self) -> None:
        package = self.composed(discount())

        net = self.flight.price.of_kind(LineKind.NET) + self.stay.price.of_kind(LineKind.NET)
        assert package.of_kind(LineKind.DISCOUNT) == -net.times(Decimal("0.1"))

    def test_amounts_of_the_suppliers_currency_are_converted(self) -> None:
        capped = self.composed(discount(maximum=Money(500, "EUR")))
        fixed = self.composed(discount(percent=None, fixed=Money(900, "EUR")))

        assert capped.of_kind(LineKind.DISCOUNT) == Money(-555, "USD")
        assert fixed.of_kind(LineKind.DISCOUNT) == Money(-998, "USD")

    def test_a_rule_of_the_sales_currency_is_for_what_suppliers_price_in_it(self) -> None:
        assert not self.composed(discount(maximum=Money(500, "USD"))).of_kind(LineKind.DISCOUNT)
