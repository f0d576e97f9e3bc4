"""Whom mails about accounts go to: the address that is known to be theirs, or the one of a proof."""

from collections.abc import Collection
from dataclasses import dataclass, field

from bookingd.domain.ids import AccountId, ProofId, Reference
from bookingd.storage import proofs
from bookingd.storage.database import Connection
from bookingd.storage.proofs import Proof
from bookingd.storage.queries import query

OF_ACCOUNTS = query("addressees.of_accounts")
OF_PROOFS = query("addressees.of_proofs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """The owner of an account."""

    address: str = field(repr=False)
    name: str = field(repr=False)
    locale: str
    """BCP 47."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A proof, and what is known of whom its link or code goes to."""

    proof: Proof
    locale: str
    """BCP 47; `en` where nothing says more."""
    name: str = field(repr=False)
    """The account's; empty where the proof is not about one."""
    account_address: str | None = field(repr=False)
    """The account's present one."""
    reference: Reference | None
    """The booking's."""


async def of_accounts(
    connection: Connection, *, accounts: Collection[AccountId]
) -> dict[AccountId, Addressee]:
    """Those of the accounts that were not erased."""
    rows = await connection.fetch(OF_ACCOUNTS, list(accounts))
    return {
        AccountId(row["id"]): Addressee(address=row["address"], name=row["name"], locale=row["locale"])
        for row in rows
    }


async def of_proofs(connection: Connection, *, ids: Collection[ProofId]) -> dict[ProofId, Told]:
    """Those of the proofs that are there."""
    return {ProofId(row["id"]): _told(dict(row)) for row in await connection.fetch(OF_PROOFS, list(ids))}


def _told(row: dict[str, object]) -> Told:
    about = {name: row.pop(name) for name in ("locale", "name", "account_address", "reference")}
    return Told(proof=proofs.from_row(row), **about)  # type: ignore[arg-type]
