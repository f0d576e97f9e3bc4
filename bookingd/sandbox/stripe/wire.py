"""How the stand-in looks on the wire: keys, headers, bodies, and where browsers may call from.

The one rule: every body is JSON made by `render`, the same for a first answer and for its repetition.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import BasicAuth, web

from bookingd.sandbox.misbehaviour import HEADER
from bookingd.sandbox.stripe import faults, render
from bookingd.sandbox.stripe.records import Answer

_ENCODE = msgspec.json.Encoder().encode

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, Stripe-Version, " + HEADER,
    "Access-Control-Expose-Headers": "Request-Id, Idempotent-Replayed",
}


def key_of(request: web.Request) -> str:
    header = request.headers.get("Authorization", "")
    if header.startswith("Bearer "):
        return header.removeprefix("Bearer ")
    try:
        return BasicAuth.decode(header).login if header else ""
    except ValueError:
        return ""


def origin(request: web.Request) -> str:
    """Where the caller found us, with the prefix in front of the vendor's paths."""
    return f"{request.scheme}://{request.host}{request.path.partition('/v1/')[0]}"


def page_origin(request: web.Request) -> str:
    """The same for a page, which is not below the vendor's `/v1/`."""
    path = request.path
    for pages in ("/redirect/", "/c/"):
        path = path.partition(pages)[0]
    return f"{request.scheme}://{request.host}{path}"


def respond(request: web.Request, answer: Answer, request_id: str) -> web.Response:
    """An answer with its status."""
    return as_json(request, answer.status, render.body(answer), request_id)


def as_json(request: web.Request, status: int, body: Mapping[str, Any], request_id: str) -> web.Response:
    headers = {
        "Content-Type": "application/json",
        "Request-Id": request_id,
        "Stripe-Version": request.headers.get("Stripe-Version", render.API_VERSION),
        **CORS,
    }
    return web.Response(status=status, body=_ENCODE(body), headers=headers)


def script(text: str) -> web.Response:
    """A script, which any page may load."""
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache", **CORS}
    return web.Response(text=text, content_type="text/javascript", headers=headers)


def fault_of(request: web.Request, status: int, request_id: str) -> web.Response:
    """The vendor's error of a status, sent on purpose."""
    answer = respond(request, Answer(thing=faults.of_status(status).error, status=status), request_id)
    if status == 429:
        answer.headers["Retry-After"] = "1"
    return answer
