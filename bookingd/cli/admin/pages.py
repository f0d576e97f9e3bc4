"""How accounts of staff are printed: as a list and a page for eyes, as values for programs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from bookingd.cli.screen import facts, listing, moment, one_line, shown, stamp
from bookingd.domain.accounts.permissions import is_staff
from bookingd.storage.staff import Entry

MISSING = "missing: nothing of staff's counts until it has one"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An account after something was done to it, and whether a daemon runs that tells its owner."""

    entry: Entry
    heard: bool


def staff_page(found: Sequence[Entry]) -> RenderableType:
    """A line an account."""
    if not found:
        return Text("No such accounts. The first administrator: bookingd admin create")
    table = listing("Address", "Name", "Second factor", "State", "Roles")
    for entry in found:
        account = entry.account
        second_factor = "yes" if entry.second_factor else "missing"
        cells = (account.address or "", account.name, second_factor, account.state, _roles(entry))
        table.add_row(*(shown(one_line(cell)) for cell in cells))
    return table


def account_page(entry: Entry, *, dry_run: bool) -> RenderableType:
    """An account as it is now, or would be."""
    account, staff = entry.account, is_staff(entry.account.roles)
    second_factor = "yes" if entry.second_factor else MISSING if staff else "none"
    rows = [
        ("account", str(account.id)),
        ("address", account.address),
        ("name", account.name),
        ("state", account.state.value),
        ("roles", _roles(entry)),
        ("second factor", second_factor),
        ("opened", f"{moment(account.created_at)} UTC"),
    ]
    end = [Text("\nNothing was changed.", style="dim")] if dry_run else []
    return Group(facts(rows), *end)


def account_data(entry: Entry) -> dict[str, Any]:
    """The same for programs."""
    account = entry.account
    return {
        "id": str(account.id),
        "address": account.address,
        "name": account.name,
        "state": account.state.value,
        "roles": sorted(role.value for role in account.roles),
        "staff": is_staff(account.roles),
        "second_factor": entry.second_factor,
        "opened_at": stamp(account.created_at),
    }


def _roles(entry: Entry) -> str:
    return ", ".join(sorted(role.value for role in entry.account.roles))
