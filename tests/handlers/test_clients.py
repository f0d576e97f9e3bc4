"""What is known of a client: its address, as far as proxies are believed, and its device."""

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from handlers.clients import BELIEVED, client_address, device_of, is_browser, networks_of

FORWARDED = "X-Forwarded-For"


def request(*headers: tuple[str, str], remote: str = "127.0.0.1", believed: str = "") -> web.Request:
    app = web.Application()
    app[BELIEVED] = networks_of(tuple(believed.split()))
    made = make_mocked_request("GET", "/", headers=CIMultiDict(headers), app=app)
    return made.clone(remote=remote)


@pytest.mark.parametrize(
    ("remote", "believed", "hops", "address"),
    [
        ("203.0.113.9", "", ["10.0.0.1"], "203.0.113.9"),
        ("203.0.113.9", "127.0.0.1", ["10.0.0.1"], "203.0.113.9"),
        ("127.0.0.1", "127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", "127.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", "127.0.0.1", ["6.6.6.6, 203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", "127.0.0.1", ["6.6.6.6", "203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", "127.0.0.1", ["6.6.6.6, 7.7.7.7", " 203.0.113.9 "], "203.0.113.9"),
        ("127.0.0.1", "127.0.0.0/8 10.0.0.0/8", ["6.6.6.6, 203.0.113.9, 10.1.1.1"], "203.0.113.9"),
        ("127.0.0.1", "127.0.0.1", ["127.0.0.1, 127.0.0.1"], "127.0.0.1"),
        ("::1", "::1", ["2001:db8::1"], "2001:db8::1"),
        ("127.0.0.1", "127.0.0.1", ["', DROP TABLE accounts"], "unknown"),
        ("127.0.0.1", "127.0.0.1", ["203.0.113.9:1234"], "unknown"),
        ("127.0.0.1", "127.0.0.1", [",,,"], "127.0.0.1"),
    ],
)
def test_the_last_hop_that_no_trusted_proxy_vouches_for_is_the_client(
    remote: str, believed: str, hops: list[str], address: str
) -> None:
    asked = request(*((FORWARDED, hop) for hop in hops), remote=remote, believed=believed)

    assert client_address(asked) == address


@pytest.mark.parametrize(
    ("said", "device"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/128.0 Safari/537.36 Edg/128.0", "Edge on Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/128.0 Safari/537.36", "Chrome on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5) Version/17.5 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/128.0 Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8.5.0", "curl"),
        ("python-requests/2.32", "python-requests"),
        ("Python/3.11 aiohttp/3.9", "Python"),
        ("", "Something"),
        ("<script>alert(1)</script>", "Something"),
        ("\u202egnp.exe", "Something"),
        ("x" * 5000, "x" * 40),
    ],
)
def test_a_device_is_told_as_its_owner_knows_it(said: str, device: str) -> None:
    assert device_of(request(("User-Agent", said))) == device


def test_no_device_has_a_name_that_a_mail_program_makes_a_link_of() -> None:
    for said in ("evil.example/login is where you sign in", "Call https://evil.example", "www.evil.example"):
        assert "." not in device_of(request(("User-Agent", said)))


@pytest.mark.parametrize(
    ("header", "browser"),
    [
        (("Sec-Fetch-Site", "same-origin"), True),
        (("Sec-Fetch-Site", "none"), True),
        (("Origin", "http://bookingd.test"), True),
        (("User-Agent", "Firefox/130.0"), False),
    ],
)
def test_a_browser_is_told_by_what_scripts_cannot_set(header: tuple[str, str], browser: bool) -> None:
    assert is_browser(request(header)) is browser
