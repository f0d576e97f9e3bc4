"""What a stay costs: exact by night, rounded once a line, all that is mandatory in the total."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookingd.domain.hotels import Charge, ChargePer
from bookingd.domain.money import Money, total
from bookingd.domain.price_matches import Endpoint, PriceContext, Stayed
from bookingd.domain.price_rules import Per, Rule, RuleBook, RuleKind
from bookingd.domain.prices import LineKind, Price
from bookingd.domain.stay_prices import EXACT, RoomNights, compose_stay, included
from bookingd.domain.stays import PaidAt, RoomGuests

COUPLE = RoomGuests(adults=2)
FAMILY = RoomGuests(adults=2, children=(5, 16))
CONTEXT = PriceContext(
    supplier="inventory",
    stay=Stayed(place=Endpoint(city="FRA", country="DE"), hotel="1", stars=3),
    heads=2,
    starts_on=date(2027, 3, 10),
    sold_on=date(2026, 11, 22),
)


def nights(*amounts: int, guests: RoomGuests = COUPLE, label: str = "Double") -> RoomNights:
    """Whole minor units a night."""
    return RoomNights(guests=guests, nights=tuple(one * EXACT for one in amounts), label=label)


def charge(per: ChargePer, amount: int | None = None, **other: object) -> Charge:
    return Charge(code="tax", label="Tax", per=per, amount=amount, **other)  # type: ignore[arg-type]


def rule(
    kind: RuleKind = RuleKind.MARKUP,
    *,
    name: str = "rule",
    percent: str | None = None,
    fixed: int | None = None,
    minimum: int | None = None,
    per: Per = Per.BOOKING,
) -> Rule:
    return Rule(
        id=name,
        version=1,
        kind=kind,
        label=name,
        percent=None if percent is None else Decimal(percent),
        fixed=None if fixed is None else Money(fixed, "EUR"),
        minimum=None if minimum is None else Money(minimum, "EUR"),
        per=per,
    )


def priced(
    *rooms: RoomNights,
    charges: tuple[Charge, ...] = (),
    rules: tuple[Rule, ...] = (),
    paid_at: PaidAt = PaidAt.BOOKING,
) -> Price:
    return compose_stay(
        rooms=rooms,
        charges=charges,
        paid_at=paid_at,
        rules=RuleBook(version=1, rules=rules),
        context=CONTEXT,
        currency="EUR",
    )


def of(price: Price, kind: LineKind) -> list[tuple[int, int, int | None]]:
    return [(line.each.amount, line.count, line.room) for line in price.lines if line.kind is kind]


def test_a_room_is_rounded_once_for_all_its_nights() -> None:
    third = RoomNights(guests=COUPLE, nights=(EXACT // 3 + 1,) * 3)  # a third of a cent each night

    assert of(priced(third), LineKind.NET) == [(1, 1, 1)]


def test_a_room_is_a_line_of_its_own_in_the_order_of_the_criteria() -> None:
    price = priced(nights(100, 200, label="Double"), nights(70, 80, guests=FAMILY, label="Family room"))

    assert [(line.room, line.label, line.amount.amount) for line in price.for_traveller().lines] == [
        (1, "Double", 300),
        (2, "Family room", 150),
    ]


@pytest.mark.parametrize(
    ("per", "expected"),
    [
        (Per.BOOKING, [(500, 1, None)]),
        (Per.PASSENGER, [(500, 6, None)]),
        (Per.ROOM, [(500, 1, 1), (500, 1, 2)]),
        (Per.NIGHT, [(500, 3, 1), (500, 3, 2)]),
    ],
)
def test_a_fixed_amount_is_counted_by_what_it_is_for(
    per: Per, expected: list[tuple[int, int, int | None]]
) -> None:
    price = priced(
        nights(100, 100, 100), nights(50, 50, 50, guests=FAMILY), rules=(rule(fixed=500, per=per),)
    )

    assert of(price, LineKind.MARKUP) == expected


@pytest.mark.parametrize(
    ("per", "expected"),
    [
        (Per.BOOKING, [(4500, 1, None)]),
        (Per.PASSENGER, [(750, 6, None)]),
        (Per.ROOM, [(3000, 1, 1), (1500, 1, 2)]),
        (Per.NIGHT, [(1000, 3, 1), (500, 3, 2)]),
    ],
)
def test_a_percentage_is_of_the_part_that_it_is_for(
    per: Per, expected: list[tuple[int, int, int | None]]
) -> None:
    rooms = nights(10_000, 10_000, 10_000), nights(5000, 5000, 5000, guests=FAMILY)

    assert of(priced(*rooms, rules=(rule(percent="10", per=per),)), LineKind.MARKUP) == expected


def test_the_least_of_a_rule_holds_for_each_night() -> None:
    price = priced(nights(1000, 1000), rules=(rule(percent="1", minimum=200, per=Per.NIGHT),))

    assert of(price, LineKind.MARKUP) == [(200, 2, 1)]


@pytest.mark.parametrize(
    ("tax", "expected"),
    [
        (charge(ChargePer.PERSON_NIGHT, 200), [(200, 18, None)]),
        (charge(ChargePer.PERSON_NIGHT, 200, age_from=6), [(200, 15, None)]),
        (charge(ChargePer.PERSON_NIGHT, 200, age_from=18), [(200, 12, None)]),
        (charge(ChargePer.PERSON_NIGHT, 200, age_from=18, nights_max=2), [(200, 8, None)]),
        (charge(ChargePer.ROOM_NIGHT, 300), [(300, 6, None)]),
        (charge(ChargePer.ROOM_NIGHT, 300, nights_max=1), [(300, 2, None)]),
        (charge(ChargePer.ROOM, 4000), [(4000, 2, None)]),
        (charge(ChargePer.SHARE, share=700), [(3465, 1, None)]),  # of the net and the markup
        (charge(ChargePer.ROOM, 0), []),
        (charge(ChargePer.ROOM, 4000, included=True), []),
    ],
)
def test_a_charge_is_counted_by_what_it_is_for(
    tax: Charge, expected: list[tuple[int, int, int | None]]
) -> None:
    rooms = nights(10_000, 10_000, 10_000), nights(5000, 5000, 5000, guests=FAMILY)

    price = priced(*rooms, charges=(tax,), rules=(rule(percent="10"),))

    assert of(price, LineKind.TAX) == expected


def test_what_is_paid_at_the_hotel_is_in_the_total_and_told() -> None:
    city = charge(ChargePer.PERSON_NIGHT, 200, paid_at=PaidAt.PROPERTY)
    fee = rule(RuleKind.SERVICE_FEE, fixed=900)

    now, later = (
        priced(nights(10_000), charges=(city,), rules=(fee,), paid_at=paid_at)
        for paid_at in (PaidAt.BOOKING, PaidAt.PROPERTY)
    )

    assert now.total == later.total == Money(11_300, "EUR")
    assert now.at_property == now.for_traveller().at_property == Money(400, "EUR")
    assert later.at_property == Money(10_400, "EUR")  # our fee is ours


def test_what_the_rates_include_is_told_and_not_added() -> None:
    room = nights(10_000, 11_400)
    vat = charge(ChargePer.SHARE, share=700, included=True)
    cleaning = charge(ChargePer.ROOM, 3000, included=True)
    price = priced(room, charges=(vat, cleaning))

    told = included(price, [room], (vat, cleaning))

    assert price.total == Money(21_400, "EUR")
    assert [one.amount.amount for one in told] == [1400, 3000]


amounts = st.integers(0, 10**7)
rooms_of = st.lists(
    st.builds(
        RoomGuests,
        adults=st.integers(1, 4),
        children=st.lists(st.integers(0, 17), max_size=3).map(tuple),
    ),
    min_size=1,
    max_size=4,
)
charges_of = st.lists(
    st.builds(
        charge,
        st.sampled_from([ChargePer.PERSON_NIGHT, ChargePer.ROOM_NIGHT, ChargePer.ROOM]),
        st.integers(0, 5000),
        age_from=st.integers(0, 18),
        nights_max=st.none() | st.integers(1, 5),
        paid_at=st.sampled_from(PaidAt),
    )
    | st.builds(
        charge, st.just(ChargePer.SHARE), share=st.integers(0, 3000), paid_at=st.sampled_from(PaidAt)
    ),
    max_size=4,
)
rules_of = st.lists(
    st.tuples(
        st.sampled_from(RuleKind),
        st.sampled_from(Per),
        st.none() | st.decimals(min_value=0, max_value=40, places=3),
        st.integers(0, 5000),
    ),
    max_size=5,
).map(
    lambda drawn: tuple(
        rule(
            kind,
            name=f"r{number}",
            percent=None if percent is None else str(percent),
            fixed=fixed if percent is None else None,
            per=per,
        )
        for number, (kind, per, percent, fixed) in enumerate(drawn)
    )
)


@given(
    guests=rooms_of, night=st.lists(amounts, min_size=1, max_size=8), charges=charges_of, rules=rules_of,
    paid_at=st.sampled_from(PaidAt),
)  # fmt: skip
def test_the_total_is_the_sum_of_the_lines_and_of_what_travellers_see(
    guests: list[RoomGuests],
    night: list[int],
    charges: list[Charge],
    rules: tuple[Rule, ...],
    paid_at: PaidAt,
) -> None:
    rooms = [nights(*night, guests=one) for one in guests]

    price = priced(*rooms, charges=tuple(charges), rules=rules, paid_at=paid_at)

    in_total = [line for line in price.lines if line.kind is not LineKind.COMMISSION]
    seen = price.for_traveller()
    assert price.total == total((line.amount for line in in_total), "EUR")
    assert seen.total == total((line.amount for line in seen.lines), "EUR")
    assert seen.total == seen.fare + seen.fees + seen.taxes
    there = total((line.amount for line in seen.lines if line.at_property), "EUR")
    assert seen.at_property == there == price.at_property
    assert price.of_kind(LineKind.NET).amount == sum(night) * len(guests)


@given(night=st.lists(st.integers(0, 10**12), min_size=1, max_size=30))
def test_no_room_is_off_by_more_than_half_a_minor_unit(night: list[int]) -> None:
    room = RoomNights(guests=COUPLE, nights=tuple(night))

    assert abs(room.net - Fraction(sum(night), EXACT)) <= Fraction(1, 2)
