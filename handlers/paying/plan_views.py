"""What clients are shown of a plan by which a booking is paid."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from bookingd.domain.booking.plans import Schedule
from bookingd.domain.booking.state import Booking
from handlers.views import Amount, View, amount


class PlanView(View, frozen=True, kw_only=True):
    """What is due when; `due_now`, `balance` and `at_property` are the total."""

    schedule: Schedule
    due_now: Amount
    balance: Amount
    balance_by: Annotated[datetime | None, Meta(description="Null where there is no balance.")]
    at_property: Annotated[Amount, Meta(description="Paid at the hotel, and not to us.")]
    keeps_deposit: Annotated[
        bool, Meta(description="What is due now stays with the agency if the balance is not paid.")
    ]


def plan_view(booking: Booking) -> PlanView | None:
    """The plan that was agreed to; None before that."""
    plan = booking.plan
    if plan is None:
        return None
    return PlanView(
        schedule=plan.schedule,
        due_now=amount(plan.due_now),
        balance=amount(plan.balance),
        balance_by=plan.balance_by,
        at_property=amount(plan.at_property),
        keeps_deposit=plan.keeps_deposit,
    )
