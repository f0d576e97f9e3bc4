"""What may be left to other processes, and what over RabbitMQ is refused."""

import pytest

from tests.config.arrange import PRODUCTION, Bench

SPLIT = '[bus]\nurl = "amqp://mq/"\n[database]\nurl = "postgresql://db/bookingd"\n'


@pytest.mark.parametrize("actors", ["[]", '["search"]', '["booking", "audit"]'])
def test_over_rabbitmq_a_process_runs_what_it_likes(bench: Bench, actors: str) -> None:
    settings = bench.load(f"{SPLIT}[actors]\nrun = {actors}\n")

    assert settings.bus.embedded is False


def test_in_memory_all_actors_are_here(bench: Bench) -> None:
    problem = bench.problem('[actors]\nrun = ["search", "booking", "audit"]\n')

    assert (problem.key, problem.line) == ("actors.run", 2)
    assert (
        problem.complaint
        == "leaves out auth, payment, notify, and over memory:// no other process could run them"
    )


def test_in_memory_http_may_be_left_out(bench: Bench) -> None:
    assert bench.load("[server]\nenabled = false\n").server.enabled is False


def test_an_embedded_database_is_for_one_process_that_does_all(bench: Bench) -> None:
    bench.load('[bus]\nurl = "amqp://mq/"\n')

    problem = bench.problem('[bus]\nurl = "amqp://mq/"\n[actors]\nrun = ["search"]\n')

    assert problem.key == "database.url"
    assert "where others run auth, booking, payment, notify, audit" in problem.complaint


def test_a_process_with_nothing_to_do_is_refused(bench: Bench) -> None:
    idle = SPLIT + "[actors]\nrun = []\n[server]\nenabled = false\n[sandbox]\nmail_port = 9\nstart = "

    bench.load(f"{idle} true\n")
    problem = bench.problem(f"{idle} false\n")

    assert problem.complaint == "names no actor, and server.enabled is false: there is nothing to do"


@pytest.mark.parametrize(
    ("query", "complaint", "hint"),
    [
        ("ca_file=/mq.pem", "there is no option 'ca_file'", "did you mean 'cafile'?"),
        ("cafile=/mq.pem&peer", "there is no option 'peer'", ""),
    ],
)
def test_an_option_of_the_broker_that_nobody_reads_is_told(
    bench: Bench, query: str, complaint: str, hint: str
) -> None:
    problem = bench.problem(f'[bus]\nurl = "amqps://mq/?{query}"\n')

    assert problem.complaint.startswith(complaint)
    assert problem.hint == hint


def test_the_password_of_the_broker_is_never_shown(bench: Bench) -> None:
    problem = bench.problem('[bus]\nurl = "amqps://bookingd:hunter2@mq/?verfy=1"\n')

    assert "hunter2" not in str(problem)


def test_production_trusts_no_broker_unseen(bench: Bench) -> None:
    bench.production_secrets()
    url = "amqps://mq/?no_verify_ssl=1"

    problem = bench.problem(PRODUCTION, BOOKINGD_BUS__URL=url, BOOKINGD_CACHE__URL="rediss://cache")

    assert "must not have no_verify_ssl in production" in problem.complaint


def test_production_over_rabbitmq_shares_its_cache(bench: Bench) -> None:
    bench.production_secrets()

    problem = bench.problem(PRODUCTION, BOOKINGD_BUS__URL="amqps://mq/")

    assert problem.key == "cache.url"
    assert problem.complaint.startswith("must not be fakeredis:// over RabbitMQ in production")


def test_development_over_rabbitmq_is_told_that_it_does_not(bench: Bench) -> None:
    [warning] = bench.load(BOOKINGD_BUS__URL="amqp://mq/").warnings

    assert warning.startswith("cache.url = 'fakeredis://'")


@pytest.mark.parametrize(("host", "warned"), [("mq.example.com", True), ("127.0.0.1", False)])
def test_production_warns_of_a_broker_without_tls(bench: Bench, host: str, *, warned: bool) -> None:
    bench.production_secrets()

    settings = bench.load(
        PRODUCTION,
        BOOKINGD_BUS__URL=f"amqp://bookingd:hunter2@{host}/",
        BOOKINGD_CACHE__URL="rediss://cache",
    )

    assert any("without TLS: use amqps://" in warning for warning in settings.warnings) is warned
    assert "hunter2" not in "".join(settings.warnings)


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        ("start = false\nport = 0\nmail_port = 8025", "sandbox.port"),
        ("start = false", "sandbox.mail_port"),
        ("mail_port = 8081", "sandbox.mail_port"),
        ("mail_port = 8080", "sandbox.mail_port"),
    ],
)
def test_stand_ins_elsewhere_are_found_at_ports_of_their_own(bench: Bench, lines: str, key: str) -> None:
    assert bench.problem(f"[sandbox]\n{lines}\n").key == key
