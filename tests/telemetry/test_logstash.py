"""The log on its way to Logstash: it arrives whole, and nobody who logs waits, whatever Logstash does."""

import asyncio
import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from queue import SimpleQueue
from typing import Any
from uuid import UUID

import pytest

from bookingd.telemetry import logstash
from bookingd.telemetry.context import Handling, correlation, handling
from bookingd.telemetry.logging import JsonLines
from bookingd.telemetry.logstash import Enqueue, Receiver, Shipper, shipping
from bookingd.telemetry.metrics import LogMetrics

ACTION = UUID("01990000-0000-7000-8000-00000000beef")
WITHIN = 20.0
"""Seconds for what takes milliseconds on an idle machine."""

log = logging.getLogger("bookingd.tests.logstash")


@pytest.fixture(autouse=True)
def _log_of_the_test_alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is logged at info reaches the root's handlers, as in a daemon."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.INFO)
    monkeypatch.setattr(logstash, "FIRST_PAUSE", 0.02)
    yield
    root.setLevel(level)


@pytest.fixture
def metrics() -> LogMetrics:
    return LogMetrics()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def value(counter: Any) -> float:
    [sample] = [one for one in counter.collect()[0].samples if one.name.endswith("_total")]
    return float(sample.value)


def until(done: Callable[[], bool]) -> None:
    """Threads tell nobody: they are asked."""
    beat = threading.Event()
    for _ in range(int(WITHIN / 0.01)):
        if done():
            return
        beat.wait(0.01)
    pytest.fail("it did not come about in time")


class Lines:
    """A receiver of lines over TCP, as Logstash's input `tcp` is one."""

    def __init__(self, port: int = 0) -> None:
        self.said: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._open: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", port))
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.getsockname()[1])

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self._open.append(connection)
            with connection.makefile("rb") as lines:
                for line in lines:
                    self.said.put(json.loads(line))

    def stop(self) -> None:
        """As if it was killed: its connections end with it."""
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for connection in self._open:
            connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self._thread.join(WITHIN)


@pytest.fixture
def receiver() -> Iterator[Lines]:
    made = Lines()
    yield made
    made.stop()


def shipped_to(
    port: int, metrics: LogMetrics, *, transport: str = "tcp", limit: int = 1000
) -> AbstractContextManager[None]:
    where = Receiver.at(f"{transport}://127.0.0.1:{port}")
    return shipping(where, limit=limit, instance="bookingd at host7 (4711)", metrics=metrics)


@contextmanager
def in_the_hands_of(actor: str, message: str) -> Iterator[None]:
    marks = correlation.set(ACTION), handling.set(Handling(actor, message))
    try:
        yield
    finally:
        correlation.reset(marks[0])
        handling.reset(marks[1])


