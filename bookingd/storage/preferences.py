"""What accounts want to hear of, and how; who has chosen nothing has no row."""

from collections.abc import Collection
from typing import NamedTuple

from bookingd.domain.accounts.preferences import Preferences
from bookingd.domain.ids import AccountId
from bookingd.messages import codec
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

OF_ACCOUNTS = query("preferences.of_accounts")
CHOOSE = query("preferences.choose")


class Chosen(NamedTuple):
    """What holds, and how often it was changed."""

    preferences: Preferences
    version: int


UNCHANGED = Chosen(Preferences(), 0)
"""Of an account that has chosen nothing."""


async def of_account(connection: Connection, *, account: AccountId) -> Chosen:
    """What holds for the account."""
    return (await of_accounts(connection, accounts=[account]))[account]


async def of_accounts(connection: Connection, *, accounts: Collection[AccountId]) -> dict[AccountId, Chosen]:
    """What holds for each: for whoever sends, who asks it `wants`."""
    rows = await connection.fetch(OF_ACCOUNTS, list(accounts))
    found = {
        AccountId(row["account_id"]): Chosen(codec.decode(row["chosen"], Preferences), row["version"])
        for row in rows
    }
    return {account: found.get(account, UNCHANGED) for account in accounts}


async def choose(
    connection: Connection, *, account: AccountId, former: Chosen, preferences: Preferences
) -> int | None:
    """They hold from now on; the version, None where the former ones do not hold any more."""
    text = codec.encode(preferences).decode()
    version: int | None = await connection.fetchval(CHOOSE, account, former.version, text)
    return version
