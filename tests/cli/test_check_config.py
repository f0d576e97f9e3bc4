"""`bookingd check-config` and the frame around every command."""

import json
import shutil
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bookingd import __version__
from bookingd.cli import COMMANDS, cli
from bookingd.config.reading import embedded_file

SIX_MISTAKES = """\
environment = "devlopment"

[server]
prot = 9090

[database]
url = "postgres//app:hunter2@db/bookingd"

[stripe]
secret_key = "sk_live_hunter2"

[log]
level = "verbose"
"""

REPORT = """\
The configuration has 6 errors.

{file}:

  line 1   environment = "devlopment"
             must be "development" or "production"
             -> did you mean 'development'?

  line 4   server.prot = 9090
             there is no such setting
             -> did you mean 'port'?

  line 7   database.url = "postgres//app:***@db/bookingd"
             must be "embedded", or begin with postgresql:// or postgres://

  line 10  stripe.secret_key = "***"
             a secret is not written down here
             -> put it in a file and name it: secret_key_file

  line 13  log.level = "verbose"
             must be "debug", "info", "warning" or "error"

Environment:

  BOOKINGD_SERVER_PORT = "9090"
    there is no such setting
    -> did you mean 'BOOKINGD_SERVER__PORT'?
"""


def run(*arguments: str, **environ: str) -> Result:
    return CliRunner(env={"COLUMNS": "140"} | environ).invoke(cli, arguments, prog_name="bookingd")


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    file = tmp_path / "bookingd.toml"
    file.write_text(SIX_MISTAKES)
    return file


def test_every_mistake_is_printed_and_the_status_is_2(wrong: Path) -> None:
    result = run("check-config", "--config", str(wrong), BOOKINGD_SERVER_PORT="9090")

    assert result.exit_code == 2
    assert result.stderr == REPORT.format(file=wrong)
    assert result.stdout == ""


def test_a_good_configuration_is_summed_up() -> None:
    result = run("check-config", BOOKINGD_SERVER__PORT="9090")

    assert result.exit_code == 0
    assert "The configuration is good." in result.stdout
    assert "1 from the environment" in result.stdout
    assert "http://127.0.0.1:9090" in result.stdout


def test_warnings_are_told_beside_the_answer(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("s" * 64)
    key.chmod(0o644)

    result = run("check-config", BOOKINGD_SECURITY__SIGNING_KEY_FILE=str(key))

    assert result.exit_code == 0
    assert result.stderr.startswith(f"warning: {key} holds a secret and others may read it")


def test_all_settings_can_be_printed_with_where_each_was_set(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("sk_test_hunter2")
    key.chmod(0o600)

    result = run(
        "check-config",
        "--print",
        BOOKINGD_SEARCH__CACHE_SECONDS="7",
        BOOKINGD_STRIPE__SECRET_KEY_FILE=str(key),
    )

    printed = tomllib.loads(result.stdout)
    assert printed["search"]["cache_seconds"] == 7
    assert printed["stripe"]["secret_key_file"] == "***"
    assert "cache_seconds = 7  # BOOKINGD_SEARCH__CACHE_SECONDS" in result.stdout
    assert 'host = "127.0.0.1"  # line' in result.stdout


def test_help_names_every_command_without_importing_it() -> None:
    result = run("--help")

    assert result.exit_code == 0
    for entries in COMMANDS.values():
        for name, (_, says) in entries.items():
            assert name in result.stdout
            assert says in result.stdout


def test_the_version_is_the_packages() -> None:
    assert run("--version").stdout == f"bookingd {__version__}\n"


def test_an_unknown_command_is_wrong_usage() -> None:
    assert run("chekc-config").exit_code == 2


@pytest.fixture
def split(tmp_path: Path) -> Path:
    """A copy of the example, to be spoilt."""
    return shutil.copytree(embedded_file().with_name("split"), tmp_path / "split")


def test_several_processes_that_fit_are_shown_side_by_side(split: Path) -> None:
    (split / "audit-2.toml").symlink_to("audit.toml")

    result = run("check-config", "--topology", str(split))

    assert result.exit_code == 0
    assert f"The 10 processes in {split} fit together." in result.stdout
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["booking", "booking", "-", "127.0.0.1:8092"] in rows
    assert ["http", "-", "127.0.0.1:8080", "(shared)", "127.0.0.1:8090"] in rows
    assert ["sandbox", "-", "-", "-", "the", "stand-ins"] in rows
    assert "amqp://guest:***@127.0.0.1/" in result.stdout
    assert "audit runs in audit, audit-2: one of them works at a time" in result.stdout


def test_several_processes_that_do_not_fit_are_told_everything_at_once(split: Path) -> None:
    (split / "payment.toml").unlink()
    with (split / "notify.toml").open("a") as file:
        file.write('[bus]\nurl = "amqp://guest:hunter2@elsewhere/"\n')

    result = run("check-config", "--topology", str(split))

    assert result.exit_code == 2
    assert "The configuration has 2 errors." in result.stderr
    assert "nobody runs payment" in result.stderr
    assert f"{split / 'notify.toml'}:" in result.stderr
    assert 'bus.url = "amqp://guest:***@elsewhere/"' in result.stderr
    assert "hunter2" not in result.stderr


def test_a_program_is_told_the_same(split: Path) -> None:
    (split / "payment.toml").unlink()

    result = run("check-config", "--topology", str(split), "--json")

    told = json.loads(result.stdout)
    assert result.exit_code == 2
    assert told["actors"]["payment"] == []
    assert told["actors"]["booking"] == ["booking"]
    assert told["http"] == ["http"]
    assert [problem["complaint"] for problem in told["problems"]] == ["nobody runs payment"]


def test_the_key_that_all_share_is_told_by_its_fingerprint(split: Path) -> None:
    key = split / "key"
    key.touch(mode=0o600)
    key.write_text("s" * 64)
    with (split / "common.toml").open("a") as file:
        file.write('[security]\nsigning_key_file = "./key"\n')

    result = run("check-config", "--topology", str(split))

    assert "signing key   SHA-256 " in result.stdout
    assert "ssss" not in result.stdout


@pytest.mark.parametrize(
    "arguments", [("--json",), ("--topology", ".", "--print"), ("--topology", ".", "--config", "x.toml")]
)
def test_what_does_not_go_together_is_wrong_usage(arguments: tuple[str, ...]) -> None:
    result = run("check-config", *arguments)

    assert result.exit_code == 2
    assert "--topology" in result.stderr
