"""The log to Logstash, one JSON object a record, with the fields of the JSON lines on standard error.

Its one rule: whoever logs never waits for Logstash. A record goes into a bounded queue, or is dropped and
counted; a thread of its own takes it from there, and alone meets the network. What Logstash does to us
(away, slow, takes the connection and reads nothing) costs lines there and never a booking.

Formatter and handlers are those of python-logstash; only their way of sending is ours: theirs drops
uncounted what cannot be sent, and notices a receiver that went away one record too late.
"""

import copy
import errno
import logging
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from logging.handlers import QueueHandler, SocketHandler
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any, Protocol
from urllib.parse import urlsplit

import logstash

from bookingd.telemetry.logging import Context, at, fields_of, trace_of
from bookingd.telemetry.metrics import LogMetrics

log = logging.getLogger(__name__)

PATIENCE = 5.0
"""Seconds that Logstash may take to accept a connection, or to make room for a record."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds between two attempts to reach it; each is twice the one before."""

FAREWELL = 2.0
"""Seconds at the end for what still waits."""

Queue = SimpleQueue[logging.LogRecord | None]
"""Without a lock: a `queue.Queue` could keep the event loop waiting for the thread at its other end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Where Logstash listens (its input `tcp` with codec `json_lines`, or `udp` with codec `json`)."""

    transport: str
    """`tcp` or `udp`."""
    host: str
    port: int

    @classmethod
    def at(cls, url: str) -> "Receiver":
        """Of `tcp://host:port` or `udp://host:port`."""
        parts = urlsplit(url)
        return cls(transport=parts.scheme, host=parts.hostname or "", port=parts.port or 0)

    def __str__(self) -> str:
        return f"{self.transport}://{self.host}:{self.port}"


@contextmanager
def shipping(receiver: Receiver, *, limit: int, instance: str, metrics: LogMetrics) -> Iterator[None]:
    """Everything that is logged in the block goes to Logstash too; `limit` records wait for it at most.

    The end of the block waits for FAREWELL seconds at most.
    """
    queue: Queue = SimpleQueue()
    shipper = Shipper(queue, _handler(receiver, instance), str(receiver), metrics)
    handler = Enqueue(queue, limit=limit, metrics=metrics)
    logging.getLogger().addHandler(handler)
    shipper.start()
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        shipper.stop()


class Enqueue(QueueHandler):
    """Puts records into the queue while it has room."""

    queue: Queue

    def __init__(self, queue: Queue, *, limit: int, metrics: LogMetrics) -> None:
        super().__init__(queue)
        self._limit = limit
        self._metrics = metrics
        self.addFilter(Context())
        self.addFilter(_not_of_the_shipper)

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """The record as it is now: what it was given may change, and a trace keeps whole frames alive."""
        prepared = copy.copy(record)
        prepared.msg, prepared.args = record.getMessage(), None
        prepared.exc_text, prepared.exc_info = trace_of(record), None
        return prepared

    def emit(self, record: logging.LogRecord) -> None:
        """Never waits: no room is no record."""
        if self.queue.qsize() >= self._limit:
            self._metrics.dropped.inc()
        else:
            super().emit(record)

    def enqueue(self, record: logging.LogRecord) -> None:
        self.queue.put(record)


def _not_of_the_shipper(record: logging.LogRecord) -> bool:
    """What it says of Logstash is for standard error: sent to Logstash it would speak of itself."""
    return record.name != __name__


class _Formatter(logstash.LogstashFormatterVersion1):  # type: ignore[misc] # it comes without types
    """Of a record's attributes only those fields that standard error gets too."""

    def __init__(self, instance: str) -> None:
        super().__init__(message_type="bookingd")
        self._instance = instance

    def get_extra_fields(self, record: logging.LogRecord) -> dict[str, Any]:
        return {"at": at(record), **fields_of(record, self._instance)}


class Sender(Protocol):
    """What the shipper uses of a handler."""

    def makePickle(self, record: logging.LogRecord) -> bytes: ...  # noqa: N802 - logging's name

    def transmit(self, octets: bytes) -> None:
        """Have them sent, over a new connection where there is none. Raises OSError."""
        ...

    def close(self) -> None: ...


