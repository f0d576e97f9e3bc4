"""How the stand-in looks on the wire: JSON with the vendor's headers, for answers and for errors."""

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from bookingd.sandbox.paypal import faults
from bookingd.sandbox.paypal.background import Background

_ENCODE = msgspec.json.Encoder().encode

CALL = web.RequestKey("call", str)
"""Which call it is, for the wording of errors."""


class Wire:
    """Writes answers, each with a number of its own for the vendor's support."""

    def __init__(self, background: Background) -> None:
        self._background = background

    def json(self, status: int, body: Mapping[str, Any], debug_id: str | None = None) -> web.Response:
        headers = {"Content-Type": "application/json", **self._headers(debug_id)}
        return web.Response(status=status, body=_ENCODE(body), headers=headers)

    def nothing(self, status: int) -> web.Response:
        """An answer without a body."""
        return web.Response(status=status, headers=self._headers())

    def fault(self, request: web.Request, fault: faults.Fault) -> web.Response:
        debug_id = self._background.debug_id()
        return self.json(fault.status, fault.body(debug_id, request.get(CALL, "")), debug_id)

    def _headers(self, debug_id: str | None = None) -> dict[str, str]:
        return {"Paypal-Debug-Id": debug_id or self._background.debug_id()}


def origin(request: web.Request) -> str:
    """Where the caller found us, with the prefix in front of the vendor's paths."""
    prefix = request.path.partition("/v2/")[0].partition("/v1/")[0]
    return f"{request.scheme}://{request.host}{prefix}"
