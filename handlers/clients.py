"""What is known of the client behind a request: its address, its device, and whether it is a browser."""

import ipaddress
import re
from functools import lru_cache
from typing import TypeAlias

from aiohttp import hdrs, web

Networks: TypeAlias = "tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]"

BELIEVED = web.AppKey("believed", tuple)
"""Networks of proxies that are believed about who came to them."""

UNKNOWN = "unknown"

BROWSERS = ("Edg", "OPR", "Firefox", "Chrome", "Safari", "curl")
"""In the order in which they are looked for: each says that it is those behind it, too."""

NAMES = {"Edg": "Edge", "OPR": "Opera"}

SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)

_PRODUCT = re.compile(r"[A-Za-z][A-Za-z0-9 _-]{0,39}")
"""Without dots: mail programs make links of names of hosts."""


def networks_of(texts: tuple[str, ...]) -> Networks:
    """The networks of `server.trusted_proxies`."""
    return tuple(ipaddress.ip_network(text) for text in texts)


def client_address(request: web.Request) -> str:
    """Who is there: the last hop that no trusted proxy vouches for."""
    address = request.remote or ""
    if hdrs.X_FORWARDED_FOR in request.headers:
        address = _forwarded_to(address, request)
    return address if _is_address(address) else UNKNOWN


def _forwarded_to(address: str, request: web.Request) -> str:
    """Who came to the last of the trusted proxies that `address` begins with."""
    believed = request.app[BELIEVED]
    # A proxy may add a header of its own behind the client's, instead of a hop to that one.
    forwarded = ",".join(request.headers.getall(hdrs.X_FORWARDED_FOR))
    for hop in reversed([hop.strip() for hop in forwarded.split(",") if hop.strip()]):
        if not _within(address, believed):
            break
        address = hop
    return address


def device_of(request: web.Request) -> str:
    """What the client says it is, as its owner may know it: "Firefox on Linux"."""
    said = request.headers.get(hdrs.USER_AGENT, "")
    browser = next((NAMES.get(name, name) for name in BROWSERS if f"{name}/" in said), None)
    system = next((name for sign, name in SYSTEMS if sign in said), None)
    if browser is None:
        product = _PRODUCT.match(said)
        browser = product[0].strip() if product else "Something"
    return f"{browser} on {system}" if system else browser


def is_browser(request: web.Request) -> bool:
    """Whether a browser sends this: scripts cannot set either header. Old ones, and all where we are reached
    by plain http, send `Origin` alone.
    """
    return "Sec-Fetch-Site" in request.headers or hdrs.ORIGIN in request.headers


def _within(address: str, networks: Networks) -> bool:
    return _is_address(address) and any(ipaddress.ip_address(address) in network for network in networks)


@lru_cache(maxsize=1024)
def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
