"""The payment page's choices in words: plans and ways as a person reads them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from bookingd.domain.booking.plans import Plan, Schedule
from bookingd.domain.places import local
from handlers.parts import GatewayFacts
from handlers.paying.options import AT_PROPERTY, CREDIT, TRANSFER, Options, Way, is_over

NAMES = {
    "stripe": "Card or wallet",
    "paypal": "PayPal",
    TRANSFER: "Bank transfer",
    CREDIT: "On account",
    AT_PROPERTY: "At the hotel",
}


PAY = "Pay {due}"

DEEDS: Mapping[str, str] = MappingProxyType(
    {
        "paypal": "Go on to PayPal with {due}",
        TRANSFER: "Book, and send {due}",
        CREDIT: "Put {due} on account",
        AT_PROPERTY: "Book, and pay at the hotel",
    }
)
"""By gateway: what else the button does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChoice:
    """A plan as it is chosen."""

    schedule: str
    name: str
    due: str
    notes: tuple[str, ...]
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WayChoice:
    """A way as it is chosen, or why it cannot be."""

    value: str
    name: str
    notes: tuple[str, ...] = ()
    refused: str = ""
    chosen: bool = False

    @property
    def deed(self) -> str:
        """What the button says where this is chosen: a transfer is not paid by it, only asked for."""
        return DEEDS.get(self.value, PAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageForm:
    """All that the form offers."""

    plans: tuple[PlanChoice, ...]
    ways: tuple[WayChoice, ...]
    fields: GatewayFacts | None
    """Whose own fields are shown on the page."""
    keeps: bool
    """Whether a means may be kept by one of the ways."""
    amounts: dict[str, int]
    currency: str

    def values(self) -> dict[str, Any]:
        """As the template takes them."""
        facts = self.fields
        return {
            "plans": self.plans,
            "ways": self.ways,
            "due": self.plans[0].due if self.plans else "",
            "label": PAY,
            "conditions": "",
            "element": {
                "gateway": facts.gateway if facts else "stripe",
                "key": facts.publishable_key if facts else "",
                "currency": self.currency,
                "amounts": json.dumps(self.amounts),
            },
        }


def page_form(options: Options) -> PageForm:
    """What is offered; nothing where nothing can be paid."""
    plans = () if options.hindrance else options.plans
    ways = tuple(_ways(options, plans))
    facts = next((one for one in options.facts if one.script is not None), None)
    offered = any(facts is not None and one.value == facts.gateway and not one.refused for one in ways)
    fields = facts if offered else None
    due = {plan.schedule.value: options.due(plan) for plan in plans}
    return PageForm(
        plans=tuple(_plan(options, plan, first=plan is plans[0]) for plan in plans),
        ways=ways,
        fields=fields,
        keeps=any(one.keeps for one in options.facts),
        amounts={on: fields.counted(sum_) for on, sum_ in due.items()} if fields else {},
        currency=options.booking.currency.lower(),
    )


def _plan(options: Options, plan: Plan, *, first: bool) -> PlanChoice:
    names = {
        Schedule.FULL: "All now",
        Schedule.DEPOSIT: "A deposit now",
        Schedule.AT_PROPERTY: "Nothing now",
    }
    return PlanChoice(
        schedule=plan.schedule.value,
        name=names[plan.schedule],
        due=options.due(plan).format(),
        notes=tuple(_notes(options, plan)),
        chosen=first,
    )


def _notes(options: Options, plan: Plan) -> Iterator[str]:
    if plan.balance_by is not None and not options.booking.has_open_balance:
        yield f"The rest, {plan.balance.format()}, by {_day(options, plan)}."
        if plan.keeps_deposit:
            yield "If it is not paid by then the booking is cancelled, and the deposit is not given back."
        else:
            yield "If it is not paid by then the booking is cancelled, and the deposit goes back to you."
    if plan.at_property:
        yield f"{plan.at_property.format()} is paid at the hotel."


def by_clock(options: Options, instant: datetime) -> str:
    """By the clock of where the journey begins: `Friday, 4 December 2026, 06:00 (FRA time)`."""
    segment = options.booking.items[0].offer.itinerary.segments[0]
    return f"{local(instant, segment.origin_zone):%A, %-d %B %Y, %H:%M} ({segment.origin} time)"


def _day(options: Options, plan: Plan) -> str:
    segment = options.booking.items[0].offer.itinerary.segments[0]
    if plan.balance_by is None:
        raise ValueError("a plan without a balance has no day for it")
    return f"{local(plan.balance_by, segment.origin_zone):%-d %B %Y}"


def _ways(options: Options, plans: Sequence[Plan]) -> Iterator[WayChoice]:
    """What is kept comes first: who has it wants it. Without one, the first that is offered is chosen."""
    chosen = False
    for one in options.kept if plans else ():
        refused = "It has expired." if is_over(one, options.now) else ""
        is_first = not (chosen or refused)
        chosen = chosen or is_first
        yield WayChoice(
            value=f"kept:{one.gateway}:{one.payment_id}",
            name=one.label,
            notes=("Kept for you.",),
            refused=refused,
            chosen=is_first,
        )
    for way in _best(options, plans):
        is_first = not (chosen or way.refused)
        chosen = chosen or is_first
        yield WayChoice(
            value=way.gateway,
            name=NAMES.get(way.gateway, way.gateway.capitalize()),
            notes=tuple(_told(options, way)),
            refused=f"{way.refused.reason}." if way.refused else "",
            chosen=is_first,
        )


def _best(options: Options, plans: Sequence[Plan]) -> list[Way]:
    """Each way once, as it can pay one of the plans: a line may reach for a deposit and not for all."""
    best: dict[str, Way] = {}
    for plan in plans:
        for way in options.ways(plan):
            if way.gateway not in best or (best[way.gateway].refused and not way.refused):
                best[way.gateway] = way
    return list(best.values())


def _told(options: Options, way: Way) -> Iterator[str]:
    match way.gateway:
        case "paypal":
            yield "You agree to it on PayPal's page."
        case "transfer":
            yield "We tell you where to send it."
            if way.until is not None:
                owes = options.booking.has_open_balance
                waits = "It has to be here by" if owes else "Your booking is held until"
                yield f"{waits} {by_clock(options, way.until)}."
        case "credit" if way.credit is not None:
            yield f"{way.credit.left.format()} of your line is left."
            yield f"You pay within {way.credit.line.days} days."
        case "property":
            yield "Nothing is charged now."
        case _ if way.facts is not None and way.facts.script is None:
            yield "You type your card's details on the payment provider's page."
