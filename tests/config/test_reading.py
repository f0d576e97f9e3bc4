"""What a configuration says is what the settings hold; what it cannot say is told all at once."""

import dataclasses
from pathlib import Path

import pytest

from bookingd.config import ACTORS, ConfigErrors, load_settings
from bookingd.config.reading import embedded_file
from tests.config.arrange import Bench

OVER_RABBITMQ = '[bus]\nurl = "amqp://mq"\n[database]\nurl = "postgresql://db/bookingd"\n'


def test_nothing_configured_is_the_embedded_defaults(bench: Bench) -> None:
    settings = bench.load()

    assert settings.environment == "development"
    assert settings.database.embedded
    assert settings.cache.embedded
    assert settings.mail.catcher
    assert settings.stripe.sandbox
    assert settings.actors.run == ACTORS
    assert settings.warnings == ()


def test_the_packaged_file_says_what_the_defaults_say(bench: Bench) -> None:
    assert load_settings(embedded_file(), {}, bench.container_secrets) == bench.load()


def test_without_a_file_the_packaged_one_is_read() -> None:
    assert load_settings(environ={}).file == embedded_file()


def test_the_environment_may_name_the_file(bench: Bench) -> None:
    bench.file.write_text("[server]\nport = 9090\n")

    settings = load_settings(environ={"BOOKINGD_CONFIG": str(bench.file)})

    assert settings.server.port == 9090


def test_sections_are_read_by_their_types(bench: Bench) -> None:
    settings = bench.load("""
        [server]
        host = "0.0.0.0"
        request_timeout_seconds = 9
        trusted_proxies = ["10.0.0.0/8", "::1"]
        [inventory]
        demo = false
        [actors]
        run = ["payment", "notify", "audit", "booking", "search.hotels", "search.flights", "auth"]
        [actors.payment]
        concurrency = 3
        [paths]
        var = "elsewhere"
    """)

    assert settings.server.request_timeout_seconds == 9.0
    assert settings.server.trusted_proxies == ("10.0.0.0/8", "::1")
    assert settings.inventory.demo is False
    assert settings.actors.run == ACTORS
    assert settings.actors.bounds("payment") == {"concurrency": 3, "prefetch": 64, "batch": 64}
    assert settings.actors.bounds("search.hotels") == {"concurrency": 64, "prefetch": 128}
    assert settings.actors.bounds("audit") == {}
    assert settings.paths.var == Path.cwd() / "elsewhere"


def test_the_environment_overrides_the_file_and_is_read_by_type(bench: Bench) -> None:
    settings = bench.load(
        '[server]\nport = 9090\n[bus]\nurl = "amqp://mq"\n[database]\nurl = "postgresql://db/bookingd"\n',
        BOOKINGD_SERVER__PORT="7070",
        BOOKINGD_SERVER__REQUEST_TIMEOUT_SECONDS="9.5",
        BOOKINGD_INVENTORY__DEMO="no",
        BOOKINGD_ACTORS__RUN="search.flights, booking",
        BOOKINGD_ACTORS__SEARCH__FLIGHTS__CONCURRENCY="5",
        BOOKINGD_ACTORS__BOOKING__BATCH="8",
        BOOKINGD_PUBLIC_URL="http://travel.test/",
    )

    assert settings.server.port == 7070
    assert settings.server.request_timeout_seconds == 9.5
    assert settings.inventory.demo is False
    assert settings.actors.run == ("search.flights", "booking")
    assert settings.actors.bounds("search.flights")["concurrency"] == 5
    assert settings.actors.booking.batch == 8
    assert settings.public_url == "http://travel.test"
    assert settings.given["server.port"] == "BOOKINGD_SERVER__PORT"


def test_search_means_both_actors_that_search(bench: Bench) -> None:
    assert bench.load(
        '[actors]\nrun = ["search", "audit", "search.hotels"]\n' + OVER_RABBITMQ
    ).actors.run == (
        "search.flights",
        "search.hotels",
        "audit",
    )


