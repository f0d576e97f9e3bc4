"""What the fields of the sections are made with: a default, and what is allowed beside it.

A check takes the value that was read and answers with a complaint, or with nothing where it is good.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import field
from decimal import Decimal
from typing import Any
from zoneinfo import available_timezones

from stdnum.bic import is_valid as is_bic
from stdnum.iban import is_valid as is_iban

from bookingd.config.values import Secret, Url
from bookingd.domain.countries import ISO_3166
from bookingd.domain.money import EXPONENTS

_HOST = re.compile(r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_STAND_IN = re.compile(r"http://127\.0\.0\.1:\d{1,5}")
_PAIR = re.compile(r"([A-Z]{3})/([A-Z]{3})=([0-9]{1,2}(?:\.[0-9]{1,4})?)")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


LONGEST_BRAND = 127
"""PayPal's API description of `brand_name`."""


def within(default: int | float, low: float, high: float) -> Any:
    """A number from `low` to `high`, both included."""
    return field(default=default, metadata={"low": low, "high": high})


def percent(default: str, low: int, high: int) -> Any:
    """A share in per cent from `low` to `high`, both included, exact."""
    return field(default=Decimal(default), metadata={"low": low, "high": high})


def checked(default: Any, check: Callable[[Any], str]) -> Any:
    """A value that `check` may complain about; an empty complaint means that it is good."""
    return field(default=default, metadata={"check": check})


def address(
    default: str | None,
    *schemes: str,
    word: str = "",
    password: bool = True,
) -> Any:
    """An address with one of `schemes`, or the `word`; one with a `password` may come from a file."""
    metadata = {"schemes": schemes, "word": word, "from_file": password}
    return field(default=None if default is None else Url(default), metadata=metadata)


def secret(name: str) -> Any:
    """What only a file gives; `name` is the setting's, for whoever misses it."""
    return field(default=Secret(name), metadata={"secret": name, "from_file": True})


def networks(given: tuple[str, ...]) -> str:
    """A check: IP addresses, or networks of them."""
    for text in given:
        try:
            ipaddress.ip_network(text)
        except ValueError:
            return f"{text!r} is neither an IP address nor a network such as 10.0.0.0/8"
    return ""


def picture_hosts(given: tuple[str, ...]) -> str:
    """A check: names of hosts, ends of names behind `*.`, or a stand-in at a port of this host."""
    for text in given:
        if not (_HOST.fullmatch(text) or _STAND_IN.fullmatch(text)):
            return f"{text!r} is neither a host such as images.example.com nor *.example.com"
    return ""


def country(given: str) -> str:
    """A check."""
    return "" if given in ISO_3166 else "must be a country code of ISO 3166-1 in capitals, such as DE"


def time_zone(given: str) -> str:
    """A check."""
    return "" if given in available_timezones() else "must be a time zone of IANA, such as Europe/Berlin"


def iban(given: str) -> str:
    """A check: a bank account, or none; its check digits count."""
    known = not given or is_iban(given)
    return "" if known else "must be an IBAN (as DE89 3704 0044 0532 0130 00): the check digits do not fit"


def bic(given: str) -> str:
    """A check: a bank, or none."""
    known = not given or is_bic(given)
    return "" if known else "must be a BIC of 8 or 11 characters, such as COBADEFFXXX"


def number_prefix(given: str) -> str:
    """A check: what numbers of documents begin with."""
    known = re.fullmatch(r"[A-Z][A-Z0-9]{0,9}", given)
    return "" if known else "must be one to ten capitals and digits, and begin with a capital"


def brand_name(given: str) -> str:
    """A check: what PayPal shows to who pays."""
    good = len(given) <= LONGEST_BRAND and given.isprintable()
    return "" if good else f"must be {LONGEST_BRAND} characters at most, all of them printable"


def mail_address(given: str) -> str:
    """A check."""
    return "" if _ADDRESS.fullmatch(given) else "must be a mail address"


def local_url_of(host: str, port: int) -> str:
    """Where programs on this host reach who listens there: loopback where that is any address."""
    here = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 compared, not bound
    return f"http://[{here}]:{port}" if ":" in here else f"http://{here}:{port}"


def currency(given: str) -> str:
    """A check."""
    known = re.fullmatch(r"[A-Z]{3}", given)
    return "" if known else "must be a currency code of ISO 4217 in capitals, such as EUR"


def currencies(given: tuple[str, ...]) -> str:
    """A check: codes of currencies that amounts can be in, none twice."""
    for code in given:
        if code not in EXPONENTS:
            return f"{code!r} is no currency code of ISO 4217 in capitals, such as USD"
    twice = [code for code in given if given.count(code) > 1]
    return f"{twice[0]!r} is there twice" if twice else ""


def margins(given: tuple[str, ...]) -> str:
    """A check: per cent of pairs of currencies, no pair twice."""
    for text in given:
        found = _PAIR.fullmatch(text)
        if found is None or found[1] == found[2] or not {found[1], found[2]} <= EXPONENTS.keys():
            return f"{text!r} is no pair of currencies with per cent, such as EUR/USD=1.5"
    pairs = [pair for pair, _ in margins_in(given)]
    twice = ["/".join(pair) for pair in pairs if pairs.count(pair) > 1]
    return f"{twice[0]} is there twice" if twice else ""


def margins_in(given: tuple[str, ...]) -> Iterator[tuple[tuple[str, str], Decimal]]:
    """The pairs of a good setting, and what each says."""
    for text in given:
        pair, _, share = text.partition("=")
        base, _, quote = pair.partition("/")
        yield (base, quote), Decimal(share)
