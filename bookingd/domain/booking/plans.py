"""When a booking is paid for: all of it now, a deposit now and the balance by a date, or at the property.

How it is paid (card, PayPal, transfer, credit) is the gateways' affair. A plan is worked out from the
booking and the agency's terms, by the same function for whoever shows it and for the lifecycle (P3).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction

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
