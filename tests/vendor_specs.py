"""The vendors' own API descriptions, where they are at hand: in a folder shared beside the checkout.

They are too large and not ours to ship. A test that checks something against them does so where they
are; where they are not it proves nothing, and the run says so loudly at its end. A room that uses this
imports `pytest_terminal_summary` into its conftest.py.
"""

import functools
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

DIRECTORY = Path(__file__).parents[2] / "shared" / "vendor-specs"

_missing: set[str] = set()


class ApiDescription:
    """An OpenAPI 3.0 description: checks bodies against its schemas."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._paths = document["paths"]
        self._components = _as_json_schema(document["components"])
        self._validators: dict[str, jsonschema.Draft202012Validator] = {}

    def check(self, schema: str, body: Any) -> None:
        """Fail unless `body` is a `schema` of the description."""
        self._check(schema, {"$ref": f"#/components/schemas/{schema}"}, body)

    def check_answer(self, method: str, path: str, status: int, body: Any) -> None:
        """Fail unless `body` may be the answer to a call; `path` as in the description."""
        responses = self._paths[path][method.lower()]["responses"]
        response = self._resolved(responses.get(str(status), responses["default"]))
        if "content" not in response:  # 500: some descriptions say no more than that it exists
            response = self._resolved(responses["default"])
        self._check(
            f"{method} {path} {status}",
            _as_json_schema(response["content"]["application/json"]["schema"]),
            body,
        )

    def _resolved(self, response: dict[str, Any]) -> dict[str, Any]:
        """The response itself, where it is only pointed to."""
        name = str(response.get("$ref", "")).removeprefix("#/components/responses/")
        found: dict[str, Any] = self._components["responses"][name] if name else response
        return found

    def template(self, path: str) -> str:
        """The description's path for a real one: `/v1/refunds/re_1` is `/v1/refunds/{refund}`."""
        given = path.split("/")
        for template in sorted(self._paths, key=lambda each: each.count("{")):
            parts = template.split("/")
            if len(parts) == len(given) and all(
                part == have or part.startswith("{") for part, have in zip(parts, given, strict=True)
            ):
                return str(template)
        raise AssertionError(f"the vendor knows no {path}")

    def _check(self, name: str, schema: dict[str, Any], body: Any) -> None:
        if name not in self._validators:
            self._validators[name] = jsonschema.Draft202012Validator(
                {**schema, "components": self._components}
            )
        error = jsonschema.exceptions.best_match(self._validators[name].iter_errors(body))
        if error is not None:
            pytest.fail(f"not a {name}: {error.json_path}: {error.message[:500]}")


@functools.cache
def description(file: str) -> ApiDescription | None:
    """The description in `file`, under the vendors' folder; None, and a loud line, where it is not."""
    path = DIRECTORY / file
    if not path.exists():
        _missing.add(file)
        return None
    return ApiDescription(json.loads(path.read_text()))


def samples(folder: str) -> dict[str, Any]:
    """The vendor's samples below `folder`, by file name; none, and a loud line, where they are not."""
    found = {path.name: json.loads(path.read_text()) for path in sorted((DIRECTORY / folder).glob("*.json"))}
    if not found:
        _missing.add(folder)
    return found


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what could not be checked, once."""
    for file in sorted(_missing):
        terminalreporter.section("VENDOR SPECS NOT CHECKED", red=True, bold=True)
        terminalreporter.line(f"{file} is not in {DIRECTORY}: nothing was validated against it.", red=True)
    _missing.clear()


def _as_json_schema(schema: Any) -> Any:
    """OpenAPI 3.0 says `nullable` where JSON Schema has a type."""
    if isinstance(schema, list):
        return [_as_json_schema(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: _as_json_schema(each) for name, each in schema.items() if name != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") is True else plain
