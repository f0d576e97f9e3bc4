"""Where Redis is: at a host, or wherever Sentinel says.

    redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]
    redis+sentinel://[USER:PASSWORD@]HOST[:PORT][,HOST[:PORT]…]/SERVICE[/DATABASE]

With `rediss` it is over TLS, to the Sentinels too. The rule: what redis-py would quietly leave out, or
stumble over at the first connection, is refused when the configuration is read.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

SCHEMES = ("redis", "rediss", "redis+sentinel", "rediss+sentinel")
PORT, SENTINEL_PORT = 6379, 26379
"""The ports that Redis and Sentinel listen on unless told otherwise."""

TLS_OPTIONS = frozenset({"ssl_ca_certs", "ssl_certfile", "ssl_keyfile"})
"""Files: whose signatures are believed, and the certificate that we show; redis-py reads them."""

SENTINEL_OPTIONS = frozenset({"sentinel_username", "sentinel_password"})
"""What the Sentinels themselves want to hear."""

_HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^,:\[\]]+)(?::(?P<port>\d{1,5}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisAddress:
    """`hosts` are Sentinels where a `service` is named, and otherwise Redis itself (one)."""

    hosts: tuple[tuple[str, int], ...]
    service: str
    database: int
    username: str | None
    password: str | None
    tls: bool
    options: Mapping[str, str]

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read an address of one of SCHEMES. Raises ValueError with what is wrong, as said of a setting."""
        parts = urlsplit(url)
        sentinel = parts.scheme.endswith("+sentinel")
        login, _, netloc = parts.netloc.rpartition("@")
        username, _, password = login.partition(":")
        service, database = _path(parts.path, sentinel=sentinel)
        return cls(
            hosts=_hosts(netloc, sentinel=sentinel),
            service=service,
            database=database,
            username=unquote(username) or None,
            password=unquote(password) or None,
            tls=parts.scheme.startswith("rediss"),
            options=_options(parts, sentinel=sentinel),
        )


def _hosts(netloc: str, *, sentinel: bool) -> tuple[tuple[str, int], ...]:
    if not netloc:
        raise ValueError("names no host")
    written = netloc.split(",") if sentinel else [netloc]
    return tuple(_host(one, SENTINEL_PORT if sentinel else PORT) for one in written)


def _host(written: str, port: int) -> tuple[str, int]:
    found = _HOST.fullmatch(written)
    if found is None or not 0 < int(found["port"] or port) < 65536:
        raise ValueError("is not an address: check the host and the port")
    return found["host"].strip("[]"), int(found["port"] or port)


def _path(path: str, *, sentinel: bool) -> tuple[str, int]:
    """The service and the database's number."""
    service, _, database = path.strip("/").partition("/") if sentinel else ("", "", path.strip("/"))
    if sentinel and not service:
        raise ValueError(
            "names no service: which Redis the Sentinels shall be asked for, as in …:26379/bookingd"
        )
    if database and not (database.isascii() and database.isdigit()):
        raise ValueError(f"must end with the number of a database, not with {database!r}")
    return unquote(service), int(database or 0)


def _options(parts: SplitResult, *, sentinel: bool) -> Mapping[str, str]:
    known = (TLS_OPTIONS if parts.scheme.startswith("rediss") else frozenset()) | (
        SENTINEL_OPTIONS if sentinel else frozenset()
    )
    given = parse_qs(parts.query, keep_blank_values=True)
    for name in given.keys() - known:
        there = f"there are {', '.join(sorted(known))}" if known else "there is none"
        raise ValueError(f"has an option {name!r}; with {parts.scheme}:// {there}")
    return {name: values[-1] for name, values in given.items()}
