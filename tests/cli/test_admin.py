"""`bookingd admin`, as an operator runs it."""

import getpass
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from bookingd.domain.accounts.factors import FactorChange
from bookingd.domain.accounts.permissions import Role
from bookingd.domain.ids import AccountId, SessionId
from bookingd.messages import codec
from bookingd.messages.accounts import SecondFactorChanged
from bookingd.messages.catalogue import CATALOGUE
from bookingd.security.passwords import Cost, PasswordHasher
from bookingd.sources import SystemChance
from bookingd.storage import accounts, second_factors, sessions
from bookingd.storage.accounts import Account
from bookingd.storage.database import Connection
from bookingd.storage.sessions import NewSession
from tests.cli.conftest import Run, trail
from tests.cli.test_dead_letters import is_heard
from tests.fakes.accounts import plant_account, plant_app
from tests.fakes.sources import START

PASSWORD = "four-rivers-of-basalt"
BOSS = "Boss@Agency.example"
CHEAP = {"BOOKINGD_SECURITY__PASSWORD_MEMORY_MIB": "1"}
ME = f"operator:{getpass.getuser()}"
CREATE = ("admin", "create", BOSS, "--name", "Grace Hopper", "--role", "administrator")


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    return file


def put(file: Path, content: bytes) -> None:
    file.write_bytes(content)


async def boss(connection: Connection) -> Account | None:
    return await accounts.by_key(connection, key="boss@agency.example")


async def has_password(account: Account | None, password: str) -> bool:
    assert account is not None
    hasher = PasswordHasher(chance=SystemChance(), cost=Cost(memory_kib=8), threads=1)
    try:
        return (await hasher.verify(account.password, password)).ok
    finally:
        hasher.close()


async def signed_in(connection: Connection, account: AccountId) -> SessionId:
    """A session of the account, until the year is over."""
    session = SessionId(UUID(int=account.int + 1))
    new = NewSession(
        id=session,
        account=account,
        expires_at=START.replace(year=START.year + 10),
        second_factor=True,
        device="Firefox on Linux",
        client_address="192.0.2.7",
    )
    await sessions.open_session(connection, new=new, token=bytes(32), now=START)
    return session


async def ended_because(connection: Connection) -> str | None:
    because: str | None = await connection.fetchval("SELECT ended_because FROM sessions")
    return because


async def deeds(connection: Connection) -> list[tuple[str, str, Mapping[str, Any]]]:
    return [(one["principal"], one["action"], one["details"]) for one in await trail(connection)]


async def nothing_happened(connection: Connection) -> bool:
    return not await trail(connection) and not await connection.fetchval("SELECT count(*) FROM outbox")


# The first administrator


async def test_the_first_administrator_is_made_with_a_password_that_nobody_sees(
    run: Run, connection: Connection
) -> None:
    made = await run(*CREATE, says=f"{PASSWORD}\n{PASSWORD}\n", **CHEAP)

    assert made.exit_code == 0, made.output
    assert PASSWORD not in made.output
    assert "missing: nothing of staff's counts until it has one" in made.stdout
    account = await boss(connection)
    assert account is not None
    assert (account.address, account.name, account.open) == (BOSS, "Grace Hopper", True)
    assert account.roles == {Role.TRAVELLER, Role.ADMINISTRATOR}
    assert account.currency == "EUR"
    assert (account.password or "").startswith("$argon2id$v=19$m=1024,")
    assert await has_password(account, PASSWORD)
    assert await deeds(connection) == [
        (ME, "account.opened", {"roles": ["administrator", "traveller"]}),
    ]
    kept = json.dumps(await trail(connection))
    assert PASSWORD not in kept
    assert "agency" not in kept.casefold()


@pytest.mark.parametrize("given", ["file", "-"])
async def test_a_password_is_read_from_a_file_or_from_standard_input(
    run: Run, connection: Connection, password_file: Path, given: str
) -> None:
    name = str(password_file) if given == "file" else "-"

    made = await run(*CREATE, "--password-file", name, "--json", says=f"{PASSWORD}\n", **CHEAP)

    assert made.exit_code == 0, made.output
    told = json.loads(made.stdout)
    assert await has_password(account := await boss(connection), PASSWORD)
    assert account is not None
    assert told["dry_run"] is False
    assert told["account"] | {"opened_at": None} == {
        "id": str(account.id),
        "address": BOSS,
        "name": "Grace Hopper",
        "state": "open",
        "roles": ["administrator", "traveller"],
        "staff": True,
        "second_factor": False,
        "opened_at": None,
    }


async def test_a_password_that_is_refused_is_asked_for_again(run: Run, connection: Connection) -> None:
    says = f"short\nshort\nGraceHopper1\nGraceHopper1\n{PASSWORD}\nother\n{PASSWORD}\n{PASSWORD}\n"

    made = await run(*CREATE, says=says, **CHEAP)

    assert made.exit_code == 0, made.output
    assert "at least 8 characters" in made.stderr
    assert "made of your name" in made.stderr
    assert await has_password(await boss(connection), PASSWORD)


