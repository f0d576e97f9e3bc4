"""Where Redis is, as it is written in one line; what redis-py would leave out quietly is refused."""

import pytest

from bookingd.config.redis_address import RedisAddress
from bookingd.config.values import mask_passwords
from tests.config.arrange import Bench


def test_an_address_of_redis_itself() -> None:
    found = RedisAddress.parse("rediss://me:se%40cret@[::1]/3?ssl_ca_certs=/etc/ssl/redis.pem")

    assert found == RedisAddress(
        hosts=(("::1", 6379),),
        service="",
        database=3,
        username="me",
        password="se@cret",
        tls=True,
        options={"ssl_ca_certs": "/etc/ssl/redis.pem"},
    )


def test_an_address_that_sentinels_know() -> None:
    found = RedisAddress.parse("redis+sentinel://:secret@one,two:5000/bookingd/2?sentinel_password=other")

    assert found == RedisAddress(
        hosts=(("one", 26379), ("two", 5000)),
        service="bookingd",
        database=2,
        username=None,
        password="secret",
        tls=False,
        options={"sentinel_password": "other"},
    )


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("redis:///0", "names no host"),
        ("redis://one,two/0", "is not an address: check the host and the port"),
        ("redis://host:70000/0", "is not an address: check the host and the port"),
        ("redis://host/bookingd", "must end with the number of a database, not with 'bookingd'"),
        ("redis://host/0?timeout=3", "has an option 'timeout'; with redis:// there is none"),
        (
            "rediss://host/0?ssl_cert_reqs=none",
            "has an option 'ssl_cert_reqs'; with rediss:// there are ssl_ca_certs, ssl_certfile, ssl_keyfile",
        ),
        ("redis+sentinel://one,,two/bookingd", "is not an address: check the host and the port"),
        (
            "redis+sentinel://one:26379",
            "names no service: which Redis the Sentinels shall be asked for, as in …:26379/bookingd",
        ),
        ("redis+sentinel://one/bookingd/x", "must end with the number of a database, not with 'x'"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused_when_the_configuration_is_read(
    bench: Bench, url: str, complaint: str
) -> None:
    problem = bench.problem(f'[cache]\nurl = "{url}"\n')

    assert (problem.key, problem.complaint) == ("cache.url", complaint)


def test_a_password_of_the_sentinels_is_not_shown() -> None:
    shown = mask_passwords("redis+sentinel://me:secret@one,two/bookingd?sentinel_password=other")

    assert shown == "redis+sentinel://me:***@one,two/bookingd?sentinel_password=***"
