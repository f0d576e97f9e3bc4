"""The pages behind the links of our mails, for people without a script, and the same for programs.

The one rule: to follow a link does nothing, since mail servers follow links too. The page has a form, and to
send that is what counts. A link that is used, too old, forged, or for something else gets one answer.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import parse_qs
from uuid import UUID

from aiohttp import web
from marshmallow import Schema

from bookingd.domain.ids import ProofId
from bookingd.security.links import PAGES
from bookingd.security.passwords import MAX_CHARACTERS, TooManyPasswords
from bookingd.storage import proofs
from bookingd.storage.proofs import Proof, ProofPurpose
from handlers.bodies import form_body, is_form, json_body, read_body
from handlers.errors import Problem, problem_of
from handlers.pages import page
from handlers.parts import PARTS
from handlers.principals import read_token
from handlers.returns import Words

TEMPLATE = "account_link.html"

FORM_BYTES = 4096
"""In which the token of a form is looked for, when the rest was not right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What the page of a link asks for. Without a `label` it asks for no password."""

    heading: str
    told: str
    advice: str
    button: str
    label: str = ""
    new_password: bool = False
    """Whether the password is being chosen, for the browser's keeper of passwords."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a link has done: the answer to programs, and what people read."""

    answer: web.Response
    words: Words


FormOf: TypeAlias = Callable[[Proof], Form]
Work: TypeAlias = Callable[[web.Request, Mapping[str, Any]], Awaitable[Done]]

SPENT = Words(
    heading="This link is not good any more",
    told="It was used, its time is over, or a part of it is missing.",
    advice="Nothing was changed. Ask for a new one where you asked for this one.",
    tone="bad",
)


def link_spent() -> Problem:
    """The one answer for every link that is not good."""
    return Problem("link-spent", "It was used, its time is over, or it is not one of ours.")


async def good_proof(request: web.Request, token: str, purpose: ProofPurpose) -> Proof:
    """What the token of a link stands for. Raises Problem."""
    parts = request.app[PARTS]
    read = read_token(request, token, PAGES[purpose][0])
    if read is None:
        raise link_spent()
    async with parts.database.connection() as connection:
        proof = await proofs.find(connection, proof_id=ProofId(UUID(read.subject)))
    if proof is None or proof.purpose is not purpose or not proof.good(parts.sources.clock.now()):
        raise link_spent()
    return proof


async def shown(request: web.Request, purpose: ProofPurpose, form_of: FormOf) -> web.Response:
    """The page that the link leads to. Nothing is changed by it."""
    token = request.query.get("token", "")
    try:
        proof = await good_proof(request, token, purpose)
    except Problem as problem:
        return _words_page(request, SPENT, status=problem.kind.status)
    return _form_page(request, form_of(proof), proof, token)


async def answered(
    request: web.Request, purpose: ProofPurpose, of: type[Schema], *, form_of: FormOf, work: Work
) -> web.Response:
    """Do what is asked for by a program, or by the form of the page; each gets its kind of answer."""
    if not is_form(request):
        asked, _ = await json_body(request, of)
        return (await work(request, asked)).answer
    body = await read_body(request)
    try:
        done = await work(request, await form_body(request, of))
    except (Problem, TooManyPasswords) as error:
        token = parse_qs(body[:FORM_BYTES].decode(errors="replace")).get("token", [""])[0]
        return await _again(request, purpose, form_of, token, problem_of(error))
    shown_page = _words_page(request, done.words)
    for name, cookie in done.answer.cookies.items():
        shown_page.cookies[name] = cookie
    return shown_page


async def _again(
    request: web.Request, purpose: ProofPurpose, form_of: FormOf, token: str, problem: Problem
) -> web.Response:
    """The form with what was not right; or that the link is good for nothing."""
    try:
        proof = await good_proof(request, token, purpose)
    except Problem as spent:
        return _words_page(request, SPENT, status=spent.kind.status)
    response = _form_page(request, form_of(proof), proof, token, problem=problem)
    response.headers.update(problem.headers)
    return response


def _form_page(
    request: web.Request, form: Form, proof: Proof, token: str, *, problem: Problem | None = None
) -> web.Response:
    path = PAGES[proof.purpose][1]
    return page(
        request,
        TEMPLATE,
        title=form.heading,
        values={
            "words": form,
            "tone": "wait",
            "form": form,
            "action": f"{request.app[PARTS].public_url}{path}",
            "token": token,
            "address": proof.address,
            "mistake": _sentence(problem) if problem else "",
            "longest": MAX_CHARACTERS,
        },
        form=True,
        status=problem.kind.status if problem else 200,
    )


def _words_page(request: web.Request, words: Words, *, status: int = 200) -> web.Response:
    values = {"words": words, "tone": words.tone, "form": None}
    return page(request, TEMPLATE, title=words.heading, values=values, status=status)


def _sentence(problem: Problem) -> str:
    told = (part for error in problem.errors for part in (error.message, error.hint) if part)
    return " ".join(told) or problem.detail
