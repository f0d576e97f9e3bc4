"""What a mail says of an account: plain values, and nothing that opens anything beside the one link or code.

Its one rule: what others may have written (a name, a device) stands in it as words of one line, and what a
stranger chose is not in a mail to an address that is not known to be theirs.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bookingd.domain.accounts.factors import FactorChange
from bookingd.domain.ids import Reference

_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class AccountMailKind(StrEnum):
    """What a mail to the owner of an account, or to who may be one, is about."""

    VERIFY = "verify"
    """A link that shows that the address is theirs."""
    ACCOUNT_EXISTS = "account_exists"
    """They wanted an account and have one."""
    RESET = "reset"
    """A link that sets the password anew."""
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a kind of mail
    PASSWORD_RESET = "password_reset"  # noqa: S105 - a kind of mail
    """The same by the link in a mail."""
    ADDRESS_ASKED = "address_asked"
    """Another address was asked for: to the present one."""
    ADDRESS_CONFIRM = "address_confirm"
    """A link that shows that the new address is theirs."""
    ADDRESS_CHANGED = "address_changed"
    """To the former address, with a link that puts it back."""
    ADDRESS_NEW = "address_new"
    """The same to the new one."""
    NEW_DEVICE = "new_device"
    SESSION_REPLAYED = "session_replayed"
    SECOND_FACTOR_CHANGED = "second_factor_changed"
    ACCESS_CODE = "access_code"
    """A code that opens a booking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailAccount:
    """All that such a mail can tell; what its kind does not need is empty. Times are in UTC."""

    kind: AccountMailKind
    locale: str
    """BCP 47, as its reader chose."""
    name: str = ""
    """How we call them; empty where that is not known to be them."""
    link: str = field(default="", repr=False)
    code: str = field(default="", repr=False)
    until: datetime | None = None
    """How long the link or code is good."""
    at: datetime | None = None
    """When it happened."""
    device: str = ""
    address: str = field(default="", repr=False)
    """The other address, in a change."""
    reference: Reference | None = None
    change: FactorChange | None = None
    passkey: str = ""
    """What its owner calls the passkey that came or went, or the API key that came."""


def one_line(text: str) -> str:
    """Words of others as they may stand in a sentence of ours.

    Control characters, for which a mail is refused, and those that turn around how ours are read go.
    """
    return " ".join(filter(None, (_UNFIT.sub("", word) for word in text.split())))
