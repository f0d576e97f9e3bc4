"""The API's description, OpenAPI 3.1: made from the routes, from the very schemas that validate requests and
from the very types that answers are encoded from, so it cannot say anything else than what is so.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from aiohttp import hdrs, web
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from bookingd import __version__
from bookingd.domain.accounts.permissions import SCOPES, Permission
from handlers.bodies import FORM, IDEMPOTENCY_KEY, LONGEST_WAIT
from handlers.errors import PROBLEM_JSON, ProblemBody
from handlers.fields import Choices, Codes
from handlers.gate import refusals
from handlers.operations import Access, Operation, Route
from handlers.principals import BOOKING_TOKEN
from handlers.problems import KINDS
from handlers.reply import encode, json_reply

OPENAPI = web.AppKey("openapi", dict[str, Any])

SCHEMES: Mapping[str, dict[str, Any]] = {
    "session": {"type": "http", "scheme": "bearer", "description": "The token of `POST /v1/sessions`."},
    "api_key": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "bkd_…",
        "description": "The key of `POST /v1/me/api-keys`; it needs the scope that is named.",
    },
    "booking_token": {
        "type": "apiKey",
        "in": "header",
        "name": BOOKING_TOKEN,
        "description": "Of `POST /v1/bookings`, a mail's link, or a code; it opens that one booking.",
    },
}
"""Ways to be let in, besides the cookie, whose name the installation decides."""

_REF = "#/components/schemas/{name}"
_IN_PATH = re.compile(r"\{(\w+)\}")

IN_PATH: Mapping[str, str] = {
    "id": "The offer's id.",
    "reference": "The booking's reference: six letters and digits.",
    "payment_id": "The attempt to pay.",
    "session_id": "As `GET /v1/sessions` names it.",
    "traveller_id": "As `GET /v1/me/travellers` names it.",
    "passkey_id": "As `GET /v1/me/passkeys` names it.",
    "account_id": "As `GET /v1/admin/accounts` names it.",
    "refund_id": "As `GET /v1/admin/bookings/{reference}/payments` names it.",
    "means_id": "As `GET /v1/me/payment-means` names it.",
    "payout_id": "As `GET /v1/admin/payouts` names it.",
    "key_id": "As `GET /v1/me/api-keys` names it.",
    "number": "The document's: `INV-2026-000123`.",
    "name": "As the page names it.",
    "gateway": "As `GET /v1/gateways` names it.",
    "hotel_id": "As offers and places have it: `inventory-17`.",
    "picture_id": "As hotels name it.",
    "width": "Pixels.",
    "slug": "The last part of a problem's `type`.",
}

HEADERS: Mapping[str, dict[str, Any]] = {
    "idempotency_key": {
        "name": IDEMPOTENCY_KEY,
        "in": "header",
        "required": True,
        "description": "New and random for every new request; the same to repeat one.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    },
    "optional_key": {
        "name": IDEMPOTENCY_KEY,
        "in": "header",
        "description": "Repeating this request does no harm; with a key it is answered the same way again.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    },
    "wait": {
        "name": "Prefer",
        "in": "header",
        "description": f"`wait=N`: answer with what came of it, within N seconds (at most {LONGEST_WAIT}).",
        "schema": {"type": "string", "examples": ["wait=10"]},
    },
    "proof": {
        "name": BOOKING_TOKEN,
        "in": "header",
        "description": "Opens a booking that another session made: its token, or that of a mail link.",
        "schema": {"type": "string"},
    },
    "if_match": {
        "name": "If-Match",
        "in": "header",
        "required": True,
        "description": "The ETag of what is changed, as it was read.",
        "schema": {"type": "string", "examples": ['"3"']},
    },
    "optional_match": {
        "name": "If-Match",
        "in": "header",
        "description": "The ETag that it has to have still.",
        "schema": {"type": "string", "examples": ['"3"']},
    },
    "if_none_match": {
        "name": "If-None-Match",
        "in": "header",
        "description": "The ETag that is known: 304 while nothing has changed.",
        "schema": {"type": "string"},
    },
}


async def openapi(request: web.Request) -> web.Response:
    """This description."""
    return json_reply(request.app[OPENAPI], headers={hdrs.CACHE_CONTROL: "public, max-age=300"})


def describe(routes: Iterable[Route], *, public_url: str, cookie: str) -> dict[str, Any]:
    """The whole document; `cookie` is the name of a browser's session."""
    routes = tuple(routes)
    plugin = MarshmallowPlugin(schema_name_resolver=lambda schema: _class_of(schema).__name__)
    spec = APISpec(
        title="bookingd",
        version=__version__,
        openapi_version="3.1.0",
        info={"description": "Search flights, book them, pay, and follow what becomes of it."},
        servers=[{"url": public_url}],
        plugins=[plugin],
    )
    if plugin.converter is not None:
        plugin.converter.add_parameter_attribute_function(_parted_by_commas)
    _security(spec, cookie)
    _answers(spec, routes)
    for route in routes:
        spec.path(path=route.path, operations={route.method.lower(): _operation(route, plugin)})
    return spec.to_dict()


