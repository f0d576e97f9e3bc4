"""Offers in another currency: every line by itself, nothing lost, and the supplier's own offer kept."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookingd.domain.conversion import as_sold, as_supplied, converted, converted_price, pairs
from bookingd.domain.exchange import FrozenRate
from bookingd.domain.money import EXPONENTS, CurrencyMismatch, Money
from bookingd.domain.offers import Offer
from bookingd.domain.package_prices import compose_package
from bookingd.domain.price_rules import RuleBook
from bookingd.domain.prices import LineKind, Price, PriceLine
from bookingd.domain.stays import CancellationStep, Included, StayOffer
from tests import factories
from tests.fakes.sources import START
from tests.rates import FRIDAY, frozen

codes = st.sampled_from(sorted(EXPONENTS))
per_euro = st.decimals(
    min_value=Decimal("0.0001"), max_value=Decimal(10**6), places=5, allow_nan=False, allow_infinity=False
)


@st.composite
def priced(draw: st.DrawFn) -> tuple[Price, FrozenRate]:
    """A price in any currency, and a rate into any other."""
    base, quote = draw(st.tuples(codes, codes).filter(lambda pair: pair[0] != pair[1]))
    lines = draw(
        st.lists(
            st.builds(
                PriceLine,
                kind=st.sampled_from(LineKind),
                each=st.builds(Money, st.integers(-(10**7), 10**8), st.just(base)),
                count=st.integers(1, 9),
                at_property=st.booleans(),
            ),
            min_size=1,
            max_size=12,
        )
    )
    rate = FrozenRate(
        base=base,
        quote=quote,
        base_per_euro=Decimal(1) if base == "EUR" else draw(per_euro),
        quote_per_euro=Decimal(1) if quote == "EUR" else draw(per_euro),
        margin_percent=draw(st.sampled_from([Decimal(0), Decimal("1.5"), Decimal(2), Decimal(50)])),
        day=FRIDAY,
        version=1,
    )
    return Price(currency=base, lines=tuple(lines)), rate


@given(priced())
def test_each_line_is_rounded_once_and_the_total_is_their_sum(given_: tuple[Price, FrozenRate]) -> None:
    price, rate = given_

    sold = converted_price(price, rate)

    assert sold.currency == rate.quote
    assert [line.each for line in sold.lines] == [rate.convert(line.each) for line in price.lines]
    counted = [line for line in sold.lines if line.kind is not LineKind.COMMISSION]
    assert sold.total.amount == sum(line.each.amount * line.count for line in counted)
    assert [
        replace(line, each=before.each) for line, before in zip(sold.lines, price.lines, strict=True)
    ] == [*price.lines]


@given(priced())
def test_a_total_drifts_by_half_a_minor_unit_an_amount_at_most(given_: tuple[Price, FrozenRate]) -> None:
    price, rate = given_

    sold = converted_price(price, rate)

    amounts = sum(line.count for line in price.lines if line.kind is not LineKind.COMMISSION)
    assert abs(sold.total.amount - rate.factor * price.total.amount) <= Fraction(amounts, 2)


@given(priced())
def test_what_travellers_see_adds_up_in_every_currency(given_: tuple[Price, FrozenRate]) -> None:
    view = converted_price(*given_).for_traveller()

    fares = [line for line in view.lines if line.kind == "fare"]
    if fares:  # a fare without a net line has nobody to be shown for
        assert sum(line.amount.amount for line in view.lines) == view.total.amount
    assert view.fare + view.fees + view.taxes + view.discount == view.total


def with_fees() -> Offer:
    offer = factories.offer(1, 2)
    conditions = replace(offer.itinerary.conditions, change_fee=7_000, cancel_fee=None)
    return replace(offer, itinerary=replace(offer.itinerary, conditions=conditions))


class TestFlights:
    def test_an_offer_is_converted_with_its_fees_and_keeps_what_it_was(self) -> None:
        offer = with_fees()

        (sold,) = converted([offer], frozen())

        assert sold.total == converted_price(offer.price, frozen()).total
        assert sold.itinerary.conditions.change_fee == 7_765  # 70.00 x 1.0876 x 1.02 = 77.6546…
        assert sold.itinerary.conditions.cancel_fee is None
        assert sold.supplied is not None
        assert sold.supplied.rate == frozen()
        assert as_supplied(sold) == offer
        assert (sold.id, sold.supplier, sold.seats, sold.expires_at) == (
            offer.id,
            offer.supplier,
            offer.seats,
            offer.expires_at,
        )

    def test_it_survives_being_kept(self) -> None:
        (sold,) = converted([with_fees()], frozen())

        assert msgspec.json.decode(msgspec.json.encode(sold), type=Offer) == sold

    def test_an_unchanged_answer_is_an_unchanged_offer_whatever_the_rate_is_by_then(self) -> None:
        (sold,) = converted([with_fees()], frozen())

        assert as_sold(as_supplied(sold), shown=sold) == sold

    def test_what_the_supplier_changed_is_converted_by_the_frozen_rate(self) -> None:
        (sold,) = converted([with_fees()], frozen())

        now = as_sold(factories.dearer(as_supplied(sold)), shown=sold)

        assert now.total != sold.total
        assert now.supplied is not None
        assert now.supplied.rate == frozen()
        assert now.supplied.price.total == Money(10_500, "EUR")

    def test_an_offer_in_the_suppliers_currency_is_left_alone(self) -> None:
        offer = with_fees()

        assert as_supplied(offer) is offer
        assert as_sold(offer, shown=offer) is offer

    def test_another_currency_than_the_rates_is_refused(self) -> None:
        with pytest.raises(CurrencyMismatch):
            converted([factories.offer(total=Money(100, "GBP"))], frozen())
        (sold,) = converted([with_fees()], frozen())
        with pytest.raises(CurrencyMismatch):
            as_sold(factories.offer(total=Money(100, "GBP")), shown=sold)

    def test_lines_that_offers_share_are_shared_still(self) -> None:
        one = factories.offer(1)
        other = replace(one, price=replace(one.price, lines=one.price.lines[:2]))

        first, second = converted([one, other], frozen())

        assert first.price.lines[0] is second.price.lines[0]

    def test_lines_are_told_in_pairs(self) -> None:
        (sold,) = converted([with_fees()], frozen())

        assert [(one.each.currency, other.each.currency) for one, other in pairs(sold)] == [
            ("USD", "EUR")
        ] * 5
        assert all(one is other for one, other in pairs(with_fees()))


class TestStays:
    def test_a_stay_is_converted_with_its_terms_and_keeps_what_it_was(self) -> None:
        stay = replace(
            factories.stay(total=Money(33_333, "EUR")),
            included=(Included(label="VAT", amount=Money(2_000, "EUR")),),
        )

        (sold,) = converted([stay], frozen())

        assert [one.amount for one in sold.included] == [frozen().convert(Money(2_000, "EUR"))]
        assert as_supplied(sold) == stay
        assert as_sold(as_supplied(sold), shown=sold) == sold
        assert msgspec.json.decode(msgspec.json.encode(sold), type=StayOffer) == sold

    @given(st.integers(1, 10**6))
    def test_cancelling_never_costs_more_than_the_stay(self, cents: int) -> None:
        """The total is a sum of rounded lines; a fee of all of it is the same sum."""
        stay = factories.stay(total=Money(cents, "EUR"))
        steps = (
            CancellationStep(until=START, fee=Money(max(cents - 1, 0), "EUR")),
            *stay.terms.cancellation,
        )
        stay = replace(stay, terms=replace(stay.terms, cancellation=steps))

        (sold,) = converted([stay], frozen())

        assert sold.terms.cancellation[-1].fee == sold.total
        assert all(step.fee <= sold.total for step in sold.terms.cancellation)


def test_halves_of_different_currencies_make_one_package() -> None:
    (flight,) = converted([factories.offer()], frozen())
    into_dollars = frozen("GBP", "USD", base_per_euro="0.8342")
    (stay,) = converted([factories.stay(total=Money(20_000, "GBP"))], into_dollars)

    price = compose_package(flight, stay, rules=RuleBook(version=0, rules=()), airports={})

    assert price.total == flight.total + stay.total
    assert price.currency == "USD"