def test_an_empty_variable_and_those_of_tests_count_for_nothing(bench: Bench) -> None:
    settings = bench.load(BOOKINGD_SERVER__PORT="", BOOKINGD_TEST_DATABASE_URL="postgresql://elsewhere/x")

    assert settings == bench.load()


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", "http://127.0.0.1:9090"),
        ("0.0.0.0", "http://127.0.0.1:9090"),
        ("::", "http://[::1]:9090"),
    ],
)
def test_without_a_public_url_the_listening_address_serves(bench: Bench, host: str, expected: str) -> None:
    settings = bench.load(f'[server]\nhost = "{host}"\nport = 9090\n')

    assert settings.public_url == expected


def test_settings_cannot_be_changed(bench: Bench) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        bench.load().server.port = 1  # type: ignore[misc] # that is the point


def test_every_mistake_is_told_at_once_with_its_line(bench: Bench) -> None:
    problems = bench.problems(
        'environment = "devlopment"\n'
        "[server]\n"
        "prot = 9090\n"
        'port = "eighty"\n'
        "[serch]\n"
        "deadline_seconds = 3\n"
        "[bus]\n"
        'url = "ampq://guest:guest@mq/"\n',
        BOOKINGD_DATABASE__POOL_MAXIMUM="many",
    )

    assert [(found.line, found.key) for found in problems] == [
        (1, "environment"),
        (3, "server.prot"),
        (4, "server.port"),
        (5, "[serch]"),
        (8, "bus.url"),
        (None, "BOOKINGD_DATABASE__POOL_MAXIMUM"),
    ]
    assert {found.place for found in problems} == {str(bench.file), "Environment"}


def test_a_mistake_in_the_file_is_told_while_the_environment_hides_it(bench: Bench) -> None:
    problems = bench.problems(
        '[server]\nport = "eighty"\n[database]\nurl_file = 1\n',
        BOOKINGD_SERVER__PORT="8080",
        BOOKINGD_DATABASE__URL="postgresql://db/bookingd",
    )

    assert [(found.line, found.key) for found in problems] == [(2, "server.port"), (4, "database.url_file")]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("[server]\nprot = 1\n", "did you mean 'port'?"),
        ("[server]\npool_maximum = 1\n", "it belongs in [database]"),
        ("[actors.bookings]\nbatch = 1\n", "did you mean '[actors.booking]'?"),
        (
            "[actors.search]\nprefetch = 1\n",
            "it belongs in [actors.search.flights] or [actors.search.hotels]",
        ),
        ("[databse]\nurl = 1\n", "did you mean '[database]'?"),
        ('[actors]\nrun = ["serch"]\n', "did you mean 'search'?"),
        ('[log]\nlevel = "warn"\n', "did you mean 'warning'?"),
        ('[database]\nurl = "postgressql://db/x"\n', "did you mean 'postgresql'?"),
        ("server = 8080\n", "begin it with a line [server]"),
        ('[stripe]\nsecret_key = "x"\n', "put it in a file and name it: secret_key_file"),
        ("[server]\nsomething_else_entirely = 1\n", ""),
    ],
)
def test_a_mistake_comes_with_a_hint(bench: Bench, text: str, hint: str) -> None:
    assert bench.problem(text).hint == hint


def test_a_variable_that_nobody_reads_is_a_mistake(bench: Bench) -> None:
    assert bench.problem(BOOKINGD_SERVER_PORT="1").hint == "did you mean 'BOOKINGD_SERVER__PORT'?"


