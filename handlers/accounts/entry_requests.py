"""What is sent to get an account, and to change what it is signed in with."""

from bookingd.security.passwords import MAX_CHARACTERS, MIN_CHARACTERS
from handlers.accounts.profile_requests import Name, Tag
from handlers.fields import Request, Text

LONGEST_ADDRESS = 254
"""RFC 5321, 4.5.3.1.3, without the angle brackets."""

LONGEST_TOKEN = 200

ADDRESS = {"description": "The mail address.", "format": "email", "example": "ada@example.org"}
TOKEN = {"description": "What the link in the mail says behind `token=`."}
CHOSEN = {"description": f"Any text of {MIN_CHARACTERS} to {MAX_CHARACTERS} characters that is not guessed."}


class NewAccount(Request):
    """Whom an account is for, and what they sign in with."""

    email = Text(longest=LONGEST_ADDRESS, required=True, metadata=ADDRESS)
    password = Text(longest=MAX_CHARACTERS, required=True, metadata=CHOSEN)
    name = Name(required=True, metadata={"description": "How we call you."})
    locale = Tag(load_default="en", metadata={"description": "Language of our mails (BCP 47)."})


class Link(Request):
    """Where the link of a mail leads."""

    token = Text(longest=LONGEST_TOKEN, shortest=0, load_default="", metadata=TOKEN)


class Verification(Request):
    """The link of the mail, and that one knows what was chosen."""

    token = Text(longest=LONGEST_TOKEN, required=True, metadata=TOKEN)
    password = Text(
        longest=MAX_CHARACTERS,
        required=True,
        metadata={"description": "The one that was chosen at registration."},
    )


class Forgotten(Request):
    """Whose password was forgotten."""

    email = Text(longest=LONGEST_ADDRESS, required=True, metadata=ADDRESS)


class NewPassword(Request):
    """The link of the mail, and a new password."""

    token = Text(longest=LONGEST_TOKEN, required=True, metadata=TOKEN)
    password = Text(longest=MAX_CHARACTERS, required=True, metadata=CHOSEN)


class PasswordChange(Request):
    """The present password, and the new one."""

    current_password = Text(longest=MAX_CHARACTERS, required=True)
    password = Text(longest=MAX_CHARACTERS, required=True, metadata=CHOSEN)


class AddressChange(Request):
    """Another address for the account."""

    email = Text(longest=LONGEST_ADDRESS, required=True, metadata=ADDRESS)


class AddressConfirmation(Request):
    """The link of the mail; and, for a new address, that one knows the account's password."""

    token = Text(longest=LONGEST_TOKEN, required=True, metadata=TOKEN)
    password = Text(
        longest=MAX_CHARACTERS,
        load_default=None,
        metadata={"description": "The account's. Not needed to put a former address back."},
    )
