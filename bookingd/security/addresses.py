"""The mail address of an account: which can have one, and when two are the same.

The one rule: two ways to write an address never make two accounts, and none looks like another by letters of
several scripts. Whether somebody reads it is shown by a mail, never guessed.
"""

import unicodedata
from dataclasses import dataclass

from bookingd.channels.compose import mailbox
from bookingd.outcomes import Refused

ASIAN = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "LATIN"})
"""Scripts that are written together (UTS 39, 5.2, "highly restrictive")."""

_ASIAN_STARTS = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO")


class UnfitAddress(ValueError):
    """No account can have this address; the message is a sentence for whoever wrote it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountAddress:
    """An address as its owner writes it, and what is the same for all ways to write it."""

    written: str
    key: str


def account_address(text: str) -> AccountAddress:
    """Raises UnfitAddress."""
    written = unicodedata.normalize("NFC", text.strip())
    try:
        box = mailbox(written)
    except Refused as error:
        raise UnfitAddress("This has to be a mail address.") from error
    if "." not in box.domain.strip("."):
        raise UnfitAddress("A mail address ends in a domain with a dot in it.")
    domain = written.rpartition("@")[2]
    if any(_mixes_scripts(part) for part in (box.local, *domain.split("."))):
        raise UnfitAddress("Its letters are of several scripts, and it looks like another address.")
    local = unicodedata.normalize("NFKC", box.local).casefold()
    return AccountAddress(written=written, key=f"{unicodedata.normalize('NFC', local)}@{box.domain.lower()}")


def key_of(text: str) -> str | None:
    """The key of the account that is meant; None where no account can be."""
    try:
        return account_address(text).key
    except UnfitAddress:
        return None


def _mixes_scripts(text: str) -> bool:
    if text.isascii():  # Latin, as most are: a name is looked up for each letter below
        return False
    scripts = {_script(char) for char in text if char.isalpha()}
    return len(scripts) > 1 and not scripts <= ASIAN


def _script(char: str) -> str:
    """The script that Unicode's name of a letter begins with; compatibility forms as what they stand for."""
    name = unicodedata.name(unicodedata.normalize("NFKC", char)[0], "UNNAMED")
    for asian in _ASIAN_STARTS:
        if name.startswith(asian):
            return asian
    return name.split(" ")[0]
