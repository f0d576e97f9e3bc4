"""Answers as bytes: encoded once by msgspec, never twice."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

import msgspec
from aiohttp import hdrs, web
from multidict import CIMultiDict

from bookingd.cache import Kept

JSON = "application/json; charset=utf-8"

encode = msgspec.json.Encoder().encode


def json_reply(value: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A value as JSON."""
    return bytes_reply(encode(value), status=status, headers=headers)


def bytes_reply(body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """JSON that is encoded already."""
    return web.Response(body=body, status=status, headers={"Content-Type": JSON, **(headers or {})})


def tagged_reply(request: web.Request, value: object) -> web.Response:
    """What is the same for everybody, and seldom another: with an ETag, 304 to whoever has it."""
    body = encode(value)
    tag = hashlib.blake2b(body, digest_size=9).hexdigest()
    headers: dict[str, str] = {hdrs.ETAG: f'"{tag}"', hdrs.CACHE_CONTROL: "public, max-age=300"}
    if any(known.value in {tag, "*"} for known in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return bytes_reply(body, headers=headers)


def kept_reply(kept: Kept, *, now: datetime, hit: bool) -> web.Response:
    """JSON that is kept for a while, labelled with its age; `hit`: it was there already."""
    life, age = (kept.until - kept.made_at).total_seconds(), (now - kept.made_at).total_seconds()
    answer = web.Response(body=kept.value, headers=_labels(int(life), hit))
    answer.headers[hdrs.AGE] = str(max(0, int(age)))
    return answer


@lru_cache(maxsize=1024)
def _labels(life: int, hit: bool) -> CIMultiDict[str]:
    """To be copied: thousands of answers a second have the same."""
    return CIMultiDict(
        {
            hdrs.CONTENT_TYPE: JSON,
            hdrs.CACHE_CONTROL: f"private, max-age={max(0, life)}",
            "Cache-Status": "bookingd; hit" if hit else "bookingd; fwd=miss",
        }
    )