def test_a_record_arrives_over_tcp_with_the_fields_of_the_json_log(
    receiver: Lines, metrics: LogMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    with shipped_to(receiver.port, metrics), in_the_hands_of("booking", "booking.place"):
        log.info("done in %d ms", 12)
        told = receiver.said.get(timeout=WITHIN)

    [record] = caplog.records
    written = json.loads(JsonLines("bookingd at host7 (4711)").format(record))
    assert written.items() <= told.items()
    assert (told["message"], told["level"]) == ("done in 12 ms", "info")
    assert (told["actor"], told["message_name"]) == ("booking", "booking.place")
    assert told["correlation_id"] == str(ACTION)
    assert told["@timestamp"].endswith("Z")
    assert told["type"] == "bookingd"


def test_nothing_but_those_fields_is_sent(receiver: Lines, metrics: LogMetrics) -> None:
    with shipped_to(receiver.port, metrics):
        log.info("signed in", extra={"secret": "hunter2"})
        told = receiver.said.get(timeout=WITHIN)

    assert "hunter2" not in json.dumps(told)
    ours = {"at", "level", "logger", "correlation_id", "instance", "message"}
    theirs = {"@timestamp", "@version", "host", "path", "tags", "type", "logger_name"}
    assert set(told) == ours | theirs


def test_a_trace_arrives_as_text_and_keeps_no_frame_alive(receiver: Lines, metrics: LogMetrics) -> None:
    with shipped_to(receiver.port, metrics):
        try:
            raise ValueError("no such seat")
        except ValueError:
            log.exception("failed")
        told = receiver.said.get(timeout=WITHIN)

    assert told["trace"].startswith("Traceback")
    assert "ValueError: no such seat" in told["trace"]
    queue: logstash.Queue = SimpleQueue()
    Enqueue(queue, limit=1, metrics=metrics).handle(
        logging.LogRecord("x", logging.ERROR, "x.py", 1, "failed", (), (ValueError, ValueError(), None))
    )
    queued = queue.get_nowait()
    assert queued is not None
    assert queued.exc_info is None


def test_a_record_arrives_over_udp(metrics: LogMetrics) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as heard:
        heard.bind(("127.0.0.1", 0))
        heard.settimeout(WITHIN)
        with shipped_to(heard.getsockname()[1], metrics, transport="udp"):
            log.info("hello")
            told = json.loads(heard.recv(65536))

    assert told["message"] == "hello"


def test_a_record_larger_than_a_datagram_is_dropped_and_the_next_one_arrives(metrics: LogMetrics) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as heard:
        heard.bind(("127.0.0.1", 0))
        heard.settimeout(WITHIN)
        with shipped_to(heard.getsockname()[1], metrics, transport="udp"):
            log.info("x" * 70_000)
            log.info("hello")
            told = json.loads(heard.recv(65536))

    assert told["message"] == "hello"
    assert value(metrics.dropped) == 1


def test_what_was_logged_before_the_end_is_sent_before_the_end(receiver: Lines, metrics: LogMetrics) -> None:
    with shipped_to(receiver.port, metrics):
        for number in range(500):
            log.info("%d", number)

    told = [receiver.said.get(timeout=WITHIN)["message"] for _ in range(500)]
    assert told == [str(number) for number in range(500)]
    assert value(metrics.dropped) == 0


async def test_a_hundred_thousand_records_for_a_logstash_that_is_not_there_are_counted_and_nobody_waits(
    metrics: LogMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    """On the event loop, which the house's check finds blocked after half a second."""
    quiet = logging.getLogger("bookingd.tests.quiet")
    with shipped_to(free_port(), metrics, limit=1000):
        root = logging.getLogger()
        [handler] = [each for each in root.handlers if isinstance(each, Enqueue)]
        record = logging.LogRecord(quiet.name, logging.INFO, "x.py", 1, "%s", ("hello",), None)
        for _ in range(1000):
            for _ in range(100):
                handler.handle(record)
            await asyncio.sleep(0)
        kept = handler.queue.qsize()
        until_now = value(metrics.dropped)

    assert kept <= 1000
    assert until_now in (99_000 - 1, 99_000)  # the thread may have one more in its hands
    assert value(metrics.dropped) == 100_000
    assert value(metrics.failures) >= 1
    told = [each for each in caplog.records if each.name == logstash.__name__]
    assert len(told) == 1
    assert "does not take our log" in told[0].getMessage()


def test_a_receiver_that_takes_connections_and_reads_nothing_fills_the_queue_and_no_more(
    metrics: LogMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logstash, "PATIENCE", 0.2)
    monkeypatch.setattr(logstash, "FAREWELL", 0.2)

    def talk_until_it_fails() -> bool:
        """The kernel takes some megabytes in before a call waits: how many, it decides by itself."""
        for _ in range(100):
            log.info("x" * 10_000)
        return value(metrics.failures) >= 1

    with socket.create_server(("127.0.0.1", 0)) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with shipped_to(deaf.getsockname()[1], metrics, limit=50):
            until(talk_until_it_fails)
        assert value(metrics.dropped) > 0


def test_records_that_were_logged_meanwhile_arrive_when_logstash_is_back(metrics: LogMetrics) -> None:
    first = Lines()
    port = first.port
    with shipped_to(port, metrics):
        log.info("before")
        assert first.said.get(timeout=WITHIN)["message"] == "before"
        first.stop()
        log.info("meanwhile")
        until(lambda: value(metrics.failures) >= 1)
        log.info("later")
        second = Lines(port)
        told = [second.said.get(timeout=WITHIN)["message"] for _ in range(2)]
        second.stop()

    assert told == ["meanwhile", "later"]
    assert value(metrics.dropped) == 0


class Stuck:
    """A sender within a call that does not come back before the test wants it to."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.let_go = threading.Event()

    def makePickle(self, record: logging.LogRecord) -> bytes:  # noqa: N802 - logging's name
        return record.getMessage().encode()

    def transmit(self, octets: bytes) -> None:
        self.entered.set()
        self.let_go.wait(WITHIN)

    def close(self) -> None:
        """Nothing to close."""


def test_the_end_does_not_wait_for_a_logstash_that_is_stuck(
    metrics: LogMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logstash, "FAREWELL", 0.05)
    queue: logstash.Queue = SimpleQueue()
    sender = Stuck()
    shipper = Shipper(queue, sender, "tcp://stuck:5000", metrics)
    for number in range(10):
        queue.put(logging.LogRecord("x", logging.INFO, "x.py", 1, "%d", (number,), None))
    shipper.start()
    assert sender.entered.wait(WITHIN)

    shipper.stop()

    assert not sender.let_go.is_set()
    assert value(metrics.dropped) == 9
    sender.let_go.set()
