"""Pages for people: made of our own templates only, with nothing loaded from anywhere and no script. The one
exception is the payment page, with the hosts that it names.

The style carries a nonce, so the content security policy allows this very style and nothing else.
"""

import base64
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from aiohttp import hdrs, web
from jinja2 import Environment, PackageLoader, StrictUndefined

from handlers.parts import PARTS

_templates = Environment(
    loader=PackageLoader("handlers"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(
    request: web.Request,
    template: str,
    *,
    title: str,
    values: Mapping[str, Any],
    again: int = 0,
    status: int = 200,
    cache: str = "no-store",
    form: bool = False,
    sources: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> web.Response:
    """A page; with `again` it is loaded anew after so many seconds. What nobody may keep is in no index.

    `sources` are directives with the hosts besides ours that it loads from; scripts of ours carry the nonce.

    One with a `form` sends it to this very site, and lets the browser say from which site it comes, without
    what else is in the page's address: to whom a page has forbidden that, it says nothing, and what is sent
    looks forged.
    """
    nonce = base64.b64encode(request.app[PARTS].sources.chance.token(16)).decode()
    text = _templates.get_template(template).render(title=title, nonce=nonce, again=again, **values)
    forms = "'self'" if form else "'none'"
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; form-action {forms};"
        " frame-ancestors 'none'"
    )
    for directive, hosts in sources.items():
        ours = f"'nonce-{nonce}' " if directive == "script-src" else ""
        policy += f"; {directive} {ours}{' '.join(hosts)}"
    return web.Response(
        text=text,
        status=status,
        content_type="text/html",
        headers={
            "Content-Security-Policy": policy,
            hdrs.CACHE_CONTROL: cache,
            **({"X-Robots-Tag": "noindex, nofollow"} if cache == "no-store" else {}),
            **({"Referrer-Policy": "strict-origin"} if form else {}),
        },
    )
