"""Disputes over HTTP: what a merchant may see and do, and what the vendor lets anybody do in its sandbox.

Not in the API descriptions at hand: made from the vendor's public reference of Disputes v1.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from aiohttp import web

from bookingd.sandbox.paypal import disputes, faults, render_disputes, wire
from bookingd.sandbox.paypal.account import Work
from bookingd.sandbox.paypal.background import Background
from bookingd.sandbox.paypal.given import Given
from bookingd.sandbox.paypal.performing import Performer
from bookingd.sandbox.paypal.records import Dispute

_ROOT = "/v1/customer/disputes"

_Act: TypeAlias = Callable[[Work, Dispute, Given], Dispute]


def _provide_evidence(work: Work, dispute: Dispute, given: Given) -> Dispute:
    evidences = given.groups("evidences")
    if not evidences and not given.has("notes"):
        raise given.missing("evidences")
    note = given.text("notes", longest=2000)
    told = [each.values for each in evidences] or [{"evidence_type": "OTHER", "notes": note}]
    return disputes.provide_evidence(work, dispute, tuple(told))


def _accept(work: Work, dispute: Dispute, _given: Given) -> Dispute:
    return disputes.resolve(work, dispute, won=False)


def _adjudicate(work: Work, dispute: Dispute, given: Given) -> Dispute:
    outcome = given.one_of("adjudication_outcome", ("BUYER_FAVOR", "SELLER_FAVOR"))
    if outcome is None:
        raise given.missing("adjudication_outcome")
    if dispute.status != "UNDER_REVIEW":
        raise faults.refused("ACTION_NOT_ALLOWED_IN_CURRENT_DISPUTE_STATE")
    return disputes.resolve(work, dispute, won=outcome == "SELLER_FAVOR")


def _require_evidence(work: Work, dispute: Dispute, given: Given) -> Dispute:
    if given.one_of("action", ("SELLER_EVIDENCE",)) is None:
        raise given.missing("action")
    return disputes.ask_for_evidence(work, dispute)


_ACTS: dict[str, _Act] = {
    "provide-evidence": _provide_evidence,
    "accept-claim": _accept,
    "adjudicate": _adjudicate,
    "require-evidence": _require_evidence,
}


class Resolution:
    """`/v1/customer/disputes`."""

    def __init__(self, background: Background, performer: Performer, written: wire.Wire) -> None:
        self._account = background.account
        self._performer = performer
        self._wire = written

    def add_to(self, router: web.UrlDispatcher) -> None:
        router.add_get(_ROOT, self._list)
        router.add_get(f"{_ROOT}/{{id}}", self._show)
        for name, act in _ACTS.items():
            router.add_post(f"{_ROOT}/{{id}}/{name}", self._do(act))

    async def _list(self, request: web.Request) -> web.StreamResponse:
        def answer() -> web.Response:
            capture = request.query.get("disputed_transaction_id")
            state = request.query.get("dispute_state")
            found = [
                render_disputes.summary(self._account, each)
                for each in self._account.disputes.values()
                if capture in {None, each.capture} and state in {None, render_disputes.state(each)}
            ]
            links = [{"href": f"{wire.origin(request)}{_ROOT}", "rel": "self", "method": "GET"}]
            return self._wire.json(200, {"items": found, "links": links})

        return await self._performer.answer(request, "list", answer)

    async def _show(self, request: web.Request) -> web.StreamResponse:
        def answer() -> web.Response:
            dispute = self._account.dispute(request.match_info["id"])
            return self._wire.json(200, render_disputes.full(self._account, dispute))

        return await self._performer.answer(request, "retrieve", answer)

    def _do(self, act: _Act) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.StreamResponse:
            given = await _read(request)

            def do(work: Work) -> web.Response:
                dispute = act(work, self._account.dispute(request.match_info["id"]), given)
                return self._wire.json(200, {"links": [render_disputes.links(self._account, dispute)[0]]})

            return await self._performer.change(request, "dispute", do)

        return handle


async def _read(request: web.Request) -> Given:
    """The body: JSON, or a form whose field `input` is that, with files beside it."""
    malformed = "MALFORMED_REQUEST_JSON"
    if request.content_type != "multipart/form-data":
        return Given.parse(await request.read(), malformed=malformed)
    form = await request.post()
    told = form.get("input", "{}")
    body = told.file.read() if isinstance(told, web.FileField) else told
    return Given.parse(body.encode() if isinstance(body, str) else bytes(body), malformed=malformed)
