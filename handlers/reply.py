"""Answers as bytes: encoded once by msgspec, never twice."""

from collections.abc import Mapping

import msgspec
from aiohttp import web

JSON = "application/json; charset=utf-8"

encode = msgspec.json.Encoder().encode


def json_reply(value: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A value as JSON."""
    return bytes_reply(encode(value), status=status, headers=headers)


def bytes_reply(body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """JSON that is encoded already."""
    return web.Response(body=body, status=status, headers={"Content-Type": JSON, **(headers or {})})
