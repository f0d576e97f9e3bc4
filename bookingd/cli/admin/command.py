"""The commands: whose account, what is done to it, how it is told."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from bookingd.cli.admin.deeds import MOST_LISTED, Changing, change, find, listed, registration
from bookingd.cli.admin.pages import Told, account_data, account_page, staff_page
from bookingd.cli.admin.passwords import new_password
from bookingd.cli.options import config_option, load
from bookingd.cli.screen import print_json, put
from bookingd.domain.accounts.permissions import Role, is_staff
from bookingd.domain.ids import AccountId
from bookingd.security.account_office import AccountOffice, AddressTaken, LastAdministrator, NoSecondFactor
from bookingd.security.addresses import AccountAddress, UnfitAddress, account_address

Command = TypeVar("Command", bound=Callable[..., Any])

ROLES = click.Choice([role.value for role in Role])

STAFF = [role for role in Role if is_staff([role])]

STAFF_ROLES = click.Choice([role.value for role in STAFF])

LONGEST_NAME = 100


@click.group("admin")
def command() -> None:
    """Accounts of staff: the first administrator, roles, and lost second factors.

    What administrators do over HTTP (/v1/admin/accounts), for whoever can run commands on the host. It works
    beside running daemons and is written into the audit trail in your name.
    """


def _changing(of: Command) -> Command:
    """What the commands share that change something; they take it as `config`, `dry_run` and `as_json`."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON for programs."),
        click.option("--dry-run", is_flag=True, help="Show what would happen, and do nothing."),
    ):
        of = option(of)
    return config_option(of)