async def test_without_an_answer_nothing_is_made(run: Run, connection: Connection) -> None:
    made = await run(*CREATE, says="", **CHEAP)

    assert made.exit_code == 1
    assert await boss(connection) is None


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"password1\n", "tried first"),
        (b"", "at least 8 characters"),
        (b"boss@agency.example", "made of your name, your address"),
        (b"\xff\xfe" * 8, "not UTF-8"),
        (b"x1y2" * 400, "at most 256 characters"),
        (b"two lines\nare no password", "at most 256 characters"),
    ],
)
async def test_a_file_with_a_password_that_cannot_be_one_is_refused(
    run: Run, connection: Connection, password_file: Path, content: bytes, why: str
) -> None:
    put(password_file, content)

    made = await run(*CREATE, "--password-file", str(password_file), **CHEAP)

    assert made.exit_code == 2
    assert why in " ".join(made.stderr.split())
    if content:
        assert content.decode(errors="replace").strip() not in made.output
    assert await boss(connection) is None


async def test_an_address_has_one_account_however_it_is_written(
    run: Run, connection: Connection, password_file: Path
) -> None:
    await plant_account(connection, 1, address="boss@agency.example")

    made = await run(*CREATE, "--password-file", str(password_file), **CHEAP)

    assert made.exit_code == 1
    assert "bookingd admin grant" in made.stderr
    assert await nothing_happened(connection)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("create", "boss", "--name", "B"), "has to be a mail address"),
        (("create", "bоss@agency.example", "--name", "B"), "letters are of several scripts"),  # noqa: RUF001
        (("create", BOSS), "Missing option '--name'"),
        (("create", BOSS, "--name", " "), "1 to 100 characters"),
        (("create", BOSS, "--name", "a\x1b[2Jb"), "1 to 100 characters"),
        (("create", BOSS, "--name", "B", "--role", "king"), "'king' is not one of"),
        (("create", BOSS, "--name", "B", "--password-file", "/nowhere"), "No such file"),
        (("grant", BOSS), "Missing argument 'ROLE...'"),
        (("grant", BOSS, "king"), "'king' is not one of"),
        (("grant", "nobody@agency.example", "agent"), "no such account"),
        (("revoke", str(UUID(int=5)), "agent"), "no such account"),
        (("reset-second-factor", BOSS), "Missing option '--reason'"),
        (("reset-second-factor", BOSS, "--reason", " ", "--yes"), "--reason is empty"),
        (("reset-second-factor", "x", "--reason", "lost", "--yes"), "no such account"),
        (("list", "--role", "traveller"), "'traveller' is not one of"),
    ],
)
async def test_wrong_usage_says_what_is_meant(
    run: Run, connection: Connection, arguments: tuple[str, ...], says: str
) -> None:
    ended = await run("admin", *arguments, **CHEAP)

    assert ended.exit_code == 2, ended.output
    assert says in " ".join(ended.stderr.split())
    assert "\x1b" not in ended.stderr
    assert await nothing_happened(connection)


# Roles


@pytest.mark.parametrize("named", ["Somebody-1@Mail.example", "id"])
async def test_roles_are_granted_besides_and_taken_again(
    run: Run, connection: Connection, named: str
) -> None:
    account = await plant_account(connection, 1, Role.TRAVELLER, Role.AGENT)
    name = str(account) if named == "id" else named

    granted = await run("admin", "grant", name, "operator", "auditor", "--json")
    revoked = await run("admin", "revoke", name, "operator", "agent", "traveller")

    assert (granted.exit_code, revoked.exit_code) == (0, 0)
    assert json.loads(granted.stdout)["account"]["roles"] == ["agent", "auditor", "operator", "traveller"]
    found = await accounts.by_id(connection, account=account)
    assert found is not None
    assert found.roles == {Role.TRAVELLER, Role.AUDITOR}
    assert await deeds(connection) == [
        (
            ME,
            "account.roles_changed",
            {
                "before": ["agent", "traveller"],
                "roles": ["agent", "auditor", "operator", "traveller"],
            },
        ),
        (
            ME,
            "account.roles_changed",
            {
                "before": ["agent", "auditor", "operator", "traveller"],
                "roles": ["auditor", "traveller"],
            },
        ),
    ]


async def test_who_becomes_staff_signs_in_again(run: Run, connection: Connection) -> None:
    account = await plant_account(connection)
    await signed_in(connection, account)

    await run("admin", "grant", str(account), "agent")

    assert await ended_because(connection) == "revoked"


async def test_a_role_that_it_has_already_is_nothing_new(run: Run, connection: Connection) -> None:
    account = await plant_account(connection, 1, Role.TRAVELLER, Role.AGENT)

    again = await run("admin", "grant", str(account), "agent")

    assert again.exit_code == 0
    assert await nothing_happened(connection)


async def test_the_last_administrator_keeps_the_role(run: Run, connection: Connection) -> None:
    account = await plant_account(connection, 1, Role.ADMINISTRATOR)
    await plant_account(connection, 2, Role.ADMINISTRATOR, state="suspended")

    ended = await run("admin", "revoke", str(account), "administrator")

    assert ended.exit_code == 1
    assert "last administrator" in ended.stderr
    assert await nothing_happened(connection)


