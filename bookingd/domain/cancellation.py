"""What cancelling a stay costs, and until when: steps in the order of time that leave no gap.

Its one rule: a deadline is an instant. It is reckoned once, by the clocks at the hotel on that day, and goes
with the offer; whoever shows it shows the hotel's zone beside it.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from bookingd.domain.hotels import WHOLE, Fee, RatePlan
from bookingd.domain.money import Money, rounded
from bookingd.domain.places import instant
from bookingd.domain.stays import CancellationStep


def steps(
    plan: RatePlan,
    *,
    check_in: date,
    zone: str,
    total: Money,
    nights: Sequence[int],
    now: datetime,
) -> tuple[CancellationStep, ...]:
    """What cancelling costs from `now` on. Until an instant means before it; the last step has no end.

    `total` is what fees are a share of; `nights` are what the nights cost in proportion to each other (of all
    rooms together): the fee of some first nights is their part of the total. Each fee is rounded once.
    """
    deadlines = [
        (instant(check_in - timedelta(days=one.days_before), one.until, zone), one.fee)
        for one in sorted(plan.deadlines, key=lambda one: (-one.days_before, one.until))
    ]
    told: list[CancellationStep] = []
    for until, fee in (*((at, fee) for at, fee in deadlines if at > now), (None, plan.fee)):
        step = CancellationStep(until=until, fee=amount(fee, total=total, nights=nights))
        if told and told[-1].fee == step.fee:
            told.pop()
        told.append(step)
    return tuple(told)


def amount(fee: Fee, *, total: Money, nights: Sequence[int]) -> Money:
    """What a fee comes to."""
    if fee.nights is None:
        return Money(rounded(total.amount * (fee.share or 0), WHOLE), total.currency)
    if not (whole := sum(nights)):
        return Money(rounded(total.amount * min(fee.nights, len(nights)), len(nights)), total.currency)
    return Money(rounded(total.amount * sum(nights[: fee.nights]), whole), total.currency)