@command.command("create")
@click.argument("address", metavar="ADDRESS")
@click.option("--name", required=True, metavar="TEXT", help="How they are called.")
@click.option("--role", "roles", type=ROLES, multiple=True, help="What they may do; may be given again.")
@click.option(
    "--password-file",
    type=click.File("rb"),
    help="The password's file, or - for standard input; it is asked for otherwise.",
)
@_changing
def create(
    address: str,
    *,
    name: str,
    roles: tuple[str, ...],
    password_file: Any,
    config: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Open an account, such as that of the first administrator.

    ADDRESS is believed to be theirs: nobody is asked to show it. Roles of staff count only in sessions that
    showed a second factor, so the owner signs in and sets one up first.

    \b
    Exit status:
      0  opened
      1  not opened: the address has an account
      2  wrong usage; a password or an address that cannot be one
    """
    how = Changing(settings=load(config), dry_run=dry_run, as_json=as_json)
    whose, name = _address(address), _name(name)
    password = new_password(password_file, context=(whose.written, name))

    async def open_account(office: AccountOffice) -> AccountId:
        wanted = await registration(how.settings, office, whose, name=name, password=password)
        given = frozenset(map(Role, roles))
        return await office.open(wanted, roles=given, currency=how.settings.booking.currency)

    try:
        told = asyncio.run(change(how, open_account))
    except AddressTaken as error:
        said = "This address has an account. Give it a role: bookingd admin grant"
        raise click.ClickException(said) from error
    _tell(told, how)


@command.command("grant")
@click.argument("account", metavar="ACCOUNT")
@click.argument("roles", metavar="ROLE...", type=ROLES, nargs=-1, required=True)
@_changing
def grant(account: str, roles: tuple[str, ...], *, config: Path | None, dry_run: bool, as_json: bool) -> None:
    """Give an account roles besides those that it has.

    ACCOUNT is its address or its id. Who becomes staff is signed out and signs in anew. Running daemons know
    it within five seconds.

    \b
    Roles: traveller, agent, operator, accountant, auditor, administrator.
    Exit status:
      0  it has them
      1  could not be done
      2  wrong usage; there is no such account
    """
    how = Changing(settings=load(config), dry_run=dry_run, as_json=as_json)

    async def give(office: AccountOffice) -> AccountId:
        found = await find(office, account)
        await office.grant(found, frozenset(map(Role, roles)))
        return found

    _tell(asyncio.run(change(how, give)), how)


@command.command("revoke")
@click.argument("account", metavar="ACCOUNT")
@click.argument("roles", metavar="ROLE...", type=ROLES, nargs=-1, required=True)
@_changing
def revoke(
    account: str, roles: tuple[str, ...], *, config: Path | None, dry_run: bool, as_json: bool
) -> None:
    """Take roles from an account.

    ACCOUNT is its address or its id. Everybody stays a traveller. Running daemons know it within five
    seconds.

    \b
    Exit status:
      0  it has them no longer
      1  could not be done: it is the last administrator
      2  wrong usage; there is no such account
    """
    how = Changing(settings=load(config), dry_run=dry_run, as_json=as_json)

    async def take(office: AccountOffice) -> AccountId:
        found = await find(office, account)
        await office.revoke(found, frozenset(map(Role, roles)))
        return found

    try:
        told = asyncio.run(change(how, take))
    except LastAdministrator as error:
        said = "It is the last administrator: make somebody else one first."
        raise click.ClickException(said) from error
    _tell(told, how)


@command.command("reset-second-factor")
@click.argument("account", metavar="ACCOUNT")
@click.option(
    "--reason",
    required=True,
    metavar="TEXT",
    help="Why; it stands in the audit trail for ever, so name no traveller.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@_changing
def reset_second_factor(
    account: str, *, reason: str, yes: bool, config: Path | None, dry_run: bool, as_json: bool
) -> None:
    """Take an account's authenticator app, passkeys and recovery codes away, since they were lost.

    ACCOUNT is its address or its id. Make sure first who asks for it: from then on the password alone signs
    in. Its sessions end within five seconds, its owner is told by mail, and what is staff's waits for a new
    second factor.

    \b
    Exit status:
      0  done
      1  could not be done: there is none. Also when you said no
      2  wrong usage; there is no such account
    """
    how = Changing(settings=load(config), dry_run=dry_run, as_json=as_json)
    if not reason.strip() or not reason.isprintable():
        raise click.UsageError("--reason is empty, or holds what cannot be printed.")
    if not yes and not dry_run:
        asked = f"Take the second factor of {account} away? Whoever has the password can sign in then."
        click.confirm(asked, abort=True, err=True)

    async def reset(office: AccountOffice) -> AccountId:
        found = await find(office, account)
        await office.reset_second_factor(found, reason=reason.strip())
        return found

    try:
        told = asyncio.run(change(how, reset))
    except NoSecondFactor as error:
        raise click.ClickException("This account has no second factor.") from error
    if not told.heard and not dry_run:
        click.echo("No daemon runs: its owner is told when one is started.", err=True)
    _tell(told, how)


@command.command("list")
@config_option
@click.option("--role", type=STAFF_ROLES, help="Only accounts with this role.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def list_command(*, config: Path | None, role: str | None, as_json: bool) -> None:
    """The staff: who may do more than everybody may, and whether they have a second factor.

    That you have read it is written into the audit trail.
    """
    how = Changing(settings=load(config), dry_run=False, as_json=as_json)
    found = asyncio.run(listed(how, [Role(role)] if role else STAFF))
    if len(found) >= MOST_LISTED:
        click.echo(f"These are the first {MOST_LISTED:,}: choose among them by --role.", err=True)
    if as_json:
        print_json({"accounts": [account_data(entry) for entry in found]})
    else:
        put(staff_page(found))


def _address(text: str) -> AccountAddress:
    try:
        return account_address(text)
    except UnfitAddress as error:
        raise click.BadParameter(str(error), param_hint="ADDRESS") from error


def _name(text: str) -> str:
    name = text.strip()
    if not name or not name.isprintable() or len(name) > LONGEST_NAME:
        raise click.BadParameter(f"a name has 1 to {LONGEST_NAME} characters.", param_hint="--name")
    return name


def _tell(told: Told, how: Changing) -> None:
    if how.as_json:
        print_json({"dry_run": how.dry_run, "account": account_data(told.entry)})
    else:
        put(account_page(told.entry, dry_run=how.dry_run))
