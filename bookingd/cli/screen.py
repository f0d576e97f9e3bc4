"""What several commands print, for eyes and for programs.

The one rule: what was sent to us never commands a terminal. Whatever came from outside goes through `shown`
before it is printed; JSON escapes it by itself.
"""

import json
import re
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from rich.console import Console, Group, JustifyMethod, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

WIDE = 120
"""Columns from which on a table has room for a sentence beside its other columns."""

PIPED = 200
"""Columns where nobody looks: each entry stays on its line."""

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""The C0 and C1 sets but the end of a line, and what turns the direction of writing."""

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def width() -> int:
    """Columns of standard output: $COLUMNS, the terminal's, or PIPED."""
    return shutil.get_terminal_size(fallback=(PIPED, 50)).columns


def put(page: RenderableType) -> None:
    """Print on standard output: plain, and without spaces at the ends of lines, where that is no terminal."""
    console = Console(highlight=False, markup=False, emoji=False, width=width())
    if console.is_terminal:
        console.print(page)
        return
    with console.capture() as captured:
        console.print(page)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def shown(text: str, style: str = "") -> Text:
    """`text` with its control characters written out; ends of lines stay."""
    return Text(_CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text), style=style)


def one_line(text: str) -> str:
    """The same without ends of lines, for a cell."""
    return " ".join(text.split())


def listing(*headings: str) -> Table:
    """A table without lines; a heading that ends in > is of numbers, the last column takes what is left."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for place, heading in enumerate(headings, start=1):
        name = heading.removesuffix(">")
        justify: JustifyMethod = "left" if name == heading else "right"
        table.add_column(name, justify=justify, overflow="fold", no_wrap=place < len(headings))
    return table


def noted(
    headings: Sequence[str], rows: Sequence[Sequence[str]], notes: Sequence[str], *, note: str
) -> Group:
    """Rows with a sentence each: in a last column named `note` where there is room, else below the row."""
    told = [shown(one_line(said)) for said in notes]
    if width() >= WIDE:
        table = listing(*headings, note)
        for row, said in zip(rows, told, strict=True):
            table.add_row(*map(shown, row), said)
        return Group(table)
    sizes = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    parts: list[RenderableType] = [_padded(headings, sizes, "dim")]
    for row, said in zip(rows, told, strict=True):
        parts.append(_padded(row, sizes))
        if said:
            parts.append(Padding(said, (0, 0, 0, 4)))
    return Group(*parts)


def _padded(cells: Sequence[str], sizes: Sequence[int], style: str = "") -> Text:
    return shown("  ".join(cell.ljust(size) for cell, size in zip(cells, sizes, strict=True)).rstrip(), style)


def part(title: str, *content: RenderableType) -> Group:
    """A part of a page, with an empty line below."""
    return Group(Text(title, style="bold"), Padding(Group(*content), (0, 0, 1, 2)))


def span(duration: timedelta) -> str:
    """A duration in its two largest units: `3 s`, `4 min 10 s`, `2 d 5 h`."""
    left = max(int(duration.total_seconds()), 0)
    parts: list[tuple[int, str]] = []
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        if count or parts:
            parts.append((count, unit))
    told = [f"{count} {unit}" for count, unit in parts[:2] if count]
    return " ".join(told) or "0 s"


def moment(at: datetime) -> str:
    """A time in UTC to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def stamp(at: datetime | None) -> str | None:
    """The same for programs, whole (RFC 3339)."""
    return None if at is None else at.astimezone(UTC).isoformat()


def print_json(data: object) -> None:
    """One JSON value on standard output."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))


def facts(rows: Sequence[tuple[str, Any]]) -> Table:
    """Names and what they are, one a line; what is None or empty is left out."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        if value not in (None, ""):
            table.add_row(name, value if isinstance(value, Text) else shown(str(value)))
    return table
