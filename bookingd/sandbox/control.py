"""What the addresses below `/_sandbox/{name}` have in common: JSON in, and what is wrong said plainly."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeAlias, TypeVar

import msgspec
from aiohttp import web

W = TypeVar("W")

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Forward(msgspec.Struct, forbid_unknown_fields=True):
    """By how much a clock is put forward."""

    forward_seconds: Annotated[float, msgspec.Meta(ge=0, le=10**9)]


async def wish_of(request: web.Request, kind: type[W]) -> W:
    """The body, or what stands where there is none. Raises msgspec.DecodeError."""
    return msgspec.json.decode(await request.read() or b"{}", type=kind)


def plain(handle: Handler, status_of: Callable[[Exception], int | None]) -> Handler:
    """Answer what is wrong in plain JSON: these addresses are ours. `status_of` knows the vendor's faults."""

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handle(request)
        except (ValueError, msgspec.DecodeError) as error:
            return web.json_response({"error": str(error)}, status=400)
        except Exception as error:
            status = status_of(error)
            if status is None:
                raise
            return web.json_response({"error": str(error)}, status=status)

    return answer
