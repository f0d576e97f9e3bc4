"""What a payer has chosen, held against what is offered to them.

The one rule: amounts, currencies and plans are the booking's. What a client says of them is compared and,
where it differs, refused; it is never used.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from bookingd.domain.booking.plans import Plan, Schedule
from bookingd.domain.consents import KEEP_MEANS
from bookingd.domain.money import Money
from bookingd.storage.payment_means import KeptMeans
from handlers.errors import Problem
from handlers.fields import refuse
from handlers.paying.options import CREDIT, Options, Way, is_over

KEPT = "kept:"
"""Begins a means that was kept, in what is told to the lifecycle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A plan, a way, and what is paid with."""

    plan: Plan
    way: Way
    payment_method: str
    """The gateway's token, a kept means, or empty where the payer chooses elsewhere."""
    keep: bool
    due: Money


def chosen(options: Options, asked: Mapping[str, Any]) -> Choice:
    """What was chosen, if it is offered. Raises Problem that names the field which is not."""
    if options.hindrance is not None:
        raise Problem("booking-state", options.hindrance)
    plan = _plan(options, asked["schedule"])
    way = _way(options, plan, asked["gateway"])
    _check_amount(options.due(plan), asked["amount"])
    return Choice(
        plan=plan,
        way=way,
        payment_method=_means(options, way, asked["payment_method"], asked["kept"]),
        keep=_keep(options, way, asked),
        due=options.due(plan),
    )


def _plan(options: Options, wanted: str | None) -> Plan:
    """The one that is wanted; unless one is named, the plainest that is offered."""
    if wanted is None:
        return options.plans[0]
    found = next((one for one in options.plans if one.schedule == Schedule(wanted)), None)
    if found is None:
        offered = ", ".join(one.schedule for one in options.plans)
        raise refuse("schedule", "not_offered", "This booking cannot be paid so.", f"Offered: {offered}.")
    return found


def _way(options: Options, plan: Plan, gateway: str) -> Way:
    ways = options.ways(plan)
    offered = sorted(one.gateway for one in ways if one.refused is None)
    found = next((one for one in ways if one.gateway == gateway), None)
    if found is None:
        code = "no_credit" if gateway == CREDIT else "unknown_gateway"
        raise refuse("gateway", code, _known(offered))
    if found.refused is not None:
        others = f"Pay with another one: {', '.join(offered)}." if offered else None
        raise refuse("gateway", found.refused.code, f"{found.refused.reason}.", others)
    return found


def _known(offered: Sequence[str]) -> str:
    return f"Known here: {', '.join(offered)}."


def _check_amount(due: Money, told: Mapping[str, Any] | None) -> None:
    if told is None:
        return
    if told["currency"].upper() != due.currency:
        raise refuse("amount.currency", "differs", f"The booking is paid in {due.currency}.")
    if told["amount"] != due.amount:
        hint = "Look at payment-options again, or leave it out."
        raise refuse("amount", "differs", f"What is due now is {due.format()}.", hint)


def _means(options: Options, way: Way, payment_method: str, kept: UUID | None) -> str:
    if kept is not None:
        return _kept(options, way, payment_method, kept)
    if payment_method and not way.takes_means:
        hint = "Leave it out, and send the payer's browser to action_url." if way.facts else "Leave it out."
        told = f"The payer chooses how to pay at {way.gateway}." if way.facts else _no_means(way)
        raise refuse("payment_method", "not_taken", told, hint)
    return payment_method


def _no_means(way: Way) -> str:
    return f"Nothing is charged now by {way.gateway}."


def _kept(options: Options, way: Way, payment_method: str, kept: UUID) -> str:
    if payment_method:
        raise refuse("kept", "both", "This is paid with one means: leave payment_method out, or this.")
    found = next((one for one in options.kept if one.payment_id == kept), None)
    if found is None:
        raise refuse("kept", "unknown_means", "No such means of payment is kept for you.")
    if found.gateway != way.gateway:
        raise refuse("kept", "other_gateway", f"This is kept by {found.gateway}.")
    if is_over(found, options.now):
        raise refuse("kept", "expired_card", f"{found.label} has expired.", "Pay with another one.")
    return f"{KEPT}{found.payment_id}"


def _keep(options: Options, way: Way, asked: Mapping[str, Any]) -> bool:
    """Whether it is kept: only with the very words that are shown today."""
    if not asked["keep"]:
        return False
    if not options.may_keep:
        raise refuse("keep", "no_account", "Means are kept for accounts only.", "Sign in, or leave it out.")
    if not way.keeps:
        raise refuse("keep", "not_kept", f"Nothing is kept of {way.gateway}.", "Leave it out.")
    if asked["kept"] is not None:
        raise refuse("keep", "kept_already", "This means is kept already.", "Leave it out.")
    if asked["consent"] != KEEP_MEANS.version:
        hint = f"Send {KEEP_MEANS.version!r} after showing its text, as payment-options has it."
        raise refuse("consent", "other_version", "The payer has to agree to the text as it is now.", hint)
    return True


def label_of(kept: KeptMeans) -> str:
    """As its holder knows it."""
    return f"{kept.label}, until {kept.expires}" if kept.expires else kept.label
