"""Fetching from hosts that are what they seem, and from such that are not (SSRF)."""

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver

from bookingd.pictures.fetching import Fetcher, FetchFailed, FetchRefused
from bookingd.pictures.guard import Hosts, PublicResolver
from tests.pictures.hosts import (
    NAME,
    Answerer,
    Authority,
    Host,
    Names,
    cut_off,
    endless,
    giving,
    public_or_here,
    saying,
    silent,
    slow,
)

BODY = b"\xff\xd8\xffpicture" * 1000
LIMIT = 200_000

MakeFetcher = Callable[..., Fetcher]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
async def host(authority: Authority) -> AsyncIterator[Host]:
    """At pictures.test, with a good certificate."""
    async with Host().serving(tls=authority.server_for(NAME)) as serving:
        serving.answer = giving(BODY)
        yield serving


@pytest.fixture
async def fetcher_of(host: Host, authority: Authority) -> AsyncIterator[MakeFetcher]:
    """A fetcher that is allowed there, by names that lead where a test says."""
    made = []

    def make(
        names: AbstractResolver | None = None,
        *,
        hosts: Sequence[str] = (NAME, "*.pictures.test"),
        seconds: float = 5.0,
        trust: ssl.SSLContext | None = authority.trust,
    ) -> Fetcher:
        inner = names or Names({NAME: [["127.0.0.1"]]})
        fetcher = Fetcher(
            hosts=Hosts(hosts, port=host.port),
            resolver=PublicResolver(inner, allowed=public_or_here),
            seconds=seconds,
            most_bytes=LIMIT,
            trust=trust,
        )
        made.append(fetcher)
        return fetcher

    yield make
    for fetcher in made:
        await fetcher.close()


def address(host: Host, name: str = NAME, path: str = "/1.jpg") -> str:
    return f"https://{name}:{host.port}{path}"


async def why_not(fetcher: Fetcher, address: str) -> str:
    with pytest.raises((FetchFailed, FetchRefused)) as raised:
        await fetcher.fetch(address)
    error = raised.value
    assert isinstance(error, FetchFailed | FetchRefused)
    return error.reason


async def test_a_picture_comes_as_it_is(host: Host, fetcher_of: MakeFetcher) -> None:
    assert await fetcher_of().fetch(address(host)) == BODY


async def test_its_host_is_told_what_is_read_and_nothing_of_others(
    host: Host, fetcher_of: MakeFetcher
) -> None:
    host.answer = giving(BODY, **{"Set-Cookie": "track=me"})
    fetcher = fetcher_of()

    await fetcher.fetch(address(host))
    await fetcher.fetch(address(host))

    headers = host.requests[1].headers
    assert headers["Accept-Encoding"] == "identity"
    assert headers["User-Agent"].startswith("bookingd/")
    assert not {"Cookie", "Authorization", "Referer"} & headers.keys()


# Names that lead within


