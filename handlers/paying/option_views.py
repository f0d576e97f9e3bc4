"""What clients are shown of the ways to pay."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from bookingd.domain.booking.plans import Plan, Schedule
from bookingd.domain.consents import KEEP_MEANS
from bookingd.storage.payment_means import KeptMeans
from handlers.paying.options import Options, Way, is_over
from handlers.paying.plan_views import PlanView
from handlers.views import Amount, View, amount


class PlanOffer(PlanView, frozen=True, kw_only=True):
    """A plan that may be chosen."""

    pay_now: Annotated[Amount, Meta(description="What a payment takes that is begun now.")]


class NotOffered(View, frozen=True, kw_only=True):
    """Why something cannot be had."""

    code: str
    message: str


class ElementView(View, frozen=True, kw_only=True):
    """What the browser needs for the gateway's own fields."""

    script: str
    publishable_key: str
    amounts: Annotated[dict[str, int], Meta(description="By schedule, as the script counts them.")]
    currency: Annotated[str, Meta(description="As the script writes it: `eur`.")]


class CreditLeft(View, frozen=True, kw_only=True):
    """What is left of the client's line."""

    left: Amount
    days: Annotated[int, Meta(description="After how many days it is paid.")]


class WayView(View, frozen=True, kw_only=True, omit_defaults=True):
    """One way to pay."""

    gateway: str
    schedules: Annotated[tuple[Schedule, ...], Meta(description="The plans that may be paid so.")]
    refused: Annotated[NotOffered | None, Meta(description="Why it is offered for none of the plans.")] = None
    own_page: Annotated[
        bool, Meta(description="The payer is sent to the gateway's page; no `payment_method` is taken.")
    ] = False
    publishable_key: str | None = None
    element: ElementView | None = None
    waits_until: Annotated[
        datetime | None, Meta(description="Until when the money would be waited for, once this was chosen.")
    ] = None
    keeps: Annotated[bool, Meta(description="A means may be kept, with consent.")] = False
    credit: CreditLeft | None = None


class KeptView(View, frozen=True, kw_only=True):
    """A means of payment that its holder has agreed to have kept."""

    id: str
    gateway: str
    kind: str
    label: Annotated[str, Meta(description="`Visa ending in 4242`.")]
    expires: Annotated[str | None, Meta(description="`2027-04`.")]
    expired: bool
    consent_at: datetime
    consent_version: str


class ConsentView(View, frozen=True, kw_only=True):
    """What is agreed to where a means is kept: show it beside the choice, and send its version along."""

    version: str
    text: str


class PaymentOptions(View, frozen=True, kw_only=True):
    """How a booking can be paid now, by whoever asks."""

    reference: str
    total: Amount
    in_hand: Annotated[Amount, Meta(description="Authorised or taken already, less what was given back.")]
    payable: bool
    refused: Annotated[NotOffered | None, Meta(description="Why nothing can be paid now.")]
    plans: tuple[PlanOffer, ...]
    ways: tuple[WayView, ...]
    kept: Annotated[tuple[KeptView, ...], Meta(description="Only for the account whose booking it is.")]
    consent: Annotated[ConsentView | None, Meta(description="Null where nothing may be kept.")]


def options_view(options: Options) -> PaymentOptions:
    """As they are answered."""
    booking, hindrance = options.booking, options.hindrance
    plans = () if hindrance else options.plans
    return PaymentOptions(
        reference=booking.reference,
        total=amount(booking.total),
        in_hand=amount(booking.in_hand),
        payable=hindrance is None,
        refused=NotOffered(code="booking-state", message=hindrance) if hindrance else None,
        plans=tuple(_offer(options, plan) for plan in plans),
        ways=_ways(options, plans),
        kept=tuple(kept_view(one, options.now) for one in options.kept),
        consent=ConsentView(version=KEEP_MEANS.version, text=KEEP_MEANS.text) if options.may_keep else None,
    )


def kept_view(kept: KeptMeans, now: datetime) -> KeptView:
    """A kept means, without what it is charged by."""
    return KeptView(
        id=str(kept.payment_id),
        gateway=kept.gateway,
        kind=kept.kind,
        label=kept.label,
        expires=kept.expires,
        expired=is_over(kept, now),
        consent_at=kept.consent_at,
        consent_version=kept.consent_version,
    )


def _offer(options: Options, plan: Plan) -> PlanOffer:
    return PlanOffer(
        schedule=plan.schedule,
        due_now=amount(plan.due_now),
        balance=amount(plan.balance),
        balance_by=plan.balance_by,
        at_property=amount(plan.at_property),
        keeps_deposit=plan.keeps_deposit,
        pay_now=amount(options.due(plan)),
    )


def _ways(options: Options, plans: tuple[Plan, ...]) -> tuple[WayView, ...]:
    """Each once, whichever plans it can pay."""
    by_plan = {plan.schedule: {way.gateway: way for way in options.ways(plan)} for plan in plans}
    names = dict.fromkeys(name for ways in by_plan.values() for name in ways)
    return tuple(
        _way(options, [(on, ways[name]) for on, ways in by_plan.items() if name in ways]) for name in names
    )


def _way(options: Options, by_plan: list[tuple[Schedule, Way]]) -> WayView:
    good = tuple(schedule for schedule, way in by_plan if way.refused is None)
    way = next((way for _, way in by_plan if way.refused is None), by_plan[0][1])
    facts = way.facts
    return WayView(
        gateway=way.gateway,
        schedules=good,
        refused=NotOffered(code=way.refused.code, message=f"{way.refused.reason}.") if way.refused else None,
        own_page=facts is not None and facts.has_own_page,
        publishable_key=facts.publishable_key if facts else None,
        element=_element(options, way) if good else None,
        waits_until=way.until if good else None,
        keeps=way.keeps and options.may_keep,
        credit=CreditLeft(left=amount(way.credit.left), days=way.credit.line.days) if way.credit else None,
    )


def _element(options: Options, way: Way) -> ElementView | None:
    facts = way.facts
    if facts is None or facts.script is None:
        return None
    due = {plan.schedule.value: options.due(plan) for plan in options.plans}
    return ElementView(
        script=facts.script,
        publishable_key=facts.publishable_key,
        amounts={on: facts.counted(sum_) for on, sum_ in due.items() if facts.refusal(sum_) is None},
        currency=options.booking.currency.lower(),
    )
