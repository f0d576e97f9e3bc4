"""What is sent to set up second factors."""

from marshmallow import fields

from handlers.fields import NEEDED, Request, Said, Text


class Answer(fields.Dict):
    """What an authenticator answered, as the browser hands it on (`toJSON()`)."""

    default_error_messages = {**NEEDED, "invalid": Said("type", "This has to be an object.")}  # noqa: RUF012


class Nothing(Request):
    """An empty object."""


class AppCode(Request):
    """The code that an authenticator app shows."""

    code = Text(longest=12, required=True, metadata={"description": "Six digits.", "example": "492039"})


class NewPasskey(Request):
    """A passkey that a browser made."""

    name = Text(longest=60, required=True, metadata={"description": "What its owner calls it."})
    passkey = Answer(required=True, metadata={"description": "RegistrationResponseJSON of WebAuthn."})
