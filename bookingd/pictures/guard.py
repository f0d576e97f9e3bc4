"""Where pictures may be fetched from: named hosts, at addresses of the public Internet.

Its one rule: what was looked at is what is connected to. A name is resolved once, every address behind it has
to be public, and the connection goes to one of just these; so a name that changes its mind (DNS rebinding), a
redirect or a supplier's data cannot lead into our own network, or to the metadata service of a cloud.
"""

import socket
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

Address: TypeAlias = IPv4Address | IPv6Address

MOST_CHARACTERS = 2000
"""Of an address, as the table has it."""

NOT_PUBLIC = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/3",
        ),
    )
)
"""IANA IPv4 Special-Purpose Address Registry (RFC 6890), multicast, and what is reserved. Written out: what
Python's ipaddress calls global has changed between its releases."""

PUBLIC_V6 = IPv6Network("2000::/3")
"""All that IANA has given out for use anywhere. Embedded IPv4 addresses (mapped, NAT64) are outside of it."""
NOT_PUBLIC_V6 = tuple(
    map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"))
)
"""Of these: protocols (Teredo among them), documentation, 6to4, AS112 (IANA IPv6 Special-Purpose Address
Registry)."""


class Forbidden(OSError):
    """Nothing is fetched from there; an OSError, since resolvers raise such."""


def is_public(address: Address) -> bool:
    """Whether it is a host's on the public Internet."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in NOT_PUBLIC)
    return (
        address.scope_id is None
        and address in PUBLIC_V6
        and not any(address in network for network in NOT_PUBLIC_V6)
    )


class Hosts:
    """The hosts of the configuration.

    `images.example.com` is that one, `*.example.com` all below; `http://127.0.0.1:8081` a stand-in at just
    that address, without TLS.
    """

    def __init__(self, entries: Iterable[str], *, port: int = 443) -> None:
        self._port = port
        entries = tuple(one.lower() for one in entries)
        self._origins = {one for one in entries if "://" in one}
        self._names = {one for one in entries if "://" not in one and not one.startswith("*.")}
        self._endings = tuple(one[1:] for one in entries if one.startswith("*."))

    def check(self, text: str | URL) -> URL:
        """The address, if something may be fetched from it. Raises Forbidden."""
        try:
            url = URL(text).with_fragment(None)
            origin = str(url.origin())
        except ValueError as error:
            raise Forbidden("this is not an address") from error
        if len(str(url)) > MOST_CHARACTERS:
            raise Forbidden("the address is too long")
        if url.user is not None or url.password is not None:
            raise Forbidden("the address names a user")
        if origin not in self._origins:
            self._check_host(url)
        return url

    def _check_host(self, url: URL) -> None:
        host = (url.raw_host or "").lower()
        if url.scheme != "https" or url.port != self._port:
            raise Forbidden("the address is not https:// at its usual port")
        if host not in self._names and not host.endswith(self._endings or ("\0",)):
            raise Forbidden(f"{host} is not one of pictures.hosts")


class PublicResolver(AbstractResolver):
    """Resolves names as `inner` does; a name with an address that is not public has none."""

    def __init__(self, inner: AbstractResolver, *, allowed: Callable[[Address], bool] = is_public) -> None:
        self._inner = inner
        self._allowed = allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises Forbidden, and OSError as `inner` does."""
        found = await self._inner.resolve(host, port, family)
        for one in found:
            if not self._allowed(ip_address(one["host"])):
                raise Forbidden(f"{host} leads to {one['host']}, which is not on the public Internet")
        return found

    async def close(self) -> None:
        await self._inner.close()
