"""What is told of accounts."""

from dataclasses import dataclass

from bookingd.domain.accounts.factors import FactorChange
from bookingd.domain.ids import AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorChanged:
    """What an account proves itself with besides its password was changed: its owner is to be told."""

    account_id: AccountId
    change: FactorChange
    name: str = ""
    """What a passkey's owner calls it."""
