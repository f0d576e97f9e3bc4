"""When a booking is paid for: all of it now, a deposit now and the balance by a date, or at the property.

How it is paid (card, PayPal, transfer, credit) is the gateways' affair. A plan is worked out from the
booking and the agency's terms, by the same function for whoever shows it and for the lifecycle (P3).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Protocol

from bookingd.domain.money import Money


class Schedule(StrEnum):
    """How the payer chose to spread what a booking costs."""

    FULL = "full"
    DEPOSIT = "deposit"
    AT_PROPERTY = "at_property"
    """Nothing to us: only where every item's rate says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is due when, in one currency. `due_now + balance + at_property` is the booking's total."""

    schedule: Schedule
    due_now: Money
    balance: Money
    balance_by: datetime | None = None
    """None where there is no balance."""
    at_property: Money
    """What the traveller pays there, and not to us."""
    keeps_deposit: bool = False
    """Whether the deposit stays with the agency if the balance is not paid: told before the first payment."""

    @property
    def owed(self) -> Money:
        """All that is paid to us."""
        return self.due_now + self.balance


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTerms:
    """What the agency allows."""

    deposit: Fraction | None = None
    """The part of the total that is due at booking; None: no deposits."""
    balance_before: timedelta = timedelta(days=30)
    """How long before the first departure or check-in the balance is due."""
    least_wait: timedelta = timedelta(days=7)
    """A deposit is offered only where the balance is due that much later than now."""
    reminders: tuple[timedelta, ...] = (timedelta(days=7), timedelta(days=1))
    """How long before the balance is due its payer is reminded."""
    charge_before: timedelta = timedelta(days=3)
    """How long before that a kept card is charged, where its holder agreed to it."""
    keeps_deposit: bool = False


class Payable(Protocol):
    """What a plan is made for: a booking, or what is about to be one."""

    @property
    def total(self) -> Money:
        """What it costs, wherever it is paid."""
        ...

    @property
    def at_property(self) -> Money:
        """How much of that is paid at the hotel."""
        ...

    @property
    def starts_at(self) -> datetime:
        """The first departure or check-in."""
        ...


def plan_of(what: Payable, schedule: Schedule, terms: PlanTerms, *, now: datetime) -> Plan | None:
    """What is due when by that schedule; None where it is not offered for this, or not any more.

    Exact: the deposit is rounded once, and the balance is what is left.
    """
    ours = what.total - what.at_property
    nothing = Money.zero(ours.currency)
    if schedule is Schedule.DEPOSIT:
        return _deposit(what, ours, terms, now)
    if (schedule is Schedule.AT_PROPERTY) != (not ours and bool(what.at_property)):
        return None
    return Plan(schedule=schedule, due_now=ours, balance=nothing, at_property=what.at_property)


def plans_of(what: Payable, terms: PlanTerms, *, now: datetime) -> Iterator[Plan]:
    """Every plan that is offered for it now, the plainest first."""
    for schedule in Schedule:
        plan = plan_of(what, schedule, terms, now=now)
        if plan is not None:
            yield plan


def _deposit(what: Payable, ours: Money, terms: PlanTerms, now: datetime) -> Plan | None:
    if terms.deposit is None:
        return None
    due_now, balance_by = ours.times(terms.deposit), what.starts_at - terms.balance_before
    if not 0 < due_now.amount < ours.amount or balance_by < now + terms.least_wait:
        return None
    return Plan(
        schedule=Schedule.DEPOSIT,
        due_now=due_now,
        balance=ours - due_now,
        balance_by=balance_by,
        at_property=what.at_property,
        keeps_deposit=terms.keeps_deposit,
    )
