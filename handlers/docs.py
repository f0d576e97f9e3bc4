"""The API as a page for people, drawn from its own description; and a page for each sort of problem."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aiohttp import web

from handlers.errors import not_found
from handlers.openapi import OPENAPI
from handlers.pages import page
from handlers.parts import PARTS
from handlers.problems import KINDS

CACHE = "public, max-age=300"

SOON = timedelta(days=14)
"""How far ahead the search in the example is: within what any network has for sale."""

WAYS_IN: Mapping[str, str] = {
    "booking_token": "a booking token",
    "session": "a session",
    "api_key": "an API key",
}
"""What people call the ways in that the description names; a cookie is a session too."""

_REF = "#/components/schemas/"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """One field in a table. `target` is the schema that its type leads to, if it is one of ours."""

    name: str
    type: str
    target: str
    required: bool
    about: str
    where: str = ""


async def docs(request: web.Request) -> web.Response:
    """The whole description."""
    document, parts = request.app[OPENAPI], request.app[PARTS]
    values = {
        "groups": _groups(document),
        "schemas": list(_schemas(document)),
        "problems": list(KINDS.values()),
        "base": parts.public_url,
        "depart": f"{parts.sources.clock.now() + SOON:%Y-%m-%d}",
        "version": document["info"]["version"],
    }
    return page(request, "docs.html", title="bookingd: the API", values=values, cache=CACHE)


async def problem(request: web.Request) -> web.Response:
    """What a sort of problem means and what to do."""
    kind = KINDS.get(request.match_info["slug"])
    if kind is None:
        raise not_found()
    return page(request, "problem.html", title=kind.title, values={"kind": kind}, cache=CACHE)


def _groups(document: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Operations by tag, in the order of the routes."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            entry = {
                "id": operation["operationId"],
                "method": method.upper(),
                "path": path,
                "summary": operation["summary"],
                "description": operation.get("description", ""),
                "needs": _needs(operation.get("security", [])),
                "parameters": [_parameter(one) for one in operation["parameters"]],
                "body": _body(operation),
                "answers": list(_answers(operation)),
            }
            groups.setdefault(operation["tags"][0], []).append(entry)
    return groups


def _needs(ways: Iterable[Mapping[str, list[str]]]) -> str:
    """Which of the ways in there are, as the end of a sentence; empty where nobody is refused."""
    shown = [name for way in ways for name in way]
    words = " or ".join(told for name, told in WAYS_IN.items() if name in shown)
    named = next((permission for way in ways for needed in way.values() for permission in needed), "")
    return f"{words} that may `{named}`" if named else words


def _parameter(parameter: Mapping[str, Any]) -> FieldRow:
    kind, target = _type_of(parameter["schema"])
    return FieldRow(
        name=parameter["name"],
        type=kind,
        target=target,
        required=parameter.get("required", False),
        about=f"{parameter.get('description', '')} {_instance(parameter['schema'])}".strip(),
        where=parameter["in"],
    )


def _body(operation: Mapping[str, Any]) -> str:
    content: Mapping[str, Any] = operation.get("requestBody", {}).get("content", {})
    return next((_type_of(one["schema"])[1] for one in content.values()), "")


def _answers(operation: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for status, answer in sorted(operation["responses"].items()):
        if status != "default":
            contents: Mapping[str, Any] = answer.get("content", {})
            media = next(iter(contents), "")
            target = _type_of(contents[media]["schema"])[1] if media else ""
            yield {"status": status, "about": answer["description"], "media": media, "target": target}


def _schemas(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, schema in document["components"]["schemas"].items():
        if "enum" in schema:
            yield {"name": name, "about": _about(schema), "words": schema["enum"], "fields": []}
        elif "properties" in schema:
            needed = schema.get("required", [])
            rows = [_field(field, below, field in needed) for field, below in schema["properties"].items()]
            yield {"name": name, "about": _about(schema), "words": [], "fields": rows}


def _field(name: str, schema: Mapping[str, Any], required: bool) -> FieldRow:
    kind, target = _type_of(schema)
    about = f"{_about(schema)} {_instance(schema)}".strip()
    return FieldRow(name=name, type=kind, target=target, required=required, about=about)


def _instance(schema: Mapping[str, Any]) -> str:
    """An example, and what counts where nothing is sent."""
    example = f"For example `{schema['example']}`." if "example" in schema else ""
    default = schema.get("default")
    usual = "" if default is None or default == [] else f"`{json.dumps(default)}` unless sent."
    return f"{example} {usual}".strip()


def _about(schema: Mapping[str, Any]) -> str:
    return " ".join(str(schema.get("description", "")).split())


def _type_of(schema: Mapping[str, Any]) -> tuple[str, str]:
    """How a type is called, and the schema that it leads to."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_REF)
        return name, name
    for joined in ("allOf", "anyOf"):
        if joined in schema:
            told = [_type_of(one) for one in schema[joined]]
            return " or ".join(one for one, _ in told), next((target for _, target in told if target), "")
    if schema.get("type") == "array":
        inner, target = _type_of(schema.get("items", {}))
        return f"list of {inner}", target
    kinds = schema.get("type", "anything")
    kind = " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
    words = schema.get("enum")
    if words:
        return " | ".join(str(word) for word in words if word is not None), ""
    return f"{kind} ({schema['format']})" if "format" in schema else kind, ""
