"""Records as the vendor writes them: JSON of Orders v2 and Payments v2, and of webhook events.

The one rule: what is not there is left out, not null, as the vendor does.
"""

from datetime import datetime
from typing import Any

from bookingd.sandbox.paypal.account import Account
from bookingd.sandbox.paypal.amounts import written
from bookingd.sandbox.paypal.records import Authorization, Buyer, Capture, Event, Money, Order, Refund, Unit

PAYEE = {"email_address": "merchant@sandbox.example.com", "merchant_id": "SANDBXMERCHNT"}
"""The merchant's account; there is one."""

_PROTECTION = {
    "status": "ELIGIBLE",
    "dispute_categories": ["ITEM_NOT_RECEIVED", "UNAUTHORIZED_TRANSACTION"],
}


def time(at: datetime) -> str:
    """`2026-11-22T12:00:00Z`."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def time_in_milliseconds(at: datetime) -> str:
    """`2026-11-22T12:00:00.000Z`, as events and disputes have it."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def link(href: str, rel: str, method: str) -> dict[str, str]:
    return {"href": href, "rel": rel, "method": method}


def _there(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, {}, [])}


def order(account: Account, thing: Order) -> dict[str, Any]:
    """An order in full."""
    return {
        "id": thing.id,
        "intent": thing.intent,
        "status": thing.status,
        **_there(payment_source=payment_source(thing), payer=payer(thing.buyer)),
        "purchase_units": [_unit(account, thing, place) for place in range(len(thing.units))],
        "create_time": time(thing.created),
        "update_time": time(thing.updated),
        "links": order_links(thing),
    }


def order_in_short(thing: Order) -> dict[str, Any]:
    """The minimal answer to its creation."""
    return {
        "id": thing.id,
        "status": thing.status,
        **_there(payment_source=payment_source(thing)),
        "links": order_links(thing),
    }


def order_paid(account: Account, thing: Order) -> dict[str, Any]:
    """The minimal answer to its authorisation or capture."""
    units = [
        {"reference_id": unit.reference_id, "payments": _payments(account, thing, place)}
        for place, unit in enumerate(thing.units)
    ]
    return {
        "id": thing.id,
        "status": thing.status,
        **_there(payment_source=payment_source(thing), payer=payer(thing.buyer)),
        "purchase_units": units,
        "links": order_links(thing),
    }


def _unit(account: Account, thing: Order, place: int) -> dict[str, Any]:
    unit = thing.units[place]
    breakdown = {name: written(amount) for name, amount in unit.breakdown.items()}
    return {
        **references(unit),
        "amount": {**written(unit.amount), **_there(breakdown=breakdown)},
        "payee": PAYEE,
        **_there(
            description=unit.description,
            soft_descriptor=unit.soft_descriptor,
            items=list(unit.items),
            payments=_payments(account, thing, place),
        ),
    }


def references(unit: Unit) -> dict[str, str]:
    """The merchant's own references of a purchase unit."""
    return {
        "reference_id": unit.reference_id,
        **_there(custom_id=unit.custom_id, invoice_id=unit.invoice_id),
    }


def _payments(account: Account, thing: Order, place: int) -> dict[str, Any]:
    """What happened to a purchase unit; authorisations are of the only one."""
    captures = [each for each in account.captures_of(thing.id) if each.unit == place]
    refunds = [back for each in captures for back in account.refunds_of(each.id)]
    return _there(
        authorizations=[_authorization(account, each) for each in account.authorizations_of(thing.id)],
        captures=[_capture(account, each) for each in captures],
        refunds=[refund(account, each) for each in refunds],
    )


def payment_source(thing: Order) -> dict[str, Any]:
    """With what it is paid: named by the merchant, and filled when the buyer has approved."""
    if thing.buyer is None:
        return {"paypal": {}} if thing.wallet else {}
    buyer = thing.buyer
    return {
        "paypal": {
            "email_address": buyer.email,
            "account_id": buyer.payer_id,
            "account_status": "VERIFIED",
            "name": {"given_name": buyer.given_name, "surname": buyer.surname},
            "address": {"country_code": buyer.country_code},
        }
    }


def payer(buyer: Buyer | None) -> dict[str, Any]:
    if buyer is None:
        return {}
    return {
        "name": {"given_name": buyer.given_name, "surname": buyer.surname},
        "email_address": buyer.email,
        "payer_id": buyer.payer_id,
        "address": {"country_code": buyer.country_code},
    }


def approval_url(thing: Order) -> str:
    """Where the buyer decides."""
    return f"{thing.origin}/checkoutnow?token={thing.id}"


def order_links(thing: Order) -> list[dict[str, str]]:
    itself = f"{thing.origin}/v2/checkout/orders/{thing.id}"
    act = "authorize" if thing.intent == "AUTHORIZE" else "capture"
    links = [link(itself, "self", "GET")]
    match thing.status:
        case "CREATED":
            links.append(link(approval_url(thing), "approve", "GET"))
        case "PAYER_ACTION_REQUIRED":
            links.append(link(approval_url(thing), "payer-action", "GET"))
    if thing.status in {"CREATED", "APPROVED"}:
        links += [link(itself, "update", "PATCH"), link(f"{itself}/{act}", act, "POST")]
    return links


