"""What is sent to open sessions and to change accounts."""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, validates_schema

from bookingd.security.passwords import MAX_CHARACTERS
from handlers.accounts.factor_requests import Answer
from handlers.fields import Choice, Request, Said, Text

SESSION_KINDS = ("guest", "account", "second_factor", "passkey")


class GuestSession(Request):
    """A session for somebody without an account."""

    kind = Choice(("guest",), required=True)


class PasswordSession(Request):
    """Sign in with a password."""

    kind = Choice(("account",), required=True)
    email = Text(longest=254, required=True)
    password = Text(longest=MAX_CHARACTERS, required=True)


class SecondFactorSession(Request):
    """Show one thing more, after the password."""

    kind = Choice(("second_factor",), required=True)
    sign_in = Text(longest=200, required=True)
    code = Text(longest=12)
    recovery_code = Text(longest=40)
    passkey = Answer()

    @validates_schema
    def _something_is_shown(self, data: Mapping[str, Any], **_: Any) -> None:
        """To show nothing is a slip of a program, and no wrong try."""
        if not {"code", "recovery_code", "passkey"} & data.keys():
            words = Said("required", "Show one of these: code, recovery_code, passkey.")
            raise ValidationError({"code": [words]})


class PasskeySession(Request):
    """Sign in with a passkey alone."""

    kind = Choice(("passkey",), required=True)
    passkey = Answer(required=True)


class NewSession(Request):
    """What kind of session to open, and what is shown for it."""

    kind = Choice(SESSION_KINDS, required=True)
    email = Text(longest=254, metadata={"description": "For `account`."})
    password = Text(longest=MAX_CHARACTERS, metadata={"description": "For `account`."})
    sign_in = Text(longest=200, metadata={"description": "For `second_factor`: from the answer before."})
    code = Text(longest=12, metadata={"description": "For `second_factor`: of the authenticator app."})
    recovery_code = Text(longest=40, metadata={"description": "For `second_factor`: one on paper."})
    passkey = Answer(metadata={"description": "For `second_factor` or `passkey`: the browser's answer."})


class Refresh(Request):
    """Get the next token."""

    refresh_token = Text(
        longest=64,
        load_default=None,
        metadata={"description": "Of programs; a browser has it in a cookie, and sends an empty object."},
    )