@pytest.mark.parametrize(
    ("section", "key", "value", "complaint"),
    [
        ("server", "port", "0", "must be a whole number from 1 to 65535"),
        ("server", "port", "true", "must be a whole number from 1 to 65535"),
        ("server", "port", "80.5", "must be a whole number from 1 to 65535"),
        ("search", "deadline_seconds", "nan", "must be a number from 0.1 to 120"),
        ("search", "deadline_seconds", '"3"', "must be a number from 0.1 to 120"),
        ("inventory", "demo", '"yes"', "must be true or false"),
        ("server", "host", "1", "must be text in quotes"),
        ("paths", "var", '""', "must be a path"),
        (
            "actors",
            "run",
            '["serch"]',
            "'serch' is none of auth, search.flights, search.hotels, booking, payment, notify, audit",
        ),
        ("actors", "run", '"search"', 'must be a list of texts, such as ["a", "b"]'),
        (
            "server",
            "trusted_proxies",
            '["proxy"]',
            "'proxy' is neither an IP address nor a network such as 10.0.0.0/8",
        ),
        (
            "booking",
            "currency",
            '"euro"',
            "must be a currency code of ISO 4217 in capitals, such as EUR",
        ),
        ("mail", "from_address", '"me"', "must be a mail address"),
        ("log", "format", '"xml"', 'must be "text" or "json"'),
        ("bus", "url", '"kafka://mq"', "must begin with memory:// or amqp:// or amqps://"),
        ("bus", "url", '"amqps:///bookingd"', "names no host"),
        (
            "cache",
            "url",
            '"memcached://x"',
            "must begin with fakeredis:// or redis:// or rediss:// or redis+sentinel:// or rediss+sentinel://",
        ),
        ("cache", "url", '"redis://"', "names no host"),
        ("cache", "url", '"redis://x:port"', "is not an address: check the host and the port"),
        (
            "mail",
            "url",
            '"sendmail"',
            'must be "catcher", or begin with smtp:// or smtps://',
        ),
        ("stripe", "secret_key_file", "7", "must be a path in quotes"),
        ("database", "pool_minimum", "11", "must not be above database.pool_maximum, which is 10"),
        ("sandbox", "port", "8080", "is the same as server.port"),
    ],
)
def test_a_value_that_cannot_be_is_refused(
    bench: Bench, section: str, key: str, value: str, complaint: str
) -> None:
    problem = bench.problem(f"[{section}]\n{key} = {value}\n")

    assert (problem.key, problem.complaint) == (f"{section}.{key}", complaint)


def test_one_mistake_does_not_cause_a_second(bench: Bench) -> None:
    problem = bench.problem("[database]\npool_minimum = 50\npool_maximum = 0\n")

    assert problem.key == "database.pool_maximum"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"[server\n", "is not TOML: Expected ']' at the end of a table declaration (at line 1, column 8)"),
        (b"\xff\xfe", "is not text in UTF-8"),
    ],
)
def test_a_file_that_cannot_be_understood_is_one_mistake(
    bench: Bench, content: bytes, complaint: str
) -> None:
    bench.file.write_bytes(content)

    with pytest.raises(ConfigErrors) as raised:
        load_settings(bench.file, {})

    assert [problem.complaint for problem in raised.value.problems] == [complaint]


def test_a_missing_file_is_named_beside_the_environments_mistakes(bench: Bench) -> None:
    with pytest.raises(ConfigErrors) as raised:
        load_settings(bench.file, {"BOOKINGD_LOG__LEVEL": "loud"})

    assert [problem.complaint for problem in raised.value.problems] == [
        "cannot be read: no such file or directory",
        'must be "debug", "info", "warning" or "error"',
    ]


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://app:hunter2@db/x",
        "postgresql://app:hun/ter2@db/x",
        "postgresql://app:hunter2@db/x?password=hunter2&sslmode=require",
        "postgres//app:hunter2@db/x",
        "app:hunter2@db/x",
    ],
)
def test_a_password_in_an_address_is_never_shown(bench: Bench, address: str) -> None:
    text = f'[database]\nurl = "{address}"\npool_maximum = 0\n'

    with pytest.raises(ConfigErrors) as raised:
        bench.load(text)

    assert "ter2" not in raised.value.report() + str(raised.value)


def test_settings_never_show_what_is_secret(bench: Bench) -> None:
    bench.secret("key", "sk_test_hunter2")
    settings = bench.load(
        '[stripe]\nsecret_key_file = "key"\n[database]\nurl = "postgresql://app:hunter2@db/x"\n'
    )

    assert "hunter2" not in f"{settings!r}{settings.redacted()}{settings.database.url}"
    assert settings.stripe.secret_key.reveal() == "sk_test_hunter2"
    assert settings.database.url.reveal() == "postgresql://app:hunter2@db/x"
    assert settings.redacted()["database"]["url"] == "postgresql://app:***@db/x"
    assert settings.redacted()["stripe"]["secret_key_file"] == "***"
