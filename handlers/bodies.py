"""What a request brings besides its address: a JSON object, an Idempotency-Key, a preference to wait."""

import hashlib
import json
import re
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from aiohttp import hdrs, web
from aiohttp.web import RequestPayloadError
from marshmallow import Schema

from bookingd.storage.idempotency import Key
from handlers.errors import FieldError, Problem
from handlers.fields import load
from handlers.parts import PARTS
from handlers.requests import schema

IDEMPOTENCY_KEY = "Idempotency-Key"

FORM = "application/x-www-form-urlencoded"

PIECE = 64 * 1024
"""Bytes of a large body that are read at a time."""

MOST_FIELDS = 20
"""Of a form; more is no form of ours."""

LONGEST_WAIT = 20
"""Seconds for which an answer is held back at most (Prefer: wait=N, RFC 7240, 4.3)."""

_KEY = re.compile(r"[\x20-\x7e]{1,255}")
_WAIT = re.compile(r"(?:^|,)\s*wait\s*=\s*\"?(\d{1,4})\"?\s*(?:$|[,;])", re.IGNORECASE)
_BYTE = re.compile(r"\(byte (\d+)\)")
_decode = msgspec.json.Decoder().decode
_same = msgspec.json.Encoder(order="deterministic").encode


async def json_body(request: web.Request, of: type[Schema]) -> tuple[dict[str, Any], Any]:
    """The body as the schema's values, and as it was sent. Raises Problem."""
    if request.content_type != "application/json":
        sent = f"The body is {request.content_type}" if request.body_exists else "There is no body"
        told = f"{sent}; it has to be application/json, an empty object where there is nothing to say."
        raise Problem("media-type", told, headers={"Accept-Post": "application/json"})
    given = read_json(await read_body(request))
    return load(schema(of), given), given


def is_form(request: web.Request) -> bool:
    """Whether a page sends it, and not a program."""
    return request.content_type == FORM


async def form_body(request: web.Request, of: type[Schema]) -> dict[str, Any]:
    """What a form of ours sent, as the schema's values. Raises Problem.

    Any site can send a form, so here a browser has to say where it comes from (handlers.middlewares looks
    whether that is here); whoever says nothing is told that programs send JSON.
    """
    if request.content_type != FORM:
        told = f"The body is {request.content_type}; it has to be {FORM}."
        raise Problem("media-type", told, headers={"Accept-Post": FORM})
    if not ("Sec-Fetch-Site" in request.headers or hdrs.ORIGIN in request.headers):
        raise Problem("cross-site", "A form has to say where it comes from; programs send JSON.")
    return load(schema(of), _read_form(await read_body(request)))


def _read_form(body: bytes) -> dict[str, str]:
    """Its fields, each of which stands once. Raises Problem."""
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise Problem("bad-request", "This is not a form, or it has too many fields.") from error
    if len(given := dict(pairs)) != len(pairs):
        raise Problem("bad-request", "A field stands in the form more than once.")
    return given


async def read_body(request: web.Request) -> bytes:
    """The body's bytes. Raises Problem where there are too many, or where they break off."""
    try:
        return await request.read()
    except RequestPayloadError as error:
        raise Problem("bad-request", "The body broke off, or is not framed as HTTP wants it.") from error
    except web.HTTPRequestEntityTooLarge as error:
        limit = request.app[PARTS].settings.server.max_body_bytes
        raise Problem("body-too-large", f"A body has {limit:,} bytes at most.") from error


async def read_large(request: web.Request, *, most: int) -> bytes:
    """A body that may be larger than others, `most` bytes. Raises Problem as `read_body` does."""
    body = bytearray()
    try:
        async for piece in request.content.iter_chunked(PIECE):
            body += piece
            if len(body) > most:
                raise Problem("body-too-large", f"This has {most:,} bytes at most.")
    except RequestPayloadError as error:
        raise Problem("bad-request", "The body broke off, or is not framed as HTTP wants it.") from error
    return bytes(body)


def read_json(body: bytes) -> Any:
    """The value that the bytes are. Raises Problem that says where reading stopped.

    A name that stands twice in one object is refused: readers differ in which one counts (RFC 8259, 4).
    """
    try:
        value = _decode(body)
        json.loads(body, object_pairs_hook=_refuse_repeated, parse_int=str)
    except RecursionError as error:
        raise Problem("malformed-json", "The JSON is nested too deeply.") from error
    except UnicodeDecodeError as error:
        # Its positions count from the begin of a string, so look for the first bad byte ourselves.
        raise _malformed(body, _first_bad_byte(body), "this is not UTF-8") from error
    except msgspec.MsgspecError as error:
        found = _BYTE.search(str(error))
        at = int(found[1]) if found else len(body)
        why = "it ends too early" if "truncated" in str(error) else "this is not JSON"
        raise _malformed(body, at, why) from error
    return value


def _refuse_repeated(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            words = "This stands in one object more than once."
            error = FieldError(field=name, code="repeated", message=words)
            raise Problem("malformed-json", f"{name!r} stands in one object more than once.", errors=[error])
        seen.add(name)


def _first_bad_byte(body: bytes) -> int:
    try:
        body.decode()
    except UnicodeDecodeError as error:
        return error.start
    return len(body)


def _malformed(body: bytes, at: int, why: str) -> Problem:
    line, column = body.count(b"\n", 0, at) + 1, at - (body.rfind(b"\n", 0, at) + 1) + 1
    where = FieldError(field="", code="malformed", message=f"Line {line}, column {column}: {why}.")
    told = f"Reading stopped at line {line}, column {column}: {why}."
    return Problem("malformed-json", told, errors=[where])


def idempotency_key(request: web.Request, scope: str) -> Key | None:
    """The request's key among those of `scope`; None where it has none. Raises Problem."""
    given = request.headers.get(IDEMPOTENCY_KEY)
    if given is None:
        return None
    if not _KEY.fullmatch(given):
        raise _key_problem("length", "The key has 1 to 255 printable ASCII characters.")
    return scope, given


def required_key(request: web.Request, scope: str) -> Key:
    """The same where there has to be one. Raises Problem."""
    key = idempotency_key(request, scope)
    if key is None:
        raise _key_problem("required", "Send a new random key (a UUID) with every new request.")
    return key


def fingerprint(request: web.Request, given: Any) -> bytes:
    """What makes a request the same request: method, path and the body's values in any order."""
    return hashlib.sha256(b" ".join((request.method.encode(), request.path.encode(), _same(given)))).digest()


def wait_of(request: web.Request) -> int:
    """How many seconds the client would rather wait for the final answer; 0 if it would not."""
    found = _WAIT.search(",".join(request.headers.getall("Prefer", ())))
    limit = int(request.app[PARTS].settings.server.request_timeout_seconds * 0.8)
    return min(int(found[1]), LONGEST_WAIT, limit) if found else 0


def _key_problem(code: str, message: str) -> Problem:
    error = FieldError(field=IDEMPOTENCY_KEY, code=code, message=message)
    return Problem("bad-request", f"The header {IDEMPOTENCY_KEY}: {message}", errors=[error])
