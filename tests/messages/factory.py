"""Any value of any of our types, for hypothesis: fields are filled from their type hints."""

import dataclasses
import types
import typing
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from uuid import UUID

import msgspec
from hypothesis import strategies as st

from bookingd.domain import money

PLAIN = {
    str: st.text(max_size=20),
    int: st.integers(-(2**53), 2**53),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False, min_value=0, max_value=10**9, places=6),
    msgspec.Raw: st.sampled_from([b"{}", b'{"a":[1,null]}']).map(msgspec.Raw),
    UUID: st.uuids(),
    date: st.dates(),
    datetime: st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis wants naive bounds
    money.Money: st.builds(money.Money, st.integers(-(10**9), 10**9), st.sampled_from(["EUR", "JPY", "BHD"])),
}


def values(of: typing.Any) -> st.SearchStrategy[typing.Any]:
    """Values of a type hint: our dataclasses, their fields, and the containers in them."""
    if of in PLAIN:
        return PLAIN[of]
    if isinstance(of, typing.NewType):
        return values(of.__supertype__)
    if isinstance(of, type) and issubclass(of, Enum):
        return st.sampled_from(of)
    if dataclasses.is_dataclass(of) and isinstance(of, type):
        hints = typing.get_type_hints(of)
        fields = {field.name: values(hints[field.name]) for field in dataclasses.fields(of) if field.init}
        return st.builds(of, **fields)
    return _container(typing.get_origin(of), typing.get_args(of))


def _container(origin: typing.Any, of: tuple[typing.Any, ...]) -> st.SearchStrategy[typing.Any]:
    if origin in (types.UnionType, typing.Union):
        return st.one_of(*(st.none() if one is types.NoneType else values(one) for one in of))
    if origin is tuple and of[1:] == (...,):
        return st.lists(values(of[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*map(values, of))
    if origin is frozenset:
        return st.frozensets(values(of[0]), max_size=2)
    if origin is list:
        return st.lists(values(of[0]), max_size=2)
    if origin is dict:
        return st.dictionaries(values(of[0]), values(of[1]), max_size=2)
    raise TypeError(f"no values for {origin}{list(of)}")