def _parted_by_commas(_converter: Any, field: Any, **_: Any) -> dict[str, Any]:
    """Lists in one text are not repeated, as other lists in a query string are."""
    return {"explode": False} if isinstance(field, Codes | Choices) else {}


def _security(spec: APISpec, cookie: str) -> None:
    scheme = spec.components.security_scheme
    for name, described in SCHEMES.items():
        scheme(name, described)
    scheme("cookie", {"type": "apiKey", "in": "cookie", "name": cookie})


def _answers(spec: APISpec, routes: Iterable[Route]) -> None:
    """The types of answers as JSON Schema, which OpenAPI 3.1 takes as it is."""
    types = {of for route in routes for of in route.operation.answers.values() if isinstance(of, type)}
    shown = sorted(types | {ProblemBody}, key=lambda of: of.__name__)
    _, components = msgspec.json.schema_components(shown, ref_template=_REF)
    for name, schema in components.items():
        spec.components.schema(name, schema)


def _operation(route: Route, plugin: MarshmallowPlugin) -> dict[str, Any]:
    operation = route.operation
    described: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": [*_in_path(route.path), *_in_query(operation, plugin), *_in_headers(operation)],
        "responses": _responses(operation),
    }
    if operation.description:
        described["description"] = operation.description
    kinds = {"application/json": operation.body, FORM: operation.form}
    if content := {kind: {"schema": body} for kind, body in kinds.items() if body is not None}:
        described["requestBody"] = {"required": True, "content": content}
    elif operation.raw_body:
        raw: dict[str, Any] = {kind: {"schema": {}} for kind in operation.raw_body}
        described["requestBody"] = {"required": True, "content": raw}
    if ways := _ways_in(operation):
        described["security"] = ways
    return described


def _ways_in(operation: Operation) -> list[dict[str, list[str]]]:
    """Each with the permission or scope that it has to have; none where nobody is refused."""
    access = operation.access
    named = [access.value] if isinstance(access, Permission) else []
    session: list[dict[str, list[str]]] = [{"session": named}, {"cookie": named}]
    if access is Access.ANYBODY and "proof" in operation.headers:
        return [*session, {"api_key": [Permission.BOOK.value]}, {"booking_token": []}]
    if access is Access.SESSION:
        return [*session, {"api_key": [Permission.BOOK.value]}]
    if access in SCOPES:
        return [*session, {"api_key": named}]
    return session if "not-allowed" in refusals(access) else []


def _in_path(path: str) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": IN_PATH[name],
            "schema": {"type": "string"},
        }
        for name in _IN_PATH.findall(path)
    ]


def _in_query(operation: Operation, plugin: MarshmallowPlugin) -> list[dict[str, Any]]:
    if operation.query is None or plugin.converter is None:
        return []
    found: list[dict[str, Any]] = plugin.converter.schema2parameters(operation.query, location="query")
    return found


def _in_headers(operation: Operation) -> list[dict[str, Any]]:
    return [HEADERS[name] for name in operation.headers]


def _responses(operation: Operation) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, answer in operation.answers.items():
        responses[str(status)] = _response(answer)
    for slug in (*refusals(operation.access), *operation.problems):
        kind = KINDS[slug]
        known = responses.setdefault(str(kind.status), _problem([]))
        known["description"] = "; ".join(filter(None, [known["description"], f"`{slug}`: {kind.title}"]))
    responses["default"] = _problem(["Any other problem."])
    return responses


def _response(answer: type | str | None) -> dict[str, Any]:
    if answer is None:
        return {"description": "Without a body."}
    if isinstance(answer, str):
        return {"description": "As described.", "content": {answer: {"schema": {"type": "string"}}}}
    about = " ".join((answer.__doc__ or "").split())
    content = {"application/json": {"schema": {"$ref": _REF.format(name=answer.__name__)}}}
    return {"description": about, "content": content}


def _problem(about: list[str]) -> dict[str, Any]:
    schema = {"$ref": _REF.format(name=ProblemBody.__name__)}
    return {"description": " ".join(about), "content": {PROBLEM_JSON: {"schema": schema}}}


def _class_of(schema: type[Schema] | Schema | str) -> type:
    return schema if isinstance(schema, type) else type(schema)


def as_bytes(document: dict[str, Any]) -> bytes:
    """As it is answered."""
    return encode(document)
