"""Disputes as the vendor writes them (public reference of Disputes v1)."""

from typing import Any

from bookingd.sandbox.paypal import render
from bookingd.sandbox.paypal.account import Account
from bookingd.sandbox.paypal.amounts import written
from bookingd.sandbox.paypal.records import Dispute

_STATES = {
    "WAITING_FOR_SELLER_RESPONSE": "REQUIRED_ACTION",
    "UNDER_REVIEW": "UNDER_PAYPAL_REVIEW",
    "RESOLVED": "RESOLVED",
}


def state(thing: Dispute) -> str:
    """What it means for the merchant."""
    return _STATES[thing.status]


def summary(account: Account, thing: Dispute) -> dict[str, Any]:
    """As a list has it."""
    return {
        "dispute_id": thing.id,
        "create_time": render.time_in_milliseconds(thing.created),
        "update_time": render.time_in_milliseconds(thing.updated),
        "disputed_transactions": [_transaction(account, thing)],
        "reason": thing.reason,
        "status": thing.status,
        "dispute_state": state(thing),
        "dispute_amount": written(thing.amount),
        "dispute_life_cycle_stage": "CHARGEBACK",
        "dispute_channel": "INTERNAL",
        **_due(thing),
        "links": links(account, thing),
    }


def full(account: Account, thing: Dispute) -> dict[str, Any]:
    """One by itself, and in a webhook."""
    shown = {**summary(account, thing), "evidences": list(thing.evidences), "messages": []}
    if thing.outcome is None:
        return shown
    outcome = {"outcome_code": thing.outcome}
    lost = {"amount_refunded": written(thing.amount)} if "BUYER" in thing.outcome else {}
    return {**shown, "dispute_outcome": {**outcome, **lost}}


def _due(thing: Dispute) -> dict[str, str]:
    due = thing.due
    return {} if due is None else {"seller_response_due_date": render.time_in_milliseconds(due)}


def _transaction(account: Account, thing: Dispute) -> dict[str, Any]:
    capture = account.captures[thing.capture]
    buyer = account.orders[capture.order].buyer
    references = {"invoice_number": capture.invoice_id, "custom": capture.custom_id}
    return {
        "buyer_transaction_id": capture.id[::-1],
        "seller_transaction_id": capture.id,
        "create_time": render.time_in_milliseconds(capture.created),
        "transaction_status": "COMPLETED",
        "gross_amount": written(capture.amount),
        **{name: value for name, value in references.items() if value is not None},
        "buyer": {"name": "" if buyer is None else f"{buyer.given_name} {buyer.surname}"},
        "seller": {
            "email": render.PAYEE["email_address"],
            "merchant_id": render.PAYEE["merchant_id"],
            "name": "bookingd sandbox",
        },
        "items": [],
        "seller_protection_eligible": True,
    }


_ACTS = {
    "WAITING_FOR_SELLER_RESPONSE": ("accept-claim", "provide-evidence"),
    "UNDER_REVIEW": ("adjudicate", "require-evidence"),
}


def links(account: Account, thing: Dispute) -> list[dict[str, str]]:
    """The first is to itself; the others are what can be done now."""
    origin = account.orders[account.captures[thing.capture].order].origin
    itself = f"{origin}/v1/customer/disputes/{thing.id}"
    acts = _ACTS.get(thing.status, ())
    return [
        render.link(itself, "self", "GET"),
        *(render.link(f"{itself}/{act}", act.replace("-", "_"), "POST") for act in acts),
    ]