class _Transmitting(SocketHandler):
    """Tells how sending went, instead of losing what cannot be sent."""

    def transmit(self, octets: bytes) -> None:
        try:
            if self.sock is not None and _has_gone(self.sock):
                self._hang_up()
            if self.sock is None:
                self.sock = self.makeSocket(PATIENCE)
            self.sock.sendall(octets)
        except OSError as error:
            if error.errno != errno.EMSGSIZE:
                self._hang_up()
            raise

    def _hang_up(self) -> None:
        if self.sock is not None:
            self.sock.close()
            self.sock = None


class _Tcp(_Transmitting, logstash.TCPLogstashHandler):  # type: ignore[misc]
    """Records as lines."""


class _Udp(_Transmitting, logstash.UDPLogstashHandler):  # type: ignore[misc]
    """A record a datagram; whether anybody listens is known on the same host only."""

    def makeSocket(self, timeout: float = PATIENCE) -> socket.socket:  # noqa: N802 - logging's name
        """Bound to the receiver, which the name is looked up for once and not for each record."""
        found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_DGRAM)
        family, kind, protocol, _, address = found[0]
        made = socket.socket(family, kind, protocol)
        try:
            made.connect(address)
        except OSError:
            made.close()
            raise
        return made


def _handler(receiver: Receiver, instance: str) -> _Transmitting:
    kind = {"tcp": _Tcp, "udp": _Udp}[receiver.transport]
    made: _Transmitting = kind(receiver.host, receiver.port)
    made.setFormatter(_Formatter(instance))
    return made


def _has_gone(sock: socket.socket) -> bool:
    """Whether the receiver has closed the connection: Logstash never says anything else to us."""
    if sock.type == socket.SOCK_DGRAM:
        return False
    heard = select.poll()
    heard.register(sock, select.POLLIN)
    return bool(heard.poll(0)) and not sock.recv(1024)


class Shipper:
    """The thread between the queue and Logstash."""

    def __init__(self, queue: Queue, sender: Sender, where: str, metrics: LogMetrics) -> None:
        self._queue = queue
        self._sender = sender
        self._where = where
        self._metrics = metrics
        self._stopping = Event()
        self._away = False
        # It may be within a call that lasts PATIENCE; the process does not wait for it.
        self._thread = Thread(target=self._run, name="logstash", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Send what waits if Logstash takes it within FAREWELL seconds; count the rest as dropped."""
        self._queue.put(None)
        self._stopping.set()
        self._thread.join(FAREWELL)
        with suppress(Empty):
            while True:
                if self._queue.get_nowait() is not None:
                    self._metrics.dropped.inc()
        self._queue.put(None)  # for the thread, if it is still within a call

    def _run(self) -> None:
        """Send until told to stop, or until told so while Logstash is away."""
        while (record := self._queue.get()) is not None:
            if not self._send(self._sender.makePickle(record)):
                break
        self._sender.close()

    def _send(self, octets: bytes) -> bool:
        """Until it is sent or too large for Logstash; False when it is away and nobody waits any more."""
        pause = FIRST_PAUSE
        while not self._sent(octets):
            if self._stopping.wait(pause):
                self._metrics.dropped.inc()
                return False
            pause = min(pause * 2, LONGEST_PAUSE)
        return True

    def _sent(self, octets: bytes) -> bool:
        """Whether this record needs no other attempt."""
        try:
            self._sender.transmit(octets)
        except OSError as error:
            if error.errno == errno.EMSGSIZE:
                self._metrics.dropped.inc()
                return True
            self._metrics.failures.inc()
            self._tell(away=True, why=error)
            return False
        self._tell(away=False)
        return True

    def _tell(self, *, away: bool, why: OSError | None = None) -> None:
        """Once when it goes and once when it is back."""
        if away and not self._away:
            log.warning("Logstash at %s does not take our log: %s", self._where, why)
        elif self._away and not away:
            log.warning("Logstash at %s takes our log again", self._where)
        self._away = away
