"""The way back to a booking as pages, for a browser without any script: an address, a code, the booking.

The one rule: they look the same whether or not there is such a booking. What a page says follows from what
was typed and from nothing else; every step that came about sends the browser on, and only ever to the next
page of the same booking.
"""

from datetime import timedelta

from aiohttp import hdrs, web

from bookingd.domain.ids import Reference
from bookingd.domain.references import parse_reference
from handlers.bodies import form_body
from handlers.cookies import code_cookie_name, forget_code, path_of, set_booking, set_code
from handlers.errors import Problem
from handlers.fields import load_query
from handlers.guests.access import CODE_LIFE, ask, open_by_code, reference_of
from handlers.guests.guest_requests import Again, AskForAccess, CodeForm
from handlers.pages import page
from handlers.parts import PARTS
from handlers.principals import LINK
from handlers.requests import schema

HERE = "access-page"
"""Below the booking's address."""

AGAIN = "again"
"""The query parameter of whoever wants another code."""

NO_LINK = "This link does not open the booking, or not any more."
NO_CODE = "This is not the code, or it was used, or it is too old. Look at it again, or ask for another one."
TOLD = frozenset({"invalid-fields", "access-refused", "too-many-attempts"})
"""Problems that whoever fills in a form can do something about."""


def way_in(request: web.Request) -> web.Response:
    """What a browser is shown that may not see the booking of the address, or asks for one that is not there.

    404 like the JSON, so that programs, caches and indexes take it for what it is.
    """
    reference = parse_reference(request.match_info["reference"])
    if reference is None:
        return _page(request, "reference", None, heading="There is no such booking", status=404)
    wrong = NO_LINK if LINK in request.query else ""
    shown = _page(request, "email", reference, wrong=wrong, status=404)
    shown.headers[hdrs.VARY] = hdrs.ACCEPT
    return shown


async def access_page(request: web.Request) -> web.Response:
    """Where the code is typed in; where none was asked for, the address."""
    load_query(schema(Again), request.query)
    asked = code_cookie_name(request.app[PARTS]) in request.cookies and AGAIN not in request.query
    return _page(request, "code" if asked else "email", reference_of(request))


async def ask_by_form(request: web.Request) -> web.Response:
    """Have a code sent, and go on to where it is typed in."""
    reference, parts = reference_of(request), request.app[PARTS]
    try:
        asked = await form_body(request, AskForAccess)
        access = (await ask(request, reference, asked["email"])).access
    except Problem as problem:
        return _page_again(request, "email", reference, problem)
    answer = _go_on(f"{path_of(parts, reference)}/{HERE}")
    set_code(answer, parts, reference, access)
    return answer


async def show_code_by_form(request: web.Request) -> web.Response:
    """Open the booking, and go on to its page."""
    reference, parts = reference_of(request), request.app[PARTS]
    try:
        shown = await form_body(request, CodeForm)
        access = request.cookies.get(code_cookie_name(parts), "")
        opened = await open_by_code(request, reference, {"access": access, **shown})
    except Problem as problem:
        return _page_again(request, "code", reference, problem)
    answer = _go_on(path_of(parts, reference))
    set_booking(answer, parts, reference, opened.token)
    forget_code(answer, parts, reference)
    return answer


def _page_again(request: web.Request, step: str, reference: Reference, problem: Problem) -> web.Response:
    """The same page, saying what was not right. Raises the problem where no form of ours can be mended."""
    if problem.kind.slug not in TOLD:
        raise problem
    wrong = " ".join(error.message for error in problem.errors) or problem.detail
    if problem.kind.slug == "access-refused":
        wrong = NO_CODE
    shown = _page(request, step, reference, wrong=wrong, status=problem.kind.status)
    shown.headers.update(problem.headers)
    return shown


def _page(
    request: web.Request,
    step: str,
    reference: Reference | None,
    *,
    heading: str = "Open your booking",
    wrong: str = "",
    status: int = 200,
) -> web.Response:
    here = f"{path_of(request.app[PARTS], reference)}/{HERE}" if reference else ""
    values = {
        "step": step,
        "heading": heading,
        "reference": reference or "",
        "wrong": wrong,
        "email_action": here,
        "code_action": f"{here}/confirmations",
        "again_at": f"{here}?{AGAIN}=yes",
        "minutes": CODE_LIFE // timedelta(minutes=1),
    }
    title = f"{heading} - {reference}" if reference else heading
    return page(request, "access.html", title=title, values=values, status=status, form=True)


def _go_on(path: str) -> web.Response:
    """To another page of ours, by GET, so that loading it again sends nothing."""
    headers: dict[str, str] = {hdrs.LOCATION: path, "Referrer-Policy": "same-origin"}
    return web.Response(status=303, headers=headers)
