"""Files of exchange rates as the European Central Bank publishes them, read into sheets or refused.

The one rule: all of a file or nothing of it. A file that is not whole, not plausible or not bounded is
refused with the line and the element at fault. No document type is taken: there is no entity to expand.

Sources: www.ecb.europa.eu/stats/eurofxref (eurofxref-daily.xml, -hist-90d.xml, -hist.xml; eurofxref.csv and
eurofxref-hist.csv, which come in a zip file).
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from xml.parsers import expat

from bookingd.domain.exchange import EURO, RateSheet
from bookingd.domain.money import EXPONENTS

MOST_BYTES = 32 * 1024 * 1024
"""The whole history since 1999 is some 8 MB."""

GONE = frozenset("BGN CYP EEK HRK LTL LVL MTL ROL SIT SKK TRL".split())
"""Currencies of the history that are no more: nothing can be sold in them, and their rates are left out."""

UNNAMED = "not named in the file"
"""The source of a CSV file, which names none."""

LONGEST_SOURCE = 100

_RATE = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SPOKEN_DAY = re.compile(r"([0-9]{1,2}) ([A-Z][a-z]+) ([0-9]{4})")
_MONTHS = "January February March April May June July August September October November December".split()
_NOT_AVAILABLE = "N/A"
_ZIP = b"PK\x03\x04"


class BadRates(ValueError):
    """A file is not one of rates; `line` counts from 1, and `element` is what stands there."""

    def __init__(self, complaint: str, *, line: int | None = None, element: str = "") -> None:
        self.complaint = complaint
        self.line = line
        self.element = element
        where = f"line {line}" if line else ""
        super().__init__(": ".join(filter(None, (", ".join(filter(None, (where, element))), complaint))))


@dataclass(frozen=True, slots=True, kw_only=True)
class RateFile:
    """What a file says: at least one sheet, the oldest first, none twice."""

    sheets: Sequence[RateSheet]
    left_out: tuple[str, ...]
    """Currencies that are no more."""


def read(content: bytes, *, today: date) -> RateFile:
    """The sheets of a file. Raises BadRates."""
    if len(content) > MOST_BYTES:
        raise BadRates(f"the file is larger than {MOST_BYTES // 1024**2} MiB")
    if content.startswith(_ZIP):
        raise BadRates("this is a zip file: unpack it, and import the file that is in it")
    if not content.strip():
        raise BadRates("the file is empty")
    begin = content.lstrip(b"\xef\xbb\xbf \t\r\n")
    found = _xml(content) if begin.startswith(b"<") else _csv(content)
    return found.whole(today)


@dataclass(slots=True)
class _Found:
    """What has been read so far."""

    source: str = UNNAMED
    days: dict[date, dict[str, Decimal]] = field(default_factory=dict)
    lines: dict[date, int] = field(default_factory=dict)
    left_out: set[str] = field(default_factory=set)

    def begin(self, text: str, *, line: int, element: str) -> dict[str, Decimal]:
        """A new sheet."""
        day = _day(text, line, element)
        if day in self.days:
            raise BadRates(f"{day} is there twice", line=line, element=element)
        self.lines[day] = line
        return self.days.setdefault(day, {})

    def add(self, sheet: dict[str, Decimal], code: str, text: str, *, line: int, element: str) -> None:
        """A rate of the sheet."""
        if code in sheet:
            raise BadRates(f"{code} is there twice on one day", line=line, element=element)
        rate = _rate(text, line, element)
        if code in GONE:
            self.left_out.add(code)
        elif code == EURO:
            raise BadRates("the euro has no rate against itself", line=line, element=element)
        elif code not in EXPONENTS:
            raise BadRates(f"{code!r} is no currency (ISO 4217)", line=line, element=element)
        else:
            sheet[code] = rate

    def whole(self, today: date) -> RateFile:
        """The file. Raises BadRates where something is missing or cannot be."""
        if not self.days:
            raise BadRates("there are no rates in this file")
        for day, rates in self.days.items():
            if not rates:
                raise BadRates(f"there are no rates of {day}", line=self.lines[day])
            if day > today:
                raise BadRates(f"{day} is yet to come; today is {today} (UTC)", line=self.lines[day])
        sheets = [
            RateSheet(day=day, source=self.source, rates=dict(sorted(rates.items())))
            for day, rates in sorted(self.days.items())
        ]
        return RateFile(sheets=sheets, left_out=tuple(sorted(self.left_out)))


def _day(text: str, line: int, element: str) -> date:
    spoken = _SPOKEN_DAY.fullmatch(text)
    try:
        if spoken and spoken[2] in _MONTHS:
            return date(int(spoken[3]), _MONTHS.index(spoken[2]) + 1, int(spoken[1]))
        if _ISO_DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError as error:
        raise BadRates(f"{text!r} is no day: {error}", line=line, element=element) from error
    raise BadRates(f"{text[:40]!r} is no day as 2026-11-27", line=line, element=element)


def _rate(text: str, line: int, element: str) -> Decimal:
    rate = Decimal(text) if _RATE.fullmatch(text) else None
    if not rate:
        complaint = f"{text[:40]!r} is no rate: a number above zero, as 1.0876"
        raise BadRates(complaint, line=line, element=element)
    return rate


class _Document:
    """An XML file as expat tells of it, element by element."""

    def __init__(self) -> None:
        self.found = _Found()
        self._sheet: dict[str, Decimal] | None = None
        self._cubes = 0
        self._root = ""
        self._sender = False
        self._name: list[str] | None = None
        self._parser = parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text

    def read(self, content: bytes) -> _Found:
        try:
            self._parser.Parse(content, True)
        except expat.ExpatError as error:
            raise BadRates(
                f"this is no whole XML: {expat.ErrorString(error.code)}", line=error.lineno
            ) from error
        except LookupError as error:
            raise BadRates(f"this is no XML that we read: {error}", line=1) from error
        return self.found

    @property
    def _line(self) -> int:
        return self._parser.CurrentLineNumber

    def _doctype(self, *_: object) -> None:
        raise BadRates("no document type is taken", line=self._line, element="<!DOCTYPE>")

    def _start(self, name: str, given: Mapping[str, str]) -> None:
        local = name.rpartition(" ")[2]
        if not self._root:
            self._root = local
            if local != "Envelope":
                complaint = "rates of the ECB are in a <gesmes:Envelope>"
                raise BadRates(complaint, line=self._line, element=f"<{local[:40]}>")
        if local == "Sender":
            self._sender = True
        elif local == "name" and self._sender:
            self._name = []
        elif local == "Cube":
            self._cube(given)

    def _cube(self, given: Mapping[str, str]) -> None:
        self._cubes += 1
        line, element = self._line, _shown("Cube", given)
        if "time" in given:
            self._sheet = self.found.begin(given["time"], line=line, element=element)
        elif "currency" in given or "rate" in given:
            if self._sheet is None:
                raise BadRates("this rate has no day", line=line, element=element)
            for name in ("currency", "rate"):
                if name not in given:
                    raise BadRates(f"this has no {name}", line=line, element=element)
            self.found.add(self._sheet, given["currency"], given["rate"], line=line, element=element)

    def _end(self, name: str) -> None:
        local = name.rpartition(" ")[2]
        if local == "name" and self._name is not None:
            self.found.source = " ".join("".join(self._name).split())[:LONGEST_SOURCE] or UNNAMED
            self._name = None
        elif local == "Sender":
            self._sender = False

    def _text(self, text: str) -> None:
        if self._name is not None:
            self._name.append(text)


def _shown(name: str, given: Mapping[str, str]) -> str:
    return f"<{' '.join([name, *(f'{key}={value[:40]!r}' for key, value in given.items())])}>"


def _xml(content: bytes) -> _Found:
    return _Document().read(content)


def _csv(content: bytes) -> _Found:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadRates("this is neither XML nor text in UTF-8", line=line) from error
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        return _rows(rows, rows_at=lambda: rows.line_num)
    except csv.Error as error:
        raise BadRates(f"this is no CSV: {error}", line=rows.line_num) from error


def _rows(rows: Iterable[list[str]], *, rows_at: Callable[[], int]) -> _Found:
    found, heads = _Found(), list[str]()
    for row in rows:
        line, cells = rows_at(), [cell.strip() for cell in row]
        while cells and not cells[-1]:  # the ECB ends each line with a comma
            cells.pop()
        if not cells:
            continue
        if not heads:
            heads = _heads(cells, line)
            continue
        if len(cells) != len(heads):
            complaint = f"there are {len(cells)} values under {len(heads)} headings"
            raise BadRates(complaint, line=line)
        sheet = found.begin(cells[0], line=line, element="Date")
        for code, value in zip(heads[1:], cells[1:], strict=True):
            if value != _NOT_AVAILABLE:
                found.add(sheet, code, value, line=line, element=code)
    return found


def _heads(cells: list[str], line: int) -> list[str]:
    if cells[0] != "Date":
        complaint = "this is neither the XML nor the CSV of the ECB, which begins with Date,USD,JPY"
        raise BadRates(complaint, line=line, element=repr(cells[0][:40]))
    twice = [code for code, count in Counter(cells).items() if count > 1]
    if twice:
        raise BadRates("this heading is there twice", line=line, element=twice[0])
    return cells
