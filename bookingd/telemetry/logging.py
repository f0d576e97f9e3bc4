"""The process's log on standard error: one line an event, as text for eyes or JSON for programs.

Each line names the user action that it belongs to (the correlation id), if it belongs to one, and the actor
and message whose handling it tells of. What was sent to us never begins a line nor commands a terminal:
control characters are written as escapes.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

from bookingd.telemetry.context import correlation, handling

NOBODY = "-"
"""The correlation id of a line that belongs to no user action."""

_LEVELS = {number: name.lower() for name, number in logging.getLevelNamesMapping().items()}


class Context(logging.Filter):
    """Puts on each record what it is about, while that is known: in the task that logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        if not isinstance(record, Line):
            current = correlation.get()
            record.correlation_id = str(current) if current else NOBODY
            record.handling = handling.get()
        return True


class Line(logging.LogRecord):
    """What is told at level "info" of each of thousands of requests a second. Any other record finds out for
    itself what no line tells: of its code, its thread, its process.
    """

    correlation_id: str

    def __init__(self, logger: str, message: str, *said: object, at: datetime, correlation_id: str) -> None:
        self.__dict__.update(
            _UNTOLD,
            name=logger,
            msg=message,
            args=said,
            created=at.timestamp(),
            correlation_id=correlation_id,
            handling=None,
        )


_UNTOLD = vars(logging.LogRecord("", logging.INFO, "", 0, "", (), None))


_CONTROL = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))} | {
    code: f"\\u{code:04x}" for code in (0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}
"""The C0 and C1 sets, what else ends a line, and what turns the direction of writing."""


def _tamed(text: str) -> str:
    """The text with its control characters written as escapes; all of them count as not printable."""
    return text if text.isprintable() else text.translate(_CONTROL)


def at(record: logging.LogRecord) -> str:
    """When, in UTC, to the millisecond."""
    # Rounded to whole microseconds, as datetime does it, before the rest is cut off.
    seconds, milliseconds = divmod(int(record.created * 1000 + 0.0005), 1000)
    return f"{_second(seconds)}.{milliseconds:03}+00:00"


@lru_cache(maxsize=2)
def _second(since_epoch: int) -> str:
    """All lines of a second begin alike."""
    return datetime.fromtimestamp(since_epoch, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def trace_of(record: logging.LogRecord) -> str:
    """The trace of the record's error, or nothing; kept on the record, since more than one may want it."""
    if record.exc_text is None and record.exc_info:
        record.exc_text = _PLAIN.formatException(record.exc_info)
    return record.exc_text or ""


_PLAIN = logging.Formatter()


def fields_of(record: logging.LogRecord, instance: str) -> dict[str, Any]:
    """What a program is told beside time and text, the same wherever it reads it."""
    fields = {
        "level": _LEVELS.get(record.levelno) or record.levelname.lower(),
        "logger": record.name,
        "correlation_id": getattr(record, "correlation_id", NOBODY),
        "instance": instance,
    }
    if (handled := getattr(record, "handling", None)) is not None:
        fields["actor"], fields["message_name"] = handled
    if trace := trace_of(record):
        fields["trace"] = trace
    return fields


class TextLines(logging.Formatter):
    """One line an event; the lines of a trace follow it, indented."""

    def format(self, record: logging.LogRecord) -> str:
        said = _tamed(record.getMessage())
        correlated = getattr(record, "correlation_id", NOBODY)
        line = f"{at(record)} {record.levelname:<7} {record.name} [{correlated}] {said}"
        if not (trace := trace_of(record)):
            return line
        return "\n".join([line, *(f"    {_tamed(part)}" for part in trace.split("\n"))])


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def __init__(self, instance: str) -> None:
        super().__init__()
        self._instance = instance

    def format(self, record: logging.LogRecord) -> str:
        said = {"at": at(record), "message": record.getMessage(), **fields_of(record, self._instance)}
        try:
            return msgspec.json.encode(said).decode()
        except UnicodeEncodeError:  # half of a surrogate pair: UTF-8 has no place for it, an escape has
            return json.dumps(said)


def configure(*, level: str, style: str, instance: str) -> None:
    """Send everything at `level` and above to standard error; `style` is `text` or `json`.

    `instance` tells this process from the others of the installation.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(Context())
    handler.setFormatter(JsonLines(instance) if style == "json" else TextLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # What no line tells need not be found out for each of them (logging's HOWTO, "Optimization").
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001 - the HOWTO's own way; no line tells where in the code it was written
    for chatty in ("asyncio", "aiohttp.access", "stripe"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))