# Second factors


async def test_a_lost_second_factor_is_taken_away_and_its_owner_is_told(
    run: Run, connection: Connection
) -> None:
    account = await plant_account(connection, 1, Role.AGENT)
    await plant_app(connection, account)
    await signed_in(connection, account)
    await is_heard(connection)

    ended = await run("admin", "reset-second-factor", str(account), "--reason", "telephone lost", "--yes")

    assert (ended.exit_code, ended.stderr) == (0, "")
    assert not (await second_factors.held(connection, account=account)).any
    assert await ended_because(connection) == "factor_reset"
    [row] = await connection.fetch("SELECT bundle FROM outbox")
    [told] = [codec.read(envelope, CATALOGUE) for envelope in codec.unpack(row["bundle"])]
    assert isinstance(told, SecondFactorChanged)
    assert (told.account_id, told.change) == (account, FactorChange.RESET)
    details = {"change": "reset", "reason": "telephone lost", "sessions_ended": 1}
    assert await deeds(connection) == [(ME, "account.second_factor_changed", details)]


async def test_it_is_asked_first_and_no_is_no(run: Run, connection: Connection) -> None:
    account = await plant_account(connection)
    await plant_app(connection, account)

    no = await run("admin", "reset-second-factor", str(account), "--reason", "lost", says="n\n")
    assert no.exit_code == 1
    assert await nothing_happened(connection)

    yes = await run("admin", "reset-second-factor", str(account), "--reason", "lost", says="y\n")
    assert yes.exit_code == 0
    assert "No daemon runs: its owner is told when one is started." in yes.stderr


async def test_where_there_is_none_none_is_taken_away(run: Run, connection: Connection) -> None:
    account = await plant_account(connection)

    ended = await run("admin", "reset-second-factor", str(account), "--reason", "lost", "--yes")

    assert ended.exit_code == 1
    assert "has no second factor" in ended.stderr


# Looking, and trying


async def test_the_staff_are_listed_and_that_it_was_read_is_in_the_audit_trail(
    run: Run, connection: Connection
) -> None:
    await plant_account(connection, 1)
    agent = await plant_account(connection, 2, Role.TRAVELLER, Role.AGENT)
    auditor = await plant_account(connection, 3, Role.AUDITOR, state="suspended")
    await plant_app(connection, agent)

    page = await run("admin", "list", COLUMNS="140")
    told = json.loads((await run("admin", "list", "--role", "auditor", "--json")).stdout)

    lines = [line.split() for line in page.stdout.splitlines()]
    assert lines[0] == ["Address", "Name", "Second", "factor", "State", "Roles"]
    assert lines[1] == ["somebody-2@mail.example", "Somebody", "2", "yes", "open", "agent,", "traveller"]
    assert lines[2] == ["somebody-3@mail.example", "Somebody", "3", "missing", "suspended", "auditor"]
    assert [one["id"] for one in told["accounts"]] == [str(auditor)]
    assert [(one["action"], one["subject"]["id"]) for one in await trail(connection)] == [
        ("account.read", str(agent)),
        ("account.read", str(auditor)),
        ("account.read", str(auditor)),
    ]


async def test_without_staff_it_is_told_how_to_make_some(run: Run) -> None:
    assert "bookingd admin create" in (await run("admin", "list")).stdout


async def test_what_owners_call_themselves_commands_no_terminal(run: Run, connection: Connection) -> None:
    account = await plant_account(connection, 1, Role.AGENT)
    await connection.execute("UPDATE accounts SET name = E'a\\x1b[2J\\nb'")

    shown = [await run("admin", "list"), await run("admin", "grant", str(account), "auditor")]

    assert all("\x1b" not in one.output for one in shown)


async def test_a_dry_run_tells_and_changes_nothing(
    run: Run, connection: Connection, password_file: Path
) -> None:
    account = await plant_account(connection, 1, Role.AGENT)
    await plant_app(connection, account)

    made = await run(*CREATE, "--password-file", str(password_file), "--dry-run", **CHEAP)
    granted = await run("admin", "grant", str(account), "auditor", "--dry-run")
    reset = await run("admin", "reset-second-factor", str(account), "--reason", "x", "--dry-run", "--json")

    assert [one.exit_code for one in (made, granted, reset)] == [0, 0, 0]
    assert "Nothing was changed." in made.stdout
    assert "agent, auditor, traveller" in granted.stdout
    assert json.loads(reset.stdout)["account"]["second_factor"] is False
    assert await boss(connection) is None
    assert (await second_factors.held(connection, account=account)).totp
    assert await nothing_happened(connection)


async def test_a_dry_run_fails_where_the_deed_would(run: Run, connection: Connection) -> None:
    account = await plant_account(connection, 1, Role.ADMINISTRATOR)

    ended = await run("admin", "revoke", str(account), "administrator", "--dry-run")

    assert ended.exit_code == 1
