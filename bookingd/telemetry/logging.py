"""The process's log on standard error: one line an event, as text for eyes or JSON for programs.

Each line names the user action that it belongs to (the correlation id), if it belongs to one. What was sent
to us never begins a line nor commands a terminal: control characters are written as escapes.
"""

import logging
import sys
from datetime import UTC, datetime

import msgspec

from bookingd.telemetry.context import correlation


class _Correlate(logging.Filter):
    """Puts the correlation id on each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        current = correlation.get()
        record.correlation = str(current) if current else "-"
        return True


_CONTROL = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))} | {
    code: f"\\u{code:04x}" for code in (0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}
"""The C0 and C1 sets, what else ends a line, and what turns the direction of writing."""


def _at(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


class TextLines(logging.Formatter):
    """One line an event; the lines of a trace follow it, indented."""

    def format(self, record: logging.LogRecord) -> str:
        said = record.getMessage().translate(_CONTROL)
        correlated = getattr(record, "correlation", "-")
        line = f"{_at(record)} {record.levelname:<7} {record.name} [{correlated}] {said}"
        if not record.exc_info:
            return line
        trace = self.formatException(record.exc_info).split("\n")
        return "\n".join([line, *(f"    {part.translate(_CONTROL)}" for part in trace)])


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        said = {
            "at": _at(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "correlation_id": getattr(record, "correlation", "-"),
        }
        if record.exc_info:
            said["trace"] = self.formatException(record.exc_info)
        return msgspec.json.encode(said).decode()


def configure(*, level: str, style: str) -> None:
    """Send everything at `level` and above to standard error; `style` is `text` or `json`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_Correlate())
    handler.setFormatter(JsonLines() if style == "json" else TextLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for chatty in ("asyncio", "aiohttp.access", "stripe"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))