def authorization(account: Account, thing: Authorization) -> dict[str, Any]:
    """An authorisation in full."""
    related = {"related_ids": {"order_id": thing.order}}
    return {**_authorization(account, thing), "supplementary_data": related, "payee": PAYEE}


def _authorization(account: Account, thing: Authorization) -> dict[str, Any]:
    unit = account.orders[thing.order].units[0]
    return {
        "id": thing.id,
        "status": thing.status,
        **_there(status_details=_there(reason=thing.reason)),
        "amount": written(thing.amount),
        **_there(invoice_id=unit.invoice_id, custom_id=unit.custom_id),
        "seller_protection": _PROTECTION,
        "expiration_time": time(thing.expires),
        "create_time": time(thing.created),
        "update_time": time(thing.updated),
        "links": _authorization_links(account, thing),
    }


def _authorization_links(account: Account, thing: Authorization) -> list[dict[str, str]]:
    origin = account.orders[thing.order].origin
    itself = f"{origin}/v2/payments/authorizations/{thing.id}"
    return [
        link(itself, "self", "GET"),
        *(link(f"{itself}/{act}", act, "POST") for act in ("capture", "void", "reauthorize")),
        link(f"{origin}/v2/checkout/orders/{thing.order}", "up", "GET"),
    ]


def capture(account: Account, thing: Capture) -> dict[str, Any]:
    """A capture in full."""
    related = {"order_id": thing.order, **_there(authorization_id=thing.authorization)}
    return {**_capture(account, thing), "supplementary_data": {"related_ids": related}, "payee": PAYEE}


def _capture(account: Account, thing: Capture) -> dict[str, Any]:
    return {
        "id": thing.id,
        "status": thing.status,
        **_there(status_details=_there(reason=thing.reason)),
        "amount": written(thing.amount),
        "final_capture": thing.final,
        "seller_protection": _PROTECTION,
        "seller_receivable_breakdown": _receivable(thing),
        "disbursement_mode": "INSTANT",
        **_there(invoice_id=thing.invoice_id, custom_id=thing.custom_id),
        "create_time": time(thing.created),
        "update_time": time(thing.updated),
        "links": _capture_links(account, thing),
    }


def _receivable(thing: Capture) -> dict[str, Any]:
    currency, gross = thing.amount.currency, written(thing.amount)
    if thing.status in {"DECLINED", "PENDING"}:
        return {"gross_amount": gross, "net_amount": gross}
    return {
        "gross_amount": gross,
        "paypal_fee": written(Money(currency, thing.fee)),
        "net_amount": written(Money(currency, thing.amount.units - thing.fee)),
    }


def _capture_links(account: Account, thing: Capture) -> list[dict[str, str]]:
    origin = account.orders[thing.order].origin
    itself = f"{origin}/v2/payments/captures/{thing.id}"
    if thing.authorization is not None:
        up = f"{origin}/v2/payments/authorizations/{thing.authorization}"
    else:
        up = f"{origin}/v2/checkout/orders/{thing.order}"
    return [
        link(itself, "self", "GET"),
        link(f"{itself}/refund", "refund", "POST"),
        link(up, "up", "GET"),
    ]


def refund(account: Account, thing: Refund) -> dict[str, Any]:
    """A refund in full."""
    return {
        "id": thing.id,
        "status": thing.status,
        **_there(status_details=_there(reason=thing.reason)),
        "amount": written(thing.amount),
        **_there(invoice_id=thing.invoice_id, custom_id=thing.custom_id, note_to_payer=thing.note),
        "seller_payable_breakdown": _payable(thing),
        "create_time": time(thing.created),
        "update_time": time(thing.updated),
        "links": _refund_links(account, thing),
    }


def _payable(thing: Refund) -> dict[str, Any]:
    """The fee stays with the vendor."""
    currency = thing.amount.currency
    return {
        "gross_amount": written(thing.amount),
        "paypal_fee": written(Money(currency, 0)),
        "net_amount": written(thing.amount),
        "total_refunded_amount": written(Money(currency, thing.total)),
    }


def _refund_links(account: Account, thing: Refund) -> list[dict[str, str]]:
    origin = account.orders[account.captures[thing.capture].order].origin
    return [
        link(f"{origin}/v2/payments/refunds/{thing.id}", "self", "GET"),
        link(f"{origin}/v2/payments/captures/{thing.capture}", "up", "GET"),
    ]


def in_short(full: dict[str, Any]) -> dict[str, Any]:
    """The minimal answer of Payments v2."""
    return {name: full[name] for name in ("id", "status", "status_details", "links") if name in full}


def event(thing: Event) -> dict[str, Any]:
    """A webhook's body."""
    itself = f"{thing.origin}/v1/notifications/webhooks-events/{thing.id}"
    return {
        "id": thing.id,
        "event_version": "1.0",
        "create_time": time_in_milliseconds(thing.created),
        "resource_type": thing.resource_type,
        "resource_version": thing.resource_version,
        "event_type": thing.type,
        "summary": thing.summary,
        "resource": thing.resource,
        "links": [link(itself, "self", "GET"), link(f"{itself}/resend", "resend", "POST")],
    }
