"""A price is its lines: each rounded once, explained by a rule, and summed to what is charged."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookingd.domain.flight_prices import NetFare, NoFare, Tax, compose
from bookingd.domain.flights import Cabin
from bookingd.domain.money import CurrencyMismatch, Money, total
from bookingd.domain.passengers import Party, PassengerType
from bookingd.domain.price_matches import Endpoint, Flown, Match, PriceContext
from bookingd.domain.price_rules import Per, Rule, RuleBook, RuleKind
from bookingd.domain.prices import LineKind, Price, PriceLine

FAMILY = Party(adults=2, children=1)


def context(*, party: Party = FAMILY, supplier: str = "inventory") -> PriceContext:
    return PriceContext(
        supplier=supplier,
        flight=Flown(
            origin=Endpoint(airport="FRA", city="FRA", country="DE"),
            destination=Endpoint(airport="LHR", city="LON", country="GB"),
            airline="LH",
            cabin=Cabin.ECONOMY,
        ),
        heads=party.size,
        starts_on=date(2027, 3, 10),
        sold_on=date(2026, 11, 22),
    )


def euro(text: str) -> Money:
    return Money.of(text, "EUR")


def priced(
    *rules: Rule,
    net: tuple[NetFare, ...] | None = None,
    taxes: tuple[Tax, ...] = (),
    party: Party = FAMILY,
    currency: str = "EUR",
) -> Price:
    fares = net or tuple(NetFare(passenger=kind, each=Money(10_000, currency)) for kind in PassengerType)
    return compose(
        net=fares,
        taxes=taxes,
        rules=RuleBook(version=1, rules=rules),
        context=context(),
        party=party,
        currency=currency,
    )


def markup(percent: str, *, name: str = "markup", minimum: str | None = None) -> Rule:
    return Rule(
        id=name,
        version=1,
        kind=RuleKind.MARKUP,
        label="Markup",
        percent=Decimal(percent),
        minimum=euro(minimum) if minimum else None,
    )


def fee(text: str, per: Per = Per.BOOKING) -> Rule:
    return Rule(
        id="fee", version=4, kind=RuleKind.SERVICE_FEE, label="Service fee", fixed=euro(text), per=per
    )


COMMISSION = Rule(
    id="commission", version=2, kind=RuleKind.COMMISSION, label="Commission", percent=Decimal(1)
)

small = st.integers(0, 500_000)
parties = st.builds(Party, adults=st.integers(1, 5), children=st.integers(0, 4), infants=st.integers(0, 3))
percents = st.decimals(min_value=0, max_value=40, places=4)
fares = st.tuples(small, small, small).map(
    lambda nets: tuple(
        NetFare(passenger=kind, each=Money(net, "EUR")) for kind, net in zip(PassengerType, nets, strict=True)
    )
)
some_types = st.frozensets(st.sampled_from(PassengerType))
taxes_ = st.lists(
    st.builds(
        Tax,
        code=st.sampled_from(["DE", "RA", "GB"]),
        label=st.just("Airport tax"),
        each=small.map(lambda amount: Money(amount, "EUR")),
        passengers=some_types,
    ),
    max_size=5,
).map(tuple)


@st.composite
def rule_sets(draw: st.DrawFn, *, per: Per | None = None) -> list[Rule]:
    names = draw(st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=8))
    return [_drawn_rule(draw, name, per) for name in names]


def _drawn_rule(draw: st.DrawFn, name: str, per: Per | None) -> Rule:
    is_fixed = draw(st.booleans())
    bounds = sorted(draw(st.tuples(small, small)))
    bounded = not is_fixed and draw(st.booleans())
    return Rule(
        id=name,
        version=1,
        kind=draw(st.sampled_from(RuleKind)),
        label=f"Rule {name}",
        percent=None if is_fixed else draw(percents),
        fixed=Money(draw(small), "EUR") if is_fixed else None,
        per=per or draw(st.sampled_from(Per)),
        minimum=Money(bounds[0], "EUR") if bounded else None,
        maximum=Money(bounds[1], "EUR") if bounded else None,
        priority=draw(st.integers(0, 2)),
        add=draw(st.booleans()),
    )


def test_a_price_is_composed_line_by_line() -> None:
    taxes = (
        Tax(code="DE", label="Air transport tax", each=euro("12.88")),
        Tax(
            code="GB",
            label="Air passenger duty",
            each=euro("15.00"),
            passengers=frozenset({PassengerType.ADULT}),
        ),
    )

    price = priced(markup("2.5", minimum="3"), fee("9"), COMMISSION, taxes=taxes)

    facts = [
        (line.kind, line.passenger, line.count, str(line.each), line.rule, line.label) for line in price.lines
    ]
    adult, child = PassengerType.ADULT, PassengerType.CHILD
    assert facts == [
        (LineKind.NET, adult, 2, "100.00 EUR", "", ""),
        (LineKind.NET, child, 1, "100.00 EUR", "", ""),
        (LineKind.MARKUP, adult, 2, "3.00 EUR", "markup@1", "Markup"),
        (LineKind.MARKUP, child, 1, "3.00 EUR", "markup@1", "Markup"),
        (LineKind.SERVICE_FEE, None, 1, "9.00 EUR", "fee@4", "Service fee"),
        (LineKind.TAX, adult, 2, "12.88 EUR", "DE", "Air transport tax"),
        (LineKind.TAX, child, 1, "12.88 EUR", "DE", "Air transport tax"),
        (LineKind.TAX, adult, 2, "15.00 EUR", "GB", "Air passenger duty"),
        (LineKind.COMMISSION, adult, 2, "1.00 EUR", "commission@2", "Commission"),
        (LineKind.COMMISSION, child, 1, "1.00 EUR", "commission@2", "Commission"),
    ]
    assert price.total == euro("386.64")
    assert price.commission == euro("3.00")


@given(fares, taxes_, rule_sets(), parties)
def test_the_total_is_the_sum_of_the_lines_without_commission(
    net: tuple[NetFare, ...], taxes: tuple[Tax, ...], rules: list[Rule], party: Party
) -> None:
    price = priced(*rules, net=net, taxes=taxes, party=party)

    due = [line.amount for line in price.lines if line.kind is not LineKind.COMMISSION]
    assert price.total == total(due, "EUR")
    assert price.total + price.commission == price.of_kind(*LineKind)


@given(fares, percents, parties)
def test_each_line_is_the_exact_share_rounded_once(
    net: tuple[NetFare, ...], percent: Decimal, party: Party
) -> None:
    price = priced(markup(str(percent)), net=net, party=party)

    base = {fare.passenger: fare.each.amount for fare in net}
    for kind, _ in party.heads:
        lines = [line for line in price.lines if line.kind is LineKind.MARKUP and line.passenger is kind]
        exact = Decimal(base[kind]) * percent / 100
        assert sum(line.each.amount for line in lines) == exact.quantize(Decimal(1), rounding=ROUND_HALF_UP)


@given(fares, percents, parties)
def test_a_share_of_the_booking_is_rounded_once_and_not_a_passenger(
    net: tuple[NetFare, ...], percent: Decimal, party: Party
) -> None:
    rule = Rule(
        id="fee",
        version=1,
        kind=RuleKind.SERVICE_FEE,
        label="Fee",
        percent=percent,
        per=Per.BOOKING,
    )

    price = priced(rule, net=net, party=party)

    fees = price.of_kind(LineKind.SERVICE_FEE)
    assert abs(fees.amount - Fraction(percent) * price.of_kind(LineKind.NET).amount / 100) <= Fraction(1, 2)


@given(fares, taxes_, rule_sets().flatmap(lambda rules: st.tuples(st.just(rules), st.permutations(rules))))
def test_the_order_in_which_rules_are_given_changes_nothing(
    net: tuple[NetFare, ...], taxes: tuple[Tax, ...], orders: tuple[list[Rule], list[Rule]]
) -> None:
    first, second = orders

    assert priced(*first, net=net, taxes=taxes) == priced(*second, net=net, taxes=taxes)


@given(fares, taxes_, rule_sets(), parties)
def test_the_travellers_view_sums_to_the_total(
    net: tuple[NetFare, ...], taxes: tuple[Tax, ...], rules: list[Rule], party: Party
) -> None:
    price = priced(*rules, net=net, taxes=taxes, party=party)

    view = price.for_traveller()

    assert view.total == price.total
    assert view.fare + view.fees + view.taxes == price.total
    assert total((line.amount for line in view.lines), "EUR") == price.total
    for kind, whole in (("fare", view.fare), ("fee", view.fees), ("tax", view.taxes)):
        assert total((line.amount for line in view.lines if line.kind == kind), "EUR") == whole


@given(fares, taxes_, rule_sets(per=Per.PASSENGER), parties)
def test_the_price_of_a_party_is_the_sum_over_its_passengers(
    net: tuple[NetFare, ...], taxes: tuple[Tax, ...], rules: list[Rule], party: Party
) -> None:
    alone = {
        PassengerType.ADULT: Party(),
        PassengerType.CHILD: Party(adults=0, children=1),
        PassengerType.INFANT: Party(adults=0, infants=1),
    }

    whole = priced(*rules, net=net, taxes=taxes, party=party)
    parts = [
        priced(*rules, net=net, taxes=taxes, party=alone[kind])
        for kind, count in party.heads
        for _ in range(count)
    ]

    assert whole.total == total((part.total for part in parts), "EUR")
    assert whole.commission == total((part.commission for part in parts), "EUR")


@given(fares, taxes_, rule_sets(), parties)
def test_a_traveller_never_sees_net_or_markup_apart(
    net: tuple[NetFare, ...], taxes: tuple[Tax, ...], rules: list[Rule], party: Party
) -> None:
    view = priced(*rules, net=net, taxes=taxes, party=party).for_traveller()

    fares_seen = [line for line in view.lines if line.kind == "fare"]
    assert {line.kind for line in view.lines} <= {"fare", "fee", "tax"}
    assert [line.passenger for line in fares_seen] == [kind for kind, _ in party.heads]
    assert all(line.label == "Fare" for line in fares_seen)


def test_a_markup_of_the_whole_booking_hides_in_the_fares_to_the_cent() -> None:
    rule = Rule(id="markup", version=1, kind=RuleKind.MARKUP, label="M", fixed=euro("10.00"), per=Per.BOOKING)

    view = priced(rule).for_traveller()

    assert [(line.passenger, str(line.amount)) for line in view.lines] == [
        (PassengerType.ADULT, "206.67 EUR"),
        (PassengerType.CHILD, "103.33 EUR"),
    ]


@pytest.mark.parametrize(
    ("currency", "amount", "lines", "charged"),
    [
        ("JPY", 6000, [150], "6150 JPY"),
        ("USD", 6000, [150], "61.50 USD"),
        ("KWD", 6000, [150], "6.150 KWD"),
        ("JPY", 20, [1], "21 JPY"),
    ],
)
def test_case_47_minor_units_are_those_of_the_currency(
    currency: str, amount: int, lines: list[int], charged: str
) -> None:
    net = (NetFare(passenger=PassengerType.ADULT, each=Money(amount, currency)),)

    price = priced(markup("2.5"), net=net, party=Party(), currency=currency)

    assert [line.each.amount for line in price.lines if line.kind is LineKind.MARKUP] == lines
    assert str(price.total) == charged


def test_case_48_a_share_below_a_cent_leaves_no_gap_between_lines_and_total() -> None:
    net = (NetFare(passenger=PassengerType.ADULT, each=euro("33.33")),)

    price = priced(markup("2.5"), net=net, party=Party(adults=3))

    assert [str(line.each) for line in price.lines] == ["33.33 EUR", "0.83 EUR"]
    assert price.total == euro("102.48")
    assert price.total == total((line.amount for line in price.for_traveller().lines), "EUR")


def test_a_percentage_is_of_all_net_fares_of_a_passenger_together() -> None:
    slices = tuple(
        NetFare(passenger=PassengerType.ADULT, each=euro("0.10"), rule=basis) for basis in ("YOUT", "YBACK")
    )

    price = priced(markup("2.5"), net=slices, party=Party())

    assert [(line.rule, str(line.each)) for line in price.lines] == [
        ("YOUT", "0.10 EUR"),
        ("YBACK", "0.10 EUR"),
        ("markup@1", "0.01 EUR"),
    ]


def test_a_rule_that_comes_to_nothing_makes_no_line() -> None:
    assert len(priced(markup("0"), fee("0")).lines) == 2


def test_a_type_without_a_net_fare_is_refused() -> None:
    net = (NetFare(passenger=PassengerType.ADULT, each=euro("1")),)

    with pytest.raises(NoFare, match="child"):
        priced(net=net)


def test_amounts_of_another_currency_are_refused() -> None:
    dollars = Money(100, "USD")

    with pytest.raises(CurrencyMismatch, match="net fare"):
        priced(net=tuple(NetFare(passenger=kind, each=dollars) for kind in PassengerType))
    with pytest.raises(CurrencyMismatch, match="tax DE"):
        priced(taxes=(Tax(code="DE", label="Tax", each=dollars),))
    with pytest.raises(CurrencyMismatch):
        _ = Price(currency="EUR", lines=(PriceLine(kind=LineKind.NET, each=dollars, count=1),)).total


def test_a_rule_that_does_not_match_makes_no_line() -> None:
    elsewhere = Rule(
        id="markup",
        version=1,
        kind=RuleKind.MARKUP,
        label="Markup",
        match=Match(supplier="duffel"),
        percent=Decimal(5),
    )

    assert {line.kind for line in priced(elsewhere).lines} == {LineKind.NET}
