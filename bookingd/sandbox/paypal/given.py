"""The body of a call, taken apart: each value is asked for by name and checked for its kind.

The one rule: a fault names the field by its JSON pointer, as the vendor does. Names that nobody asks for are
ignored: the vendor's own examples have fields that its description does not know.
"""

from collections.abc import Collection
from typing import Any

import msgspec

from bookingd.sandbox.paypal import amounts, faults
from bookingd.sandbox.paypal.records import Money

_NO_OBJECT: dict[str, Any] = {}


class Given:
    """An object of a body."""

    def __init__(self, values: dict[str, Any], pointer: str = "") -> None:
        self.values = values
        self.pointer = pointer

    @classmethod
    def parse(cls, body: bytes, *, malformed: str) -> "Given":
        """An object in JSON; nothing at all is an empty one. `malformed`: the issue of what is none."""
        try:
            values = msgspec.json.decode(body) if body.strip() else {}
        except msgspec.DecodeError as error:
            raise faults.invalid(malformed, field="/") from error
        if not isinstance(values, dict):
            raise faults.invalid(malformed, field="/")
        return cls(values)

    def field(self, name: str) -> str:
        return f"{self.pointer}/{name}"

    def has(self, name: str) -> bool:
        return self.values.get(name) is not None

    def text(self, name: str, *, longest: int = 127) -> str | None:
        """A text of 1 to `longest` characters, if it is there."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise faults.invalid("INVALID_PARAMETER_SYNTAX", field=self.field(name), value=str(value))
        if not 1 <= len(value) <= longest:
            raise faults.invalid("INVALID_STRING_LENGTH", field=self.field(name), value=value[:255])
        return value

    def required(self, name: str, *, longest: int = 127) -> str:
        value = self.text(name, longest=longest)
        if value is None:
            raise self.missing(name)
        return value

    def one_of(self, name: str, options: Collection[str]) -> str | None:
        value = self.text(name, longest=255)
        if value is not None and value not in options:
            raise faults.invalid("INVALID_PARAMETER_VALUE", field=self.field(name), value=value)
        return value

    def flag(self, name: str) -> bool:
        value = self.values.get(name, False)
        if not isinstance(value, bool):
            raise faults.invalid("INVALID_PARAMETER_SYNTAX", field=self.field(name), value=str(value))
        return value

    def group(self, name: str) -> "Given":
        """An object in it; an empty one where there is none."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, dict):
            raise faults.invalid("INVALID_PARAMETER_SYNTAX", field=self.field(name))
        return Given(value or _NO_OBJECT, self.field(name))

    def groups(self, name: str) -> "list[Given]":
        """The objects of a list in it."""
        value = self.values.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise faults.invalid("INVALID_PARAMETER_SYNTAX", field=self.field(name))
        return [Given(each, f"{self.field(name)}/{place}") for place, each in enumerate(value)]

    def money(self, name: str, *, zero: bool = False) -> Money | None:
        """An amount in it; `zero`: whether nothing is an amount."""
        if not self.has(name):
            return None
        return self.group(name).as_money(zero=zero)

    def as_money(self, *, zero: bool = False) -> Money:
        """It is an amount."""
        currency, value = self.required("currency_code", longest=255), self.required("value", longest=255)
        if len(currency) != 3:
            raise faults.invalid("INVALID_STRING_LENGTH", field=self.field("currency_code"), value=currency)
        return amounts.read(value, currency, field=self.pointer, zero=zero)

    def missing(self, name: str) -> faults.Fault:
        return faults.invalid("MISSING_REQUIRED_PARAMETER", field=self.field(name))
