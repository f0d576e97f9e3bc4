"""A change of an order before it is paid, in JSON Patch as far as the vendor takes it.

The one rule: all of it is done, or none: what comes out is checked as a new order is.
"""

import re
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from bookingd.sandbox.paypal import checkout, faults
from bookingd.sandbox.paypal.account import Work
from bookingd.sandbox.paypal.amounts import written
from bookingd.sandbox.paypal.given import Given
from bookingd.sandbox.paypal.records import Order, Unit

_UNIT = re.compile(r"/purchase_units/@reference_id=='([^']*)'(?:/([a-z_]+))?")

# The API description's table of what can be patched, as far as the stand-in keeps it.
_PATCHABLE = {
    "amount": {"replace"},
    "custom_id": {"replace", "add", "remove"},
    "description": {"replace", "add", "remove"},
    "invoice_id": {"replace", "add", "remove"},
    "items": {"replace", "add", "remove"},
    "soft_descriptor": {"replace", "remove"},
}

_OPERATIONS = ("add", "remove", "replace", "move", "copy", "test")


def read(body: bytes) -> list[Given]:
    """The operations of a body."""
    try:
        found = msgspec.json.decode(body or b"null")
    except msgspec.DecodeError as error:
        raise faults.invalid("MALFORMED_REQUEST_JSON", field="/") from error
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise faults.invalid("INVALID_PARAMETER_SYNTAX", field="/")
    return [Given(each, f"/{place}") for place, each in enumerate(found)]


def patch(work: Work, order: Order, operations: Sequence[Given]) -> Order:
    """The order as it is then. Raises the vendor's refusal."""
    if order.status in {"COMPLETED", "VOIDED"}:
        raise faults.refused("ORDER_ALREADY_COMPLETED")
    intent, units = order.intent, {unit.reference_id: _raw(unit) for unit in order.units}
    for operation in operations:
        op, path = _operation(operation)
        if path == "/intent":
            intent = _intent(operation, op)
        else:
            _change(operation, op, path, units)
    changed = tuple(checkout.read_unit(Given(raw, f"/purchase_units/{key}")) for key, raw in units.items())
    checkout.check_together(changed, intent)
    if order.status == "APPROVED" and [each.amount for each in changed] != [u.amount for u in order.units]:
        raise faults.refused("AMOUNT_CHANGE_NOT_ALLOWED")
    order = replace(order, intent=intent, units=changed, updated=work.now)
    work.put(order)
    return order


def _operation(given: Given) -> tuple[str, str]:
    op, path = given.one_of("op", _OPERATIONS), given.text("path", longest=4000)
    if op is None:
        raise given.missing("op")
    if path is None:
        raise faults.refused("PATCH_PATH_REQUIRED", field=given.field("path"))
    if op in {"add", "replace"} and "value" not in given.values:
        raise faults.refused("PATCH_VALUE_REQUIRED", field=given.field("value"))
    return op, path


def _intent(given: Given, op: str) -> str:
    intent = given.one_of("value", checkout.INTENTS)
    if op != "replace" or intent is None:
        raise faults.invalid("INVALID_PATCH_OPERATION", field="/intent")
    return intent


def _change(given: Given, op: str, path: str, units: dict[str, dict[str, Any]]) -> None:
    found = _UNIT.fullmatch(path)
    if found is None:
        known = path.startswith("/purchase_units/")
        raise faults.refused("INVALID_JSON_POINTER_FORMAT" if known else "NOT_PATCHABLE", field=path)
    reference, name = found.groups()
    if reference not in units:
        raise faults.refused("REFERENCE_ID_NOT_FOUND", field=path)
    if name not in _PATCHABLE:
        raise faults.invalid("FIELD_NOT_PATCHABLE", field=path)
    unit = units[reference]
    if op not in _PATCHABLE[name] or (op == "add") == (name in unit):
        raise faults.invalid("INVALID_PATCH_OPERATION", field=path)
    if op == "remove":
        del unit[name]
    else:
        unit[name] = given.values["value"]


def _raw(unit: Unit) -> dict[str, Any]:
    """A purchase unit as its merchant would send it."""
    amount: dict[str, Any] = dict(written(unit.amount))
    if unit.breakdown:
        amount["breakdown"] = {name: written(part) for name, part in unit.breakdown.items()}
    raw = {
        "reference_id": unit.reference_id,
        "amount": amount,
        "custom_id": unit.custom_id,
        "description": unit.description,
        "invoice_id": unit.invoice_id,
        "items": list(unit.items),
        "soft_descriptor": unit.soft_descriptor,
    }
    return {name: value for name, value in raw.items() if value}
