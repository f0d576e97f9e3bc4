"""What is due when: one function, exact in every currency."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bookingd.domain.booking.plans import Plan, PlanTerms, Schedule, plan_of, plans_of
from bookingd.domain.money import EXPONENTS, Money
from tests import factories
from tests.fakes.sources import START

TERMS = PlanTerms(deposit=Fraction(1, 5), balance_before=timedelta(days=30), keeps_deposit=True)
FAR = START + timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Trip:
    """What is paid for."""

    total: Money
    at_property: Money
    starts_at: datetime = FAR


def trip(total: int, *, there: int = 0, currency: str = "EUR", starts_at: datetime = FAR) -> Trip:
    return Trip(Money(total, currency), Money(there, currency), starts_at)


@st.composite
def trips(draw: st.DrawFn) -> Trip:
    currency = draw(st.sampled_from(sorted(EXPONENTS)))
    total = draw(st.integers(0, 10**10))
    there = draw(st.integers(0, total) | st.just(total))
    starts_at = START + timedelta(minutes=draw(st.integers(0, 400 * 1440)))
    return trip(total, there=there, currency=currency, starts_at=starts_at)


def terms() -> st.SearchStrategy[PlanTerms]:
    parts = st.none() | st.fractions(min_value=0, max_value=1, max_denominator=10_000)
    days = st.integers(0, 60).map(lambda number: timedelta(days=number))
    return st.builds(
        PlanTerms, deposit=parts, balance_before=days, least_wait=days, keeps_deposit=st.booleans()
    )


@settings(max_examples=1500, deadline=None)
@given(what=trips(), rules=terms())
def test_every_plan_is_exact_in_every_currency(what: Trip, rules: PlanTerms) -> None:
    """https://github.com/medusajs/medusa/issues/14818, https://github.com/cartalyst/stripe/issues/59"""
    for plan in plans_of(what, rules, now=START):
        assert plan.due_now + plan.balance + plan.at_property == what.total
        assert min(plan.due_now.amount, plan.balance.amount, plan.at_property.amount) >= 0
        assert (plan.balance_by is None) == (not plan.balance)
        if plan.schedule is Schedule.DEPOSIT:
            exact = (rules.deposit or Fraction(0)) * (what.total - what.at_property).amount
            assert 2 * abs(plan.due_now.amount - exact) <= 1, "rounded once"
            assert plan.balance_by is not None
            assert START + rules.least_wait <= plan.balance_by == what.starts_at - rules.balance_before
            assert plan.keeps_deposit is rules.keeps_deposit


@settings(max_examples=500, deadline=None)
@given(what=trips(), rules=terms())
def test_nothing_is_due_now_only_where_all_is_paid_at_the_property(what: Trip, rules: PlanTerms) -> None:
    """P3."""
    offered = list(plans_of(what, rules, now=START))

    assert offered, "there is a way to pay for everything"
    for plan in offered:
        assert plan.due_now or what.at_property == what.total


@pytest.mark.parametrize("currency", sorted(EXPONENTS))
def test_a_deposit_is_rounded_to_the_currencys_own_unit(currency: str) -> None:
    plan = plan_of(trip(12_345, currency=currency), Schedule.DEPOSIT, TERMS, now=START)

    assert plan is not None
    assert (plan.due_now, plan.balance) == (Money(2_469, currency), Money(9_876, currency))


def test_what_is_offered_for_a_trip_in_three_months() -> None:
    offered = list(plans_of(trip(10_001, there=1_000), TERMS, now=START))

    assert [plan.schedule for plan in offered] == [Schedule.FULL, Schedule.DEPOSIT]
    assert offered[0] == Plan(
        schedule=Schedule.FULL,
        due_now=Money(9_001, "EUR"),
        balance=Money(0, "EUR"),
        at_property=Money(1_000, "EUR"),
    )
    assert (offered[1].due_now.amount, offered[1].balance.amount) == (1_800, 7_201)
    assert offered[1].balance_by == FAR - timedelta(days=30)


@pytest.mark.parametrize(
    ("what", "rules"),
    [
        (trip(10_000, starts_at=START + timedelta(days=36)), TERMS),
        (trip(10_000), replace(TERMS, deposit=None)),
        (trip(2), TERMS),
        (trip(10_000), replace(TERMS, deposit=Fraction(1))),
        (trip(10_000, there=10_000), TERMS),
    ],
    ids=["too soon", "not allowed", "less than a cent", "all of it", "nothing is ours"],
)
def test_where_no_deposit_is_offered(what: Trip, rules: PlanTerms) -> None:
    assert plan_of(what, Schedule.DEPOSIT, rules, now=START) is None


def test_what_is_paid_at_the_property_is_paid_there_alone() -> None:
    there = trip(10_000, there=10_000)

    assert [plan.schedule for plan in plans_of(there, TERMS, now=START)] == [Schedule.AT_PROPERTY]
    assert plan_of(trip(10_000, there=9_999), Schedule.AT_PROPERTY, TERMS, now=START) is None


def test_a_booking_is_what_a_plan_is_made_for() -> None:
    booking = factories.booking()
    plan = plan_of(booking, Schedule.FULL, PlanTerms(), now=START)

    assert plan is not None
    assert plan.due_now == booking.total
