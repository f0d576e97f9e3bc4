"""What the documents say of the code is so: tables, links, and a page for each room."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bookingd.messages.catalogue import CATALOGUE, ENTRIES, Entry, Kind
from bookingd.wiring.actors import topology

ROOT = Path(__file__).parent.parent

ROOMS = (
    *("actors", "handlers", "sql", "tests", "config", "bookingd"),
    *(
        f"bookingd/{room}"
        for room in (
            "domain",
            "messages",
            "results",
            "places",
            "actor",
            "bus",
            "storage",
            "security",
            "suppliers",
            "gateways",
        )
    ),
    *(f"bookingd/{room}" for room in ("channels", "sandbox", "wiring", "cli")),
)


def test_the_table_of_messages_is_the_catalogue() -> None:
    told = list(_rows((ROOT / "docs/architecture.md").read_text(), "| message | kind |"))

    assert [(name, kind, to, lane) for name, kind, _, to, lane in told] == [_row(entry) for entry in ENTRIES]


def test_whoever_sends_a_message_is_an_actor_or_http() -> None:
    senders = {actor for entry in ENTRIES for actor in _actors(entry)} | {"HTTP"}

    told = list(_rows((ROOT / "docs/architecture.md").read_text(), "| message | kind |"))

    assert [sender for _, _, sender, _, _ in told if not set(_names(sender)) <= senders] == []


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_says_what_lives_there(room: str) -> None:
    page = (ROOT / room / "README.md").read_text()

    assert {"## One more", "## To imitate"} <= set(page.splitlines())
    assert len(page.splitlines()) <= 60


def test_the_tests_that_answer_stories_are_there() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "tests/STORIES.md").read_text())

    assert named
    assert [one for one in named if f"def {one[1]}(" not in (ROOT / one[0]).read_text()] == []


def test_what_the_documents_name_is_there() -> None:
    pages = [ROOT / "docs/architecture.md", *(ROOT / room / "README.md" for room in ROOMS)]

    lost = [f"{page.relative_to(ROOT)}: {name}" for page in pages for name in _lost(page)]

    assert lost == []


def _row(entry: Entry) -> tuple[str, str, str, str]:
    durable = entry.kind in {Kind.COMMAND, Kind.EVENT}
    return f"`{entry.name}`", entry.kind.value, _to(entry), entry.lane.value if durable else "-"


def _to(entry: Entry) -> str:
    match entry.kind:
        case Kind.EVENT:
            return ", ".join(sorted(_actors(entry))) or "nobody yet"
        case Kind.NOTICE:
            return "whoever watches"
    return entry.owner or ""


def _actors(entry: Entry) -> frozenset[str]:
    if entry.owner:
        return frozenset({entry.owner})
    return topology(CATALOGUE).subscribers.get(entry.name, frozenset())


def _names(sender: str) -> Iterator[str]:
    """`HTTP: a webhook; payment, as a timer` names HTTP and payment."""
    for one in sender.split(";"):
        yield re.split(r"[:,]", one)[0].strip()


def _rows(page: str, header: str) -> Iterator[list[str]]:
    """The cells of the table below the line that begins with `header`."""
    lines = iter(page.splitlines())
    for line in lines:
        if line.startswith(header):
            break
    next(lines)
    for line in lines:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split("|")]


def _lost(page: Path) -> Iterator[str]:
    """Links that lead nowhere, and files named from the root that are not there."""
    text = page.read_text()
    for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text):
        if not (page.parent / target).exists():
            yield target
    for name in re.findall(r"`((?:actors|bookingd|handlers|sql|tests|config|docs)/[\w./-]+)`", text):
        if not (ROOT / name).exists():
            yield name
