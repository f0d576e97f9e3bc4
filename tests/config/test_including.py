"""One file shares what another one has: `include`."""

from pathlib import Path

import pytest

from tests.config.arrange import Bench


@pytest.fixture
def common(bench: Bench) -> Path:
    return bench.root / "common.toml"


def test_the_including_file_wins_over_the_included_one(bench: Bench, common: Path) -> None:
    common.write_text('[server]\nport = 9000\nhost = "127.0.0.2"\n')

    settings = bench.load('include = "common.toml"\n[server]\nport = 9001\n')

    assert (settings.server.port, settings.server.host) == (9001, "127.0.0.2")
    assert settings.given["server.host"] == f"{common}:3"
    assert settings.given["server.port"] == f"{bench.file}:3"
    assert settings.included == common


def test_the_environment_wins_over_both(bench: Bench, common: Path) -> None:
    common.write_text("[server]\nport = 9000\n")

    settings = bench.load('include = "common.toml"\n', BOOKINGD_SERVER__PORT="9002")

    assert settings.server.port == 9002


def test_a_secret_in_a_file_starts_beside_the_file_that_names_it(bench: Bench) -> None:
    elsewhere = bench.root / "elsewhere"
    bench.secret("elsewhere/key", "s" * 64)
    (elsewhere / "common.toml").write_text('[security]\nsigning_key_file = "./key"\n')

    settings = bench.load('include = "elsewhere/common.toml"\n')

    assert settings.security.signing_key.reveal() == "s" * 64


def test_the_other_spelling_wins_too(bench: Bench, common: Path) -> None:
    common.write_text('[bus]\nurl_file = "nowhere"\n')

    settings = bench.load('include = "common.toml"\n[bus]\nurl = "amqp://mq/"\n')

    assert settings.bus.url.reveal() == "amqp://mq/"


def test_a_mistake_is_told_at_the_file_and_line_where_it_stands(bench: Bench, common: Path) -> None:
    common.write_text('[server]\nprot = 1\nhost = 7\n[log]\nlevel = "loud"\n')

    found = bench.problems('include = "common.toml"\n[server]\nhost = "h"\n[sevrer]\n')

    assert {(problem.place, problem.line, problem.key) for problem in found} == {
        (str(common), 2, "server.prot"),
        (str(common), 3, "server.host"),
        (str(common), 5, "log.level"),
        (str(bench.file), 4, "[sevrer]"),
    }


@pytest.mark.parametrize(
    ("include", "complaint"),
    [
        ('"nowhere.toml"', "there is no file {root}/nowhere.toml"),
        ("7", "must be a path in quotes"),
        ('""', "must be a path in quotes"),
        ('["common.toml"]', "must be a path in quotes"),
    ],
)
def test_a_file_that_cannot_be_included_is_a_mistake_of_who_includes_it(
    bench: Bench, include: str, complaint: str
) -> None:
    problem = bench.problem(f"\ninclude = {include}\n")

    assert (problem.place, problem.line, problem.key) == (str(bench.file), 2, "include")
    assert problem.complaint == complaint.format(root=bench.root)


def test_an_included_file_that_is_no_toml_is_named(bench: Bench, common: Path) -> None:
    common.write_text("[server\n")

    problem = bench.problem('include = "common.toml"\n')

    assert (problem.place, problem.line) == (str(common), 1)


def test_an_included_file_includes_nothing_so_that_none_goes_round(bench: Bench, common: Path) -> None:
    common.write_text('include = "bookingd.toml"\n')

    problem = bench.problem('include = "common.toml"\n')

    assert (problem.place, problem.key) == (str(common), "include")
    assert problem.complaint == f"a file that is included (by {bench.file}) includes no other one"


def test_an_include_below_a_section_is_no_include(bench: Bench, common: Path) -> None:
    common.touch()

    problem = bench.problem('[server]\ninclude = "common.toml"\n')

    assert (problem.key, problem.complaint) == ("server.include", "there is no such setting")
