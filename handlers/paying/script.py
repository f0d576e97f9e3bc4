"""The payment page's own script, under a name that changes with it, so that a browser may keep it for good.

The one rule: the page names it with the hash of what it has to be, and a browser runs nothing else.
"""

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from aiohttp import hdrs, web

from handlers.errors import not_found

KEPT = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A file with what it is called outside."""

    body: bytes
    name: str
    """With the beginning of its hash: another content is another name."""
    integrity: str
    """As `integrity` has it (Subresource Integrity)."""

    @property
    def path(self) -> str:
        """Below the public address."""
        return f"/assets/{self.name}"


@cache
def pay_script() -> Script:
    """The payment page's own script."""
    body = files("handlers").joinpath("paying/pay.js").read_bytes()
    digest = hashlib.sha384(body).digest()
    return Script(
        body=body,
        name=f"pay-{digest.hex()[:12]}.js",
        integrity=f"sha384-{base64.b64encode(digest).decode()}",
    )


async def script_file(request: web.Request) -> web.Response:
    """The file of that name; an older release's is not there any more."""
    found = pay_script()
    if request.match_info["name"] != found.name:
        raise not_found()
    headers: dict[str, str] = {hdrs.CACHE_CONTROL: KEPT}
    return web.Response(body=found.body, content_type="text/javascript", charset="utf-8", headers=headers)
