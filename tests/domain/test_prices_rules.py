"""Which rules count: what they match, which one wins, and which contradict themselves."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bookingd.domain.flights import Cabin
from bookingd.domain.money import Money
from bookingd.domain.price_matches import Endpoint, Flown, InvalidRule, Match, PriceContext, Product, Stayed
from bookingd.domain.price_rules import CONTEXTS_KEPT, Charge, Per, Rule, RuleBook, RuleKind

FLOWN = Flown(
    origin=Endpoint(airport="FRA", city="FRA", country="DE"),
    destination=Endpoint(airport="LHR", city="LON", country="GB"),
    airline="LH",
    cabin=Cabin.ECONOMY,
)
STAYED = Stayed(place=Endpoint(city="LON", country="GB"), hotel="12", stars=4)
CONTEXT = PriceContext(
    supplier="inventory",
    flight=FLOWN,
    heads=3,
    starts_on=date(2027, 3, 10),
    sold_on=date(2026, 11, 22),
)
STAY = replace(CONTEXT, flight=None, stay=STAYED)
PACKAGE = replace(CONTEXT, stay=STAYED)


def rule(name: str = "a", **given: Any) -> Rule:
    values: dict[str, Any] = {
        "id": name,
        "version": 1,
        "kind": RuleKind.MARKUP,
        "label": name,
        "percent": Decimal(1),
    }
    return Rule(**(values | given))


def winners(*rules: Rule, currency: str = "EUR") -> list[str]:
    book = RuleBook(version=1, rules=rules)
    return [found.id for found in book.matching(RuleKind.MARKUP, CONTEXT, currency)]


@pytest.mark.parametrize(
    "match",
    [
        Match(),
        Match(supplier="inventory"),
        Match(origin="airport:FRA", destination="country:GB"),
        Match(destination="city:LON"),
        Match(place="country:DE"),
        Match(place="city:LON"),
        Match(product="flight"),
        Match(airline="LH"),
        Match(cabin=Cabin.ECONOMY),
        Match(channel="web"),
        Match(party_from=3),
        Match(party_to=3),
        Match(sold_from=date(2026, 11, 22), sold_to=date(2026, 11, 22)),
        Match(travel_from=date(2027, 3, 10), travel_to=date(2027, 3, 10)),
    ],
)
def test_a_match_holds_when_all_that_is_given_does(match: Match) -> None:
    assert match.holds(CONTEXT)


@pytest.mark.parametrize(
    "match",
    [
        Match(supplier="duffel"),
        Match(origin="airport:LHR"),
        Match(origin="city:LON", destination="country:GB"),
        Match(destination="airport:LON"),
        Match(place="country:FR"),
        Match(product="hotel"),
        Match(airline="BA"),
        Match(cabin=Cabin.FIRST),
        Match(channel="partner"),
        Match(party_from=4),
        Match(party_to=2),
        Match(sold_from=date(2026, 11, 23)),
        Match(sold_to=date(2026, 11, 21)),
        Match(travel_from=date(2027, 3, 11)),
        Match(travel_to=date(2027, 3, 9)),
        Match(supplier="inventory", airline="BA"),
    ],
)
def test_a_match_fails_by_any_one_thing(match: Match) -> None:
    assert not match.holds(CONTEXT)


@pytest.mark.parametrize(
    "match",
    [
        Match(),
        Match(product="stay"),
        Match(hotel="12"),
        Match(stars_from=4, stars_to=4),
        Match(destination="country:GB"),
        Match(place="city:LON"),
        Match(supplier="inventory", party_from=3, travel_from=date(2027, 3, 10)),
    ],
)
def test_a_match_holds_of_a_stay(match: Match) -> None:
    assert match.holds(STAY)


@pytest.mark.parametrize(
    "match",
    [
        Match(product="flight"),
        Match(airline="LH"),
        Match(cabin=Cabin.ECONOMY),
        Match(origin="country:GB"),
        Match(destination="airport:LHR"),
        Match(place="country:DE"),
        Match(hotel="1"),
        Match(stars_from=5),
        Match(stars_to=3),
    ],
)
def test_a_match_fails_of_a_stay_by_what_it_has_not(match: Match) -> None:
    assert not match.holds(STAY)


@pytest.mark.parametrize("match", [Match(hotel="12"), Match(stars_from=0), Match(stars_to=5)])
def test_what_only_stays_have_holds_of_no_flight(match: Match) -> None:
    assert not match.holds(CONTEXT)
    assert match.holds(PACKAGE)


def test_a_package_is_matched_by_both_of_its_halves() -> None:
    assert PACKAGE.product is Product.PACKAGE
    assert Match(product="package", airline="LH", hotel="12", origin="city:FRA").holds(PACKAGE)
    assert not Match(product="flight").holds(PACKAGE)


@pytest.mark.parametrize("per", [Per.ROOM, Per.NIGHT])
def test_a_rule_for_rooms_is_for_stays_alone(per: Per) -> None:
    by_room = rule(per=per)

    assert by_room.applies(STAY, "EUR")
    assert not by_room.applies(CONTEXT, "EUR")


def test_an_unknown_country_is_in_no_place() -> None:
    nowhere = replace(CONTEXT, flight=replace(FLOWN, origin=Endpoint(airport="XYZ")))

    assert Match(origin="airport:XYZ").holds(nowhere)
    assert not Match(origin="country:").holds(nowhere)


def test_the_highest_priority_counts_and_then_the_id() -> None:
    assert winners(rule("z", priority=5), rule("b", priority=7), rule("a", priority=7)) == ["a"]


def test_rules_on_top_come_beside_the_one_that_counts() -> None:
    rules = [rule("low"), rule("high", priority=9), rule("x", add=True), rule("b", add=True, priority=99)]

    assert winners(*rules) == ["high", "b", "x"]


def test_rules_on_top_stand_alone_where_no_other_matches() -> None:
    assert winners(rule("x", add=True)) == ["x"]


def test_a_rule_of_another_kind_is_not_in_the_way() -> None:
    assert winners(rule("fee", kind=RuleKind.SERVICE_FEE, priority=100), rule("m")) == ["m"]


def test_a_rule_with_amounts_is_for_its_currency_alone() -> None:
    bounded = rule("euro", minimum=Money(300, "EUR"), priority=10)

    assert winners(bounded, rule("any")) == ["euro"]
    assert winners(bounded, rule("any"), currency="JPY") == ["any"]


def test_a_book_tells_the_same_for_an_equal_context_without_looking_again() -> None:
    book = RuleBook(version=1, rules=[rule()])

    assert book.charges(CONTEXT, "EUR") is book.charges(replace(CONTEXT), "EUR")
    assert book.charges(CONTEXT, "EUR") is not book.charges(CONTEXT, "USD")


def test_a_book_does_not_remember_without_end() -> None:
    book = RuleBook(version=1, rules=[rule()])

    for number in range(CONTEXTS_KEPT + 1):
        book.charges(replace(CONTEXT, flight=replace(FLOWN, airline=f"{number}")), "EUR")

    assert len(book._charges) == 1


def test_a_book_holds_one_version_of_each_rule() -> None:
    with pytest.raises(InvalidRule, match="one version"):
        RuleBook(version=2, rules=[rule(), rule(version=2)])


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"percent": None}, "not both"),
        ({"fixed": Money(1, "EUR")}, "not both"),
        ({"percent": None, "fixed": Money(1, "EUR"), "minimum": Money(1, "EUR")}, "no bounds"),
        ({"percent": None, "fixed": Money(1, "EUR"), "minimum": Money(0, "EUR")}, "no bounds"),
        ({"percent": Decimal(-1)}, "0 to 1000"),
        ({"percent": Decimal(1001)}, "0 to 1000"),
        ({"percent": Decimal("0.00001")}, "four decimals"),
        ({"percent": None, "fixed": Money(-1, "EUR")}, "below zero"),
        ({"minimum": Money(1, "EUR"), "maximum": Money(2, "USD")}, "several currencies"),
        ({"minimum": Money(2, "EUR"), "maximum": Money(1, "EUR")}, "below its minimum"),
    ],
)
def test_a_rule_that_contradicts_itself_is_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidRule, match=says):
        rule(**given)


@pytest.mark.parametrize("place", ["LHR", "continent:EU", ""])
def test_a_place_says_what_kind_it_is(place: str) -> None:
    with pytest.raises(InvalidRule, match="is no place"):
        Match(place=place)


@pytest.mark.parametrize(("net", "amount"), [(0, 300), (11_999, 300), (12_020, 301), (80_000, 1000)])
def test_a_percentage_stays_within_its_bounds(net: int, amount: int) -> None:
    bounded = rule(percent=Decimal("2.5"), minimum=Money(300, "EUR"), maximum=Money(1000, "EUR"))

    assert Charge.of(bounded).on(net) == amount


def test_a_maximum_of_nothing_makes_nothing() -> None:
    assert Charge.of(rule(maximum=Money(0, "EUR"))).on(100_000) == 0


def test_no_percentage_with_a_minimum_is_the_minimum() -> None:
    assert Charge.of(rule(percent=Decimal(0), minimum=Money(300, "EUR"))).on(100_000) == 300
