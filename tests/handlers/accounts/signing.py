"""Signing in, as programs and browsers do it: what the tests of it have in common."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http.cookies import SimpleCookie
from typing import Any

from bookingd.domain.ids import AccountId
from bookingd.security.totp import code_at, step_at
from bookingd.storage import second_factors
from bookingd.storage.database import Connection
from bookingd.storage.second_factors import totp_place
from tests.handlers.conftest import Api

ADDRESS = "somebody-1@mail.example"
PASSWORD = "a sentence that its owner alone knows"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile/15E148 Safari/604.1"
SECRET = b"an app's secret of 20"


async def give_password(api: Api, connection: Connection, account: AccountId, password: str) -> None:
    """It is the account's, and was so all the time."""
    hashed = await api.parts.accounts.hasher.hash(password)
    await connection.execute("UPDATE accounts SET password = $2 WHERE id = $1", account, hashed)


async def give_app(api: Api, connection: Connection, account: AccountId) -> None:
    """An authenticator app with SECRET counts."""
    sealed = api.parts.accounts.keyring.seal(SECRET, place=totp_place(account))
    await second_factors.set_up_totp(connection, account=account, sealed=sealed)
    await second_factors.confirm_totp(
        connection, account=account, pending=sealed, step=0, now=api.clock.now()
    )


def code_now(api: Api) -> str:
    """What that app shows."""
    return code_at(SECRET, step_at(api.clock.now()))


async def by_password(api: Api, email: str = ADDRESS, password: str = PASSWORD, **headers: str) -> Any:
    """What a program is answered that signs in."""
    asked = {"kind": "account", "email": email, "password": password}
    return await api.ask("POST", "/v1/sessions", json=asked, headers=headers)


async def with_more(api: Api, needed: Any, **shown: Any) -> Any:
    """The same, once the password was right."""
    return await api.post("/v1/sessions", {"kind": "second_factor", "sign_in": needed["sign_in"], **shown})


async def refreshed(api: Api, token: str, **headers: str) -> Any:
    """What a program is answered for a refresh token."""
    return await api.ask("POST", "/v1/sessions/refresh", json={"refresh_token": token}, headers=headers)


def as_program(api: Api, session: Any) -> Api:
    """A program with that session."""
    return replace(api, token=session["token"], principal=session["principal"])


@dataclass(slots=True)
class Browser:
    """It keeps cookies, and says where a request comes from."""

    api: Api
    agent: str = FIREFOX
    cookies: dict[str, str] = field(default_factory=dict)
    set: SimpleCookie = field(default_factory=SimpleCookie)
    """By the last answer."""

    async def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        said = {"User-Agent": self.agent, "Sec-Fetch-Site": "same-origin"}
        if self.cookies:
            said["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {} if body is None else {"json": body}
        told = await self.api.ask(method, path, headers={**said, **(headers or {})}, **sent)
        assert self.api.answer is not None
        self._keep(self.api.answer.cookies)
        return told

    def _keep(self, cookies: SimpleCookie) -> None:
        self.set = cookies
        for name, cookie in cookies.items():
            if cookie["max-age"] == "0":
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = cookie.value

    async def sign_in(self, email: str = ADDRESS, password: str = PASSWORD) -> Any:
        return await self.ask(
            "POST", "/v1/sessions", {"kind": "account", "email": email, "password": password}
        )

    @property
    def status(self) -> int:
        return self.api.status
