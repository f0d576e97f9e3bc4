"""How dead letters are printed: as lists and pages for eyes, as values for programs."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from bookingd.cli.screen import facts, moment, noted, shown, span, stamp
from bookingd.storage.dead_letters import KeptLetter

UNREADABLE = "(unreadable)"
"""Stands for the name of what is no message."""

HEADINGS = ("ID", "Died", "Actor", "Message")

SAMPLE = 4096
"""Bytes that are shown of what cannot be read; --json has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a letter, or would become."""

    id: UUID
    became: str
    """`replayed`, `dropped`, `refused` (see why), or `gone`: somebody else was first, or it never was."""
    letter: KeptLetter | None = None
    why: str | None = None

    @property
    def done(self) -> bool:
        return self.letter is not None

    def data(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "became": self.became,
            "why": self.why,
            "actor": self.letter.actor if self.letter else None,
            "message": self.letter.name if self.letter else None,
        }


def list_page(letters: Sequence[KeptLetter], *, count: int, now: datetime) -> RenderableType:
    """The letters, the reason beside each where there is room for it, else below."""
    if not letters:
        return Text("No dead letters.")
    rows = [
        (str(letter.id), f"{span(now - letter.died_at)} ago", letter.actor, letter.name or UNREADABLE)
        for letter in letters
    ]
    reasons = [letter.reason for letter in letters]
    return Group(noted(HEADINGS, rows, reasons, note="Reason"), _footer(len(letters), count))


def _footer(here: int, count: int) -> Text:
    many = "1 dead letter" if count == 1 else f"{count:,} dead letters"
    told = many if here == count else f"the newest {here:,} of {many}"
    return Text(f"\n{told}. Look at one: bookingd dead-letters show ID", style="dim")


def letter_page(letter: KeptLetter) -> RenderableType:
    """A letter whole."""
    return Group(
        facts(_facts(letter)),
        Text("\nMessage", style="bold"),
        Padding(_body(letter), (0, 0, 0, 2)),
        *([Text("\nTrace", style="bold"), shown(letter.trace.rstrip())] if letter.trace else []),
    )


def _facts(letter: KeptLetter) -> list[tuple[str, Any]]:
    envelope = letter.envelope
    about = [
        ("letter", letter.id),
        ("actor", letter.actor),
        ("message", letter.name or UNREADABLE),
        ("reason", letter.reason),
        ("died", f"{moment(letter.died_at)} UTC, at attempt {letter.attempts or '-'}"),
    ]
    if envelope is None:
        return about
    return [
        *about,
        ("sent", f"{moment(envelope.sent_at)} UTC"),
        ("on behalf of", envelope.principal),
        ("message id", envelope.id),
        ("caused by", envelope.causation_id),
        ("correlation", envelope.correlation_id),
    ]


def _body(letter: KeptLetter) -> Text:
    if letter.envelope is None:
        sample = letter.raw[:SAMPLE]
        more = f"\n… {len(letter.raw) - SAMPLE:,} bytes more: --json" if len(letter.raw) > SAMPLE else ""
        return shown(f"{len(letter.raw):,} bytes, no message of ours:\n{ascii(sample)[1:]}{more}")
    body = _json(bytes(letter.envelope.body))
    return shown(body if isinstance(body, str) else json.dumps(body, indent=2, ensure_ascii=False))


def _json(raw: bytes) -> Any:
    """The value, or the text as it is where it is none."""
    text = raw.decode(errors="replace")
    try:
        return json.loads(text)
    except ValueError:
        return text


def letter_data(letter: KeptLetter, *, whole: bool = False) -> dict[str, Any]:
    """A letter for programs; `whole` with what may be personal: message and trace."""
    envelope = letter.envelope
    data: dict[str, Any] = {
        "id": str(letter.id),
        "actor": letter.actor,
        "message": letter.name,
        "reason": letter.reason,
        "attempts": letter.attempts,
        "died_at": stamp(letter.died_at),
        "readable": envelope is not None,
    }
    if not whole:
        return data
    return data | {
        "trace": letter.trace,
        "envelope": _json(letter.raw) if envelope else None,
        "payload_base64": None if envelope else base64.b64encode(letter.raw).decode(),
    }


def outcomes_page(outcomes: Sequence[Outcome], *, dry_run: bool) -> RenderableType:
    """A line a letter, why one was refused below it, and how many ended in which way."""
    if not outcomes:
        return Text("No such dead letters: nothing to do.")
    words = [_word(outcome, dry_run=dry_run) for outcome in outcomes]
    parts: list[RenderableType] = []
    for outcome, word in zip(outcomes, words, strict=True):
        line = f"{word:<{max(map(len, words))}}  {outcome.id}  {_what(outcome)}"
        parts.append(shown(line.rstrip(), "" if outcome.done else "yellow"))
        if outcome.why:
            parts.append(Padding(shown(outcome.why), (0, 0, 0, 4)))
    told = ", ".join(f"{words.count(word):,} {word}" for word in dict.fromkeys(words))
    end = ". Nothing was changed." if dry_run else "."
    return Group(*parts, Text(f"\n{told}{end}", style="dim"))


def _what(outcome: Outcome) -> str:
    if outcome.letter is None:
        return ""
    name = outcome.letter.name or UNREADABLE
    return f"{name} to {outcome.letter.actor}" if outcome.became == "replayed" else name


def _word(outcome: Outcome, *, dry_run: bool) -> str:
    would = {"replayed": "would replay", "dropped": "would drop", "refused": "would refuse"}
    return would.get(outcome.became, outcome.became) if dry_run else outcome.became
