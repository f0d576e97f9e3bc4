"""Values that must not be printed by accident: secrets, and URLs that may carry a password.

The one rule: `str` and `repr` never show what is secret; whoever needs it asks for it by name.
"""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

MASK = "***"

# Greedy to the last '@': a password with an unescaped '/' or '@' must not show either, nor one whose address
# lacks its scheme or the colon behind it.
_PASSWORD = re.compile(r"""(//|^"?)([^:/?#@\s"]*):(?!//)(.*)@""")
_QUERY_PASSWORD = re.compile(r"([?&](?:password|sslpassword|sentinel_password)=)[^&#]*", re.IGNORECASE)


def mask_passwords(text: str) -> str:
    """The text with the password of any URL in it replaced by `***`."""
    return _QUERY_PASSWORD.sub(rf"\1{MASK}", _PASSWORD.sub(rf"\1\2:{MASK}@", text))


class SecretMissing(LookupError):
    """A secret was asked for that no file gave."""


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A value that came from a file. False when there is none."""

    name: str
    _value: bytes = b""

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return f"Secret({self.name}: {MASK if self._value else 'not set'})"

    def reveal_bytes(self) -> bytes:
        """The secret; raises SecretMissing when it was not given."""
        if not self._value:
            raise SecretMissing(f"{self.name} is not set: name its file with {self.name}_file")
        return self._value

    def reveal(self) -> str:
        """The secret as text; raises SecretMissing when it was not given."""
        return self.reveal_bytes().decode()


@dataclass(frozen=True, slots=True, repr=False)
class Url:
    """An address, or a word in its place (`embedded`, `catcher`, `sandbox`)."""

    _text: str

    def __str__(self) -> str:
        return mask_passwords(self._text)

    def __repr__(self) -> str:
        return f"Url({self})"

    def reveal(self) -> str:
        """The whole address, with its password."""
        return self._text

    @property
    def parts(self) -> SplitResult:
        return urlsplit(self._text)

    @property
    def scheme(self) -> str:
        """In lower case; empty for a word."""
        return self.parts.scheme
