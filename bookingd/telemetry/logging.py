"""The process's log on standard error: one line an event, as text for eyes or JSON for programs.

Each line names the user action that it belongs to (the correlation id), if it belongs to one.
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


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        said = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
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
    text = "%(asctime)s %(levelname)-7s %(name)s [%(correlation).8s] %(message)s"
    handler.setFormatter(JsonLines() if style == "json" else logging.Formatter(text))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for chatty in ("asyncio", "aiohttp.access", "stripe"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))
