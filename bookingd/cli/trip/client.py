"""bookingd's HTTP API and WebSocket as `trip` uses them: JSON in and out, problems as exceptions."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import aiohttp
import msgspec

Json: TypeAlias = dict[str, Any]

REQUEST_LIMIT = aiohttp.ClientTimeout(total=60, sock_connect=5)


class TripFailed(Exception):
    """The journey did not come to its end; the message is for a person."""


class Problem(TripFailed):
    """An answer that was not a success, with what the server said about it."""

    def __init__(self, status: int, body: Json) -> None:
        fields = "; ".join(
            f"{error.get('field')}: {error.get('message')}" for error in body.get("errors", [])
        )
        said = body.get("detail") or body.get("title") or "no reason given"
        super().__init__(f"{status}: {said}" + (f" ({fields})" if fields else ""))
        self.status = status


class Client:
    """One guest at one installation."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._token: str | None = None

    @classmethod
    @asynccontextmanager
    async def connect(cls, url: str) -> AsyncIterator["Client"]:
        """Begin a guest session. Raises TripFailed when nobody answers at `url`."""
        async with aiohttp.ClientSession(timeout=REQUEST_LIMIT) as session:
            client = cls(session, url)
            opened = await client.post("/v1/sessions", {"kind": "guest"})
            client._token = opened["token"]
            yield client

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Json:
        """Raises Problem, TripFailed."""
        return await self._call("GET", path, params=params)

    async def post(self, path: str, body: Json, *, key: str | None = None, wait: int | None = None) -> Json:
        """`key` makes a repeat harmless; `wait` seconds for the final answer. Raises Problem, TripFailed."""
        headers = {"Idempotency-Key": key} if key else {}
        if wait:
            headers["Prefer"] = f"wait={wait}"
        return await self._call("POST", path, json=body, headers=headers)

    async def _call(self, method: str, path: str, **options: Any) -> Json:
        headers = {**options.pop("headers", {}), **self._authorisation()}
        try:
            async with self._session.request(
                method, self._url + path, headers=headers, **options
            ) as response:
                body = _json(await response.read())
        except (aiohttp.ClientError, TimeoutError) as error:
            raise TripFailed(f"{self._url} does not answer: {str(error) or type(error).__name__}") from error
        if response.status >= 400:
            raise Problem(response.status, body)
        return body

    def _authorisation(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    async def events(self, reference: str) -> AsyncIterator[Json]:
        """The booking's timeline from its beginning, live, over the WebSocket."""
        async with self._session.ws_connect(
            self._url + "/v1/live", headers=self._authorisation(), heartbeat=20
        ) as socket:
            await socket.send_json({"subscribe": f"booking:{reference}", "after": 0})
            async for message in socket:
                said = _json(message.data)
                if "error" in said:
                    raise TripFailed(f"live: {said['error'].get('detail') or said['error']}")
                if "sequence" in said:
                    yield said

    async def tokenise_card(self, gateway: Json, card: Json) -> str:
        """Give the card to the gateway, not to bookingd; the token that stands for it."""
        form = {"type": "card", **{f"card[{name}]": str(value) for name, value in card.items()}}
        headers = {"Authorization": f"Bearer {gateway['publishable_key']}"}
        url = gateway["api_base"].rstrip("/") + "/v1/payment_methods"
        async with self._session.post(url, data=form, headers=headers) as response:
            body = _json(await response.read())
        if response.status >= 400:
            raise TripFailed(f"the gateway refuses the card: {body.get('error', {}).get('message')}")
        return str(body["id"])

    async def answer_page(self, action_url: str, **form: str) -> None:
        """Answer a page of a stand-in's as its payer would, by its button, and come back from there."""
        async with self._session.post(action_url, data=form, allow_redirects=False) as response:
            back = response.headers.get("Location")
            if response.status != 303 or back is None:
                raise TripFailed(
                    f"the payer's page answered {response.status}: only a stand-in's can be answered by trip"
                )
        async with self._session.get(back) as response:
            await response.read()


def _json(data: bytes | str) -> Json:
    try:
        body = msgspec.json.decode(data)
    except msgspec.DecodeError:
        return {"detail": "the answer is not JSON; is this bookingd?"}
    return body if isinstance(body, dict) else {"items": body}
