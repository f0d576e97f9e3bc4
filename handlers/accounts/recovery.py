"""Recovery codes: a new set on paper, in place of the old one."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from handlers.accounts.changes import changing
from handlers.accounts.factor_requests import Nothing
from handlers.bodies import json_body
from handlers.errors import Problem
from handlers.reply import json_reply
from handlers.views import View


class RecoveryCodes(View, frozen=True, kw_only=True):
    """Each is good once, in place of a second factor."""

    recovery_codes: Annotated[tuple[str, ...], Meta(description="Shown once: keep them on paper.")]


async def make_recovery_codes(request: web.Request) -> web.Response:
    """A new set; those before are none any more."""
    await json_body(request, Nothing)
    async with changing(request) as change:
        if not (await change.held()).any:
            raise Problem("factor-needed", "Recovery codes stand in for a second factor, and there is none.")
        codes = await change.new_codes()
    return json_reply(RecoveryCodes(recovery_codes=codes), status=201)
