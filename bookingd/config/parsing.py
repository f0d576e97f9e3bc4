"""From what was written to what was meant, by the type of the setting.

A value that cannot be meant raises `Wrong`; text from the environment is read as TOML would have it.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from bookingd.config.errors import did_you_mean
from bookingd.config.redis_address import SCHEMES as REDIS_SCHEMES
from bookingd.config.redis_address import RedisAddress
from bookingd.config.schema import Leaf
from bookingd.config.values import Url

_BOOLEANS = {"true": True, "yes": True, "on": True, "1": True} | {
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}

_DECIMALS = 4


class Wrong(ValueError):
    """A value is not what its setting takes: what it must be, and perhaps what was meant."""

    def __init__(self, complaint: str, hint: str = "") -> None:
        super().__init__(complaint)
        self.complaint = complaint
        self.hint = hint


def parse(leaf: Leaf, value: Any, *, text: bool) -> Any:
    """The value of a setting; `text` tells that it comes from where everything is text."""
    origin = get_origin(leaf.kind)
    if origin is Literal:
        meant: Any = _choice(leaf.kind, value)
    elif origin is tuple:
        meant = _list(leaf.kind, value, text=text)
    else:
        meant = _PARSERS[leaf.kind](leaf, value, text)
    check: Callable[[Any], str] | None = leaf.metadata.get("check")
    if check and (complaint := check(meant)):
        raise Wrong(complaint)
    return meant


def _bool(_: Leaf, value: Any, text: bool) -> bool:
    if text and str(value).lower() in _BOOLEANS:
        return _BOOLEANS[str(value).lower()]
    if not isinstance(value, bool):
        raise Wrong("must be true or false")
    return value


def _int(leaf: Leaf, value: Any, text: bool) -> int:
    if text:
        try:
            value = int(value)
        except ValueError:
            value = None
    low, high = leaf.metadata["low"], leaf.metadata["high"]
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise Wrong(f"must be a whole number from {low} to {high}")
    return value


def _float(leaf: Leaf, value: Any, text: bool) -> float:
    if text:
        try:
            value = float(value)
        except ValueError:
            value = None
    low, high = leaf.metadata["low"], leaf.metadata["high"]
    if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
        raise Wrong(f"must be a number from {low} to {high}")
    return float(value)


def _decimal(leaf: Leaf, value: Any, text: bool) -> Decimal:
    """As it was written: the shortest text of a float is that."""
    low, high = leaf.metadata["low"], leaf.metadata["high"]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    try:
        meant = Decimal(str(value)) if text or number else Decimal("NaN")
    except InvalidOperation:
        meant = Decimal("NaN")
    if not meant.is_finite() or not low <= meant <= high or meant != round(meant, _DECIMALS):
        raise Wrong(f"must be a number from {low} to {high} with {_DECIMALS} decimals at most")
    return meant


def _str(_: Leaf, value: Any, __: bool) -> str:
    if not isinstance(value, str):
        raise Wrong("must be text in quotes")
    return value.strip()


def _path(leaf: Leaf, value: Any, text: bool) -> Path:
    written = _str(leaf, value, text)
    if not written:
        raise Wrong("must be a path")
    return Path(written).expanduser()


def _url(leaf: Leaf, value: Any, text: bool) -> Url:
    written = _str(leaf, value, text)
    word, schemes = leaf.metadata["word"], leaf.metadata["schemes"]
    if word and written == word:
        return Url(written)
    url = Url(written)
    scheme = written.partition("://")[0].lower() if "://" in written else ""
    if scheme not in schemes:
        raise Wrong(_url_choices(word, schemes), did_you_mean(scheme or written, [*schemes, word]))
    if scheme in REDIS_SCHEMES:
        _check_redis(url)
    else:
        _check_authority(url, needs_host=scheme not in {"memory", "fakeredis"})
    return url


def _check_redis(url: Url) -> None:
    try:
        RedisAddress.parse(url.reveal())
    except ValueError as error:
        raise Wrong(str(error)) from error


def _url_choices(word: str, schemes: tuple[str, ...]) -> str:
    starts = " or ".join(f"{scheme}://" for scheme in schemes)
    return f'must be "{word}", or begin with {starts}' if word else f"must begin with {starts}"


def _check_authority(url: Url, *, needs_host: bool) -> None:
    try:
        host, _ = url.parts.hostname, url.parts.port
    except ValueError as error:
        raise Wrong("is not an address: check the host and the port") from error
    # PostgreSQL knows addresses without a host, which name a socket directory in ?host=.
    if needs_host and not host and "host=" not in url.parts.query:
        raise Wrong("names no host")


def _choice(kind: Any, value: Any) -> str:
    choices = get_args(kind)
    if value not in choices:
        complaint = f"must be {_one_of(choices)}"
        raise Wrong(complaint, did_you_mean(value, choices) if isinstance(value, str) else "")
    return str(value)


def _list(kind: Any, value: Any, *, text: bool) -> tuple[str, ...]:
    if text:
        value = [part.strip() for part in str(value).split(",") if part.strip()]
    if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
        raise Wrong("must be a list of texts" + (", parted by commas" if text else ', such as ["a", "b"]'))
    element = get_args(kind)[0]
    if get_origin(element) is Literal:
        return _choices(get_args(element), value)
    return tuple(value)


def _choices(choices: tuple[str, ...], values: list[str]) -> tuple[str, ...]:
    for value in values:
        if not named(choices, value):
            raise Wrong(f"{value!r} is none of {', '.join(choices)}", nearest(choices, value))
    meant = {choice for value in values for choice in named(choices, value)}
    return tuple(choice for choice in choices if choice in meant)


def named(choices: Iterable[str], value: str) -> frozenset[str]:
    """Which choices are meant: the one of that name, or all below it, as by `search` what searches."""
    return frozenset(choice for choice in choices if choice == value or choice.startswith(f"{value}."))


def nearest(choices: Iterable[str], value: str) -> str:
    """A hint that names the choice, or what several begin with, that was probably meant."""
    return did_you_mean(value, {word for choice in choices for word in (choice, choice.partition(".")[0])})


def _one_of(choices: tuple[str, ...]) -> str:
    quoted = [f'"{choice}"' for choice in choices]
    return " or ".join([", ".join(quoted[:-1]), quoted[-1]])


_PARSERS: Mapping[Any, Callable[[Leaf, Any, bool], Any]] = {
    bool: _bool,
    int: _int,
    float: _float,
    Decimal: _decimal,
    str: _str,
    Path: _path,
    Url: _url,
}