@pytest.mark.parametrize(
    "addresses",
    [
        ["10.0.0.1"],
        ["127.0.0.2"],
        ["169.254.169.254"],
        ["192.168.0.1"],
        ["100.64.0.1"],
        ["0.0.0.0"],
        ["224.0.0.1"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["fd00:ec2::254"],
        ["127.0.0.1", "10.0.0.1"],
        ["8.8.8.8", "169.254.169.254"],
    ],
)
async def test_a_name_that_leads_within_leads_nowhere(
    host: Host, fetcher_of: MakeFetcher, addresses: list[str]
) -> None:
    """Not even where it leads to a public address, too."""
    fetcher = fetcher_of(Names({NAME: [addresses]}))

    assert await why_not(fetcher, address(host)) == "forbidden"
    assert host.requests == []


async def test_a_name_that_changes_its_mind_is_asked_once(
    host: Host, fetcher_of: MakeFetcher, authority: Authority
) -> None:
    """DNS rebinding: public while it is looked at, within when the connection is made."""
    names = Names({NAME: [["127.0.0.1"], ["127.0.0.2"]]})
    fetcher = fetcher_of(names)

    await fetcher.fetch(address(host))

    assert names.asked == [NAME]
    assert len(host.requests) == 1
    assert await why_not(fetcher, address(host)) == "forbidden"
    assert len(host.requests) == 1


async def test_no_other_host_is_asked(host: Host, fetcher_of: MakeFetcher) -> None:
    names = Names({"evil.test": [["127.0.0.1"]]})
    fetcher = fetcher_of(names)

    assert not fetcher.may(address(host, "evil.test"))
    assert await why_not(fetcher, address(host, "evil.test")) == "forbidden"
    assert names.asked == []


# Redirects


def there(status: int, location: str) -> Answerer:
    return saying(status, Location=location)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_to_an_allowed_host_is_followed(
    host: Host, fetcher_of: MakeFetcher, status: int
) -> None:
    names = Names({NAME: [["127.0.0.1"]], "cdn.pictures.test": [["127.0.0.1"]]})

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/1.jpg":
            return await there(status, "/2.jpg")(request)
        return await giving(BODY)(request)

    host.answer = answer

    assert await fetcher_of(names).fetch(address(host)) == BODY
    assert [one.path for one in host.requests] == ["/1.jpg", "/2.jpg"]


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
        "https://169.254.169.254/",
        "http://127.0.0.1:{port}/",
        "https://127.0.0.1:{port}/",
        "https://[::1]:{port}/",
        "https://evil.test:{port}/",
        "https://pictures.test:22/",
        "http://pictures.test:{port}/",
        "https://root@pictures.test:{port}/",
        "//evil.test:{port}/",
        "file:///etc/passwd",
        "gopher://pictures.test:{port}/_QUIT",
        "https://within.pictures.test:{port}/",
    ],
)
async def test_a_redirect_leads_no_further_than_an_address_would(
    host: Host, fetcher_of: MakeFetcher, location: str
) -> None:
    names = Names(
        {NAME: [["127.0.0.1"]], "evil.test": [["127.0.0.1"]], "within.pictures.test": [["169.254.169.254"]]}
    )
    host.answer = there(302, location.format(port=host.port))

    assert await why_not(fetcher_of(names), address(host)) == "forbidden"
    assert len(host.requests) == 1


@pytest.mark.parametrize("location", ["/1.jpg", "", "https://[", "\x00"])
async def test_redirects_that_lead_nowhere_end(host: Host, fetcher_of: MakeFetcher, location: str) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": location} if location != "\x00" else {})

    host.answer = answer

    assert await why_not(fetcher_of(), address(host)) == "redirects"
    assert len(host.requests) <= 4


# Bodies


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (endless, "too-large"),
        (giving(bytes(LIMIT + 1)), "too-large"),
        (slow, "slow"),
        (silent, "slow"),
        (cut_off, "cut-off"),
        (saying(404), "gone"),
        (saying(410), "gone"),
        (saying(403), "status-403"),
        (saying(429), "status-429"),
        (saying(503), "status-503"),
        (saying(204), "status-204"),
        (saying(206), "status-206"),
        (saying(304), "status-304"),
    ],
)
async def test_what_is_not_a_whole_bounded_body_is_not_taken(
    host: Host, fetcher_of: MakeFetcher, answer: Answerer, reason: str
) -> None:
    host.answer = answer
    fetcher = fetcher_of(seconds=0.5 if reason == "slow" else 5.0)

    async with asyncio.timeout(10):
        assert await why_not(fetcher, address(host)) == reason


async def test_nothing_is_unpacked_on_the_way(host: Host, fetcher_of: MakeFetcher) -> None:
    """Twenty kilobytes that would become twenty megabytes."""
    host.answer = giving(gzip.compress(bytes(20_000_000)), **{"Content-Encoding": "gzip"})

    assert await why_not(fetcher_of(), address(host)) == "encoded"


async def test_a_host_that_shows_anothers_certificate_is_not_it(host: Host, fetcher_of: MakeFetcher) -> None:
    names = Names({"cdn.pictures.test": [["127.0.0.1"]]})

    assert await why_not(fetcher_of(names), address(host, "cdn.pictures.test")) == "unreachable"
    assert host.requests == []


async def test_a_host_that_nobody_vouches_for_is_not_asked(host: Host, fetcher_of: MakeFetcher) -> None:
    assert await why_not(fetcher_of(trust=None), address(host)) == "unreachable"
    assert host.requests == []


async def test_a_name_that_nobody_has_leads_nowhere(host: Host, fetcher_of: MakeFetcher) -> None:
    assert await why_not(fetcher_of(Names({})), address(host)) == "unreachable"


async def test_no_proxy_of_the_environment_is_asked(
    host: Host, fetcher_of: MakeFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")

    assert await fetcher_of().fetch(address(host)) == BODY
