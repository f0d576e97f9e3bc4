"""The log's lines: one an event whatever it tells of, in UTC, with the whole correlation id."""

import json
import logging
import sys
from collections.abc import Iterator
from uuid import UUID

import pytest

from bookingd.telemetry.context import Handling, correlation, handling
from bookingd.telemetry.logging import Context, JsonLines, TextLines, configure

AN_HOUR_IN_2026 = 1795345200.25


def record(message: str, *details: object, error: BaseException | None = None) -> logging.LogRecord:
    trace = (type(error), error, error.__traceback__) if error else None
    made = logging.LogRecord("bookingd.x", logging.INFO, "x.py", 1, message, details, trace)
    made.created = AN_HOUR_IN_2026
    return made


@pytest.mark.parametrize(
    ("sent", "written"),
    [
        ("a\n2026-11-22 ERROR forged", r"a\x0a2026-11-22 ERROR forged"),
        ("a\r\nb", r"a\x0d\x0ab"),
        ("\x1b[31mred\x00\x7f", r"\x1b[31mred\x00\x7f"),
        ("\x9b31m\x85", r"\x9b31m\x85"),
        ("a\u2028b\u202ec", r"a\u2028b\u202ec"),
        ("Zoë Łukasz 東京", "Zoë Łukasz 東京"),
    ],
)
def test_what_is_sent_to_us_neither_begins_a_line_nor_commands_a_terminal(sent: str, written: str) -> None:
    line = TextLines().format(record("GET %s", sent))

    assert line.endswith(f"] GET {written}")
    assert len(line.splitlines()) == 1


def test_a_trace_is_indented_so_that_none_of_its_lines_looks_like_an_event() -> None:
    try:
        raise ValueError("x\n2026-11-22T00:00:00.000+00:00 ERROR forged \x1b[31m")
    except ValueError as error:
        first, *trace = TextLines().format(record("failed", error=error)).splitlines()

    assert first.endswith("failed")
    assert trace
    assert all(line.startswith("    ") for line in trace)
    assert "\x1b" not in "".join(trace)


def test_the_time_is_told_in_utc_and_says_so() -> None:
    assert TextLines().format(record("x")).startswith("2026-11-22T11:00:00.250+00:00 INFO ")


@pytest.fixture
def fresh_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    root.handlers.clear()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_line_has_the_whole_correlation_id(
    fresh_logging: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first digits of a UUIDv7 are the minute: half of it tells two requests apart."""
    whole = UUID("01990000-0000-7000-8000-00000000beef")
    configure(level="info", style="text", instance="bookingd at host7 (4711)")
    logging.getLogger().handlers[0].setStream(sys.stderr)  # type: ignore[attr-defined]
    mark = correlation.set(whole)
    try:
        logging.getLogger("bookingd.x").info("hello")
    finally:
        correlation.reset(mark)

    assert f"[{whole}] hello" in capsys.readouterr().err


def as_json(made: logging.LogRecord) -> dict[str, object]:
    Context().filter(made)
    told: dict[str, object] = json.loads(JsonLines("bookingd at host7 (4711)").format(made))
    return told


def test_a_json_line_names_the_process_and_the_actor_and_message_that_it_is_about() -> None:
    mark = handling.set(Handling("booking", "booking.place"))
    try:
        told = as_json(record("done in %d ms", 12))
    finally:
        handling.reset(mark)

    assert told == {
        "at": "2026-11-22T11:00:00.250+00:00",
        "message": "done in 12 ms",
        "level": "info",
        "logger": "bookingd.x",
        "correlation_id": "-",
        "instance": "bookingd at host7 (4711)",
        "actor": "booking",
        "message_name": "booking.place",
    }


def test_a_json_line_of_the_houses_own_work_names_no_actor() -> None:
    assert {"actor", "message_name", "trace"}.isdisjoint(as_json(record("ready")))


def test_half_of_a_surrogate_pair_costs_no_line() -> None:
    assert as_json(record("name %s", "\ud800"))["message"] == "name \ud800"
