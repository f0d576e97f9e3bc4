"""Form parameters in the vendor's bracket notation (`card[number]=…`, `expand[]=…`), read by name and type.

The one rule: a parameter that nobody asked for is an error, as it is at the vendor.
"""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from bookingd.sandbox.stripe import faults

MAX_FIELDS = 300


def parse(text: str) -> dict[str, Any]:
    """`a[b][]=1` as {"a": {"b": ["1"]}}. Raises the vendor's error for what cannot be read."""
    tree: dict[str, Any] = {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=False, max_num_fields=MAX_FIELDS)
        for name, value in pairs:
            _place(tree, name, value)
    except (ValueError, TypeError, AttributeError) as error:
        raise faults.invalid("Invalid request: the parameters cannot be read.") from error
    return {name: _lists(value) for name, value in tree.items()}


def _place(tree: dict[str, Any], name: str, value: str) -> None:
    if "[" not in name:
        tree[name] = value
        return
    head, *path = [part.rstrip("]") for part in name.split("[")]
    for part in path:
        tree = tree.setdefault(head, {})
        head = part or str(len(tree))
    tree[head] = value


def _lists(value: Any) -> Any:
    """Mappings with the keys 0, 1, 2 … are lists."""
    if not isinstance(value, dict):
        return value
    inner = {name: _lists(each) for name, each in value.items()}
    if inner and all(name.isdigit() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


class Params:
    """Parameters to be taken one by one; `done` refuses what is left."""

    def __init__(self, given: dict[str, Any], prefix: str = "") -> None:
        self._given = dict(given)
        self._prefix = prefix

    def text(self, name: str, *, limit: int = 5000) -> str | None:
        value = self._given.pop(name, None)
        if value is None or value == "":
            return None
        if not isinstance(value, str) or len(value) > limit:
            raise faults.invalid(f"Invalid string: {self._path(name)}", param=self._path(name))
        return value

    def required(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise faults.missing(self._path(name))
        return value

    def integer(self, name: str) -> int | None:
        value = self.text(name)
        if value is None:
            return None
        if not re.fullmatch(r"-?[0-9]{1,15}", value):
            raise faults.invalid(
                f"Invalid integer: {value}", param=self._path(name), code="parameter_invalid_integer"
            )
        return int(value)

    def flag(self, name: str) -> bool:
        value = self.text(name)
        if value not in {None, "true", "false"}:
            raise faults.invalid(f"Invalid boolean: {value}", param=self._path(name))
        return value == "true"

    def one_of(self, name: str, options: Iterable[str], default: str | None) -> str | None:
        value = self.text(name) or default
        allowed = tuple(options)
        if value is not None and value not in allowed:
            raise faults.invalid(
                f"Invalid {self._path(name)}: must be one of {', '.join(allowed)}", param=self._path(name)
            )
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        value = self._given.pop(name, None) or []
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise faults.invalid(f"Invalid array: {self._path(name)}", param=self._path(name))
        return tuple(value)

    def metadata(self) -> dict[str, str]:
        """At most 50 pairs, names of 40 characters, values of 500: the vendor's limits."""
        value = self._given.pop("metadata", None) or {}
        fits = isinstance(value, dict) and len(value) <= 50
        if not fits or not all(
            isinstance(each, str) and len(each) <= 500 and len(name) <= 40 for name, each in value.items()
        ):
            raise faults.invalid("Invalid metadata", param="metadata")
        return value

    def group(self, name: str) -> "Params | None":
        value = self._given.pop(name, None)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise faults.invalid(f"Invalid object: {self._path(name)}", param=self._path(name))
        return Params(value, self._path(name))

    def groups(self, name: str) -> "list[Params]":
        """A list of groups."""
        value = self._given.pop(name, None) or []
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise faults.invalid(f"Invalid array: {self._path(name)}", param=self._path(name))
        return [Params(each, f"{self._path(name)}[{number}]") for number, each in enumerate(value)]

    def raw(self, name: str) -> dict[str, Any]:
        """A group whose inside is only kept and shown again."""
        value = self._given.pop(name, None) or {}
        return value if isinstance(value, dict) else {}

    def done(self) -> None:
        """Raise for the first parameter that was not taken."""
        for name in self._given:
            path = self._path(name)
            raise faults.invalid(f"Received unknown parameter: {path}", param=path, code="parameter_unknown")

    def _path(self, name: str) -> str:
        return f"{self._prefix}[{name}]" if self._prefix else name
