"""What is told of sessions."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta

from handlers.views import View


class Session(View, frozen=True, kw_only=True, omit_defaults=True):
    """A session. Browsers keep it in cookies that scripts cannot read; programs send the token."""

    kind: str
    principal: Annotated[str, Meta(description="Who this session is; owner of what it books.")]
    expires_at: Annotated[datetime, Meta(description="Until when the token is good.")]
    token: Annotated[
        str | None, Meta(description="For programs: 'Authorization: Bearer <token>'. Not told to browsers.")
    ] = None
    id: Annotated[str | None, Meta(description="As GET /v1/sessions names it; guests have none.")] = None
    refresh_token: Annotated[
        str | None, Meta(description="For programs: good once, at POST /v1/sessions/refresh.")
    ] = None
    ends_at: Annotated[
        datetime | None, Meta(description="When it is over, however often it is refreshed.")
    ] = None
    second_factor: Annotated[
        bool | None, Meta(description="Whether a second factor was shown; staff may do little without.")
    ] = None


class SecondFactorNeeded(View, frozen=True, kw_only=True):
    """The password is right, and something else is to be shown: POST /v1/sessions, kind `second_factor`."""

    sign_in: Annotated[str, Meta(description="Send it along with what is shown.")]
    expires_at: datetime
    methods: Annotated[
        tuple[str, ...], Meta(description="What this account can show: totp, passkey, recovery_code.")
    ]
    public_key: Annotated[
        dict[str, Any] | None,
        Meta(description="Where a passkey can be shown: for `navigator.credentials.get`."),
    ]


class OpenSession(View, frozen=True, kw_only=True):
    """Somewhere the account is signed in."""

    id: str
    device: str
    client_address: str
    opened_at: datetime
    seen_at: datetime
    ends_at: datetime
    second_factor: bool
    current: Annotated[bool, Meta(description="Whether this is the one that asks.")]


class OpenSessions(View, frozen=True, kw_only=True):
    """Everywhere the account is signed in, the one that was seen last first."""

    sessions: tuple[OpenSession, ...]
