"""One connection to the broker that is made again whenever anything about it is lost.

Whatever uses it is a `Part`, attached anew to each new connection. A channel that closes and a consumer that
the broker cancels count as a lost connection: a link that is up has every channel and every consumer that it
should have. That is simpler than mending piece by piece, and cannot come back without its consumers.
"""

import asyncio
import itertools
import logging
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

import aio_pika
from aio_pika.abc import AbstractConnection
from aiormq import Channel
from aiormq.abc import AbstractConnection as Underlay
from aiormq.connection import DEFAULT_PORTS
from aiormq.exceptions import (
    AMQPError,
    AuthenticationError,
    ChannelAccessRefused,
    ChannelInvalidStateError,
    ChannelPreconditionFailed,
    ConnectionNotAllowed,
    InvalidFrameError,
    ProbableAuthenticationError,
)
from pamqp.common import FieldTable
from yarl import URL

from bookingd.bus.port import BrokerRefused, BrokerUnavailable
from bookingd.sources import Sources
from bookingd.telemetry.metrics import BusMetrics

log = logging.getLogger(__name__)

CONNECT_LIMIT = 10.0
"""Seconds that connecting and attaching may take."""

CLOSE_LIMIT = 3.0
"""Seconds that saying goodbye may take."""

HEARTBEAT = 10
"""Seconds; a connection that has died in silence is found after three of them."""

PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0)
"""Seconds before the next try to connect; the last one repeats."""

LOST = (AMQPError, ChannelInvalidStateError, OSError, TimeoutError, asyncio.CancelledError)
"""What an operation on a connection may end with when that is lost: aiormq cancels what waits for it."""

_REFUSALS = (
    ProbableAuthenticationError,
    AuthenticationError,
    ConnectionNotAllowed,
    InvalidFrameError,  # aiormq's word for a virtual host that is not opened to us
    ChannelAccessRefused,
    ChannelPreconditionFailed,
)


class Part(Protocol):
    """What needs channels of a connection."""

    async def attach(self, link: "Link") -> None:
        """Open channels on the connection that has just been made, and use them from now on."""
        ...

    def detach(self) -> None:
        """The connection is lost; there will be another one."""
        ...


class Link:
    """A connection, for as long as the process lives."""

    def __init__(self, *, url: str, name: str, sources: Sources, metrics: BusMetrics) -> None:
        self.up = asyncio.Event()
        """Set while the connection is there with all that hangs on it."""
        self._url = _with_defaults(url)
        self._name = name
        self._sources = sources
        self._metrics = metrics
        self._parts: list[Part] = []
        self._connection: AbstractConnection | None = None
        self._broken = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        """Attaching a part and making a connection take turns."""

    async def open(self) -> None:
        """Connect for the first time. Raises BrokerRefused, BrokerUnavailable."""
        try:
            await self._connect()
        except _REFUSALS as error:
            raise BrokerRefused(_told(error, self._url)) from error
        except LOST as error:
            pass_on_cancellation(error)
            raise BrokerUnavailable(_told(error, self._url)) from error
        self._keeping = asyncio.create_task(self._keep(), name=f"link {self._name}")

    async def close(self) -> None:
        """Disconnect for good."""
        if self._keeping:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        await self._disconnect()

    async def add(self, part: Part) -> None:
        """Attach a part, now and to every later connection; while there is none, to the next."""
        async with self._turn:
            self._parts.append(part)
            if self.up.is_set():
                try:
                    await part.attach(self)
                except LOST as error:
                    pass_on_cancellation(error)
                    self.lose(f"a part could not be attached: {error!r}")

    def drop(self, part: Part) -> None:
        """Attach it no more."""
        self._parts.remove(part)

    async def channel(self, *, confirms: bool = False) -> Channel:
        """A new channel whose end, and the end of whose consumers, is the end of the connection."""
        if self._connection is None:
            raise ConnectionError("there is no connection")
        outer = self._connection.channel(publisher_confirms=confirms, on_return_raises=confirms)
        await outer.initialize()
        channel = await outer.get_underlay_channel()
        if not isinstance(channel, Channel):
            raise TypeError("aio-pika stands on something else than aiormq")
        channel.closing.add_done_callback(lambda _: self._lost_channel(channel))
        channel.on_consumer_cancel_callbacks.add(lambda _: self._lost_channel(channel))
        return channel

    def lose(self, why: str) -> None:
        """Something is wrong with this connection: leave it and make another."""
        if self.up.is_set():
            log.warning("%s: the connection to RabbitMQ is lost: %s", self._name, why)
        self._mark_lost()

    def _mark_lost(self) -> None:
        self.up.clear()
        self._broken.set()

    def _lost_channel(self, channel: Channel) -> None:
        if self._connection is not None and channel.connection is _underlay(self._connection):
            self.lose("a channel or consumer has ended")

    async def _keep(self) -> None:
        while True:
            await self._broken.wait()
            async with self._turn:
                await self._leave()
                await self._connect_in_the_end()
            self._metrics.reconnects.inc()
            log.info("%s: connected to RabbitMQ again", self._name)

    async def _leave(self) -> None:
        for part in self._parts:
            part.detach()
        await self._disconnect()

    async def _connect_in_the_end(self) -> None:
        for tries in itertools.count():
            try:
                await self._connect()
            except LOST as error:
                pass_on_cancellation(error)
                level = logging.WARNING if tries % 30 == 0 else logging.DEBUG
                log.log(level, "%s: %s", self._name, _told(error, self._url))
            else:
                return
            await self._sources.clock.sleep(PAUSES[min(tries, len(PAUSES) - 1)])

    async def _connect(self) -> None:
        """Connect and attach all parts, or leave nothing behind."""
        self._broken.clear()
        try:
            async with asyncio.timeout(CONNECT_LIMIT):
                self._connection = await self._dial()
                for part in self._parts:
                    await part.attach(self)
        except BaseException:
            await self._disconnect()
            raise
        if not self._broken.is_set():
            self.up.set()

    async def _dial(self) -> AbstractConnection:
        properties: FieldTable = {"connection_name": self._name}
        connection = await aio_pika.connect(self._url, client_properties=properties)
        _underlay(connection).closing.add_done_callback(partial(self._closed, connection))
        return connection

    def _closed(self, connection: AbstractConnection, closing: "asyncio.Future[Any]") -> None:
        if connection is self._connection:
            self.lose("cancelled" if closing.cancelled() else str(closing.exception() or "closed"))

    async def _disconnect(self) -> None:
        """As politely as the connection's state allows."""
        connection, self._connection = self._connection, None
        self.up.clear()
        if connection is not None:
            with suppress(AMQPError, ChannelInvalidStateError, OSError, TimeoutError):
                await asyncio.wait_for(connection.close(), CLOSE_LIMIT)


def pass_on_cancellation(error: BaseException) -> None:
    """aiormq cancels what waits for a lost connection; only our own cancellation is to be obeyed."""
    task = asyncio.current_task()
    if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
        raise error


def _underlay(connection: AbstractConnection) -> Underlay:
    if connection.transport is None:
        raise ConnectionError("the connection is closed")
    return connection.transport.connection


def _with_defaults(url: str) -> str:
    """Our heartbeat, unless the address asks for another one."""
    parsed = URL(url)
    return str(parsed if "heartbeat" in parsed.query else parsed.update_query(heartbeat=HEARTBEAT))


def _told(error: BaseException, url: str) -> str:
    """What went wrong, in words, and where; never the password."""
    parsed = URL(url)
    where = f"{parsed.host}:{parsed.port or DEFAULT_PORTS[parsed.scheme]}"
    if isinstance(error, ProbableAuthenticationError | AuthenticationError):
        return f"RabbitMQ at {where} refuses the user {parsed.user!r} or its password"
    if isinstance(error, ConnectionNotAllowed | InvalidFrameError):
        return (
            f"RabbitMQ at {where} has no virtual host {parsed.path[1:] or '/'!r}, or not for {parsed.user!r}"
        )
    if isinstance(error, ChannelAccessRefused):
        return (
            f"RabbitMQ at {where} does not let {parsed.user!r} configure, write and read bookingd.*: {error}"
        )
    if isinstance(error, ChannelPreconditionFailed):
        return f"RabbitMQ at {where} has a queue or exchange of ours with other properties: {error}"
    return f"RabbitMQ at {where} cannot be reached: {str(error) or type(error).__name__}"
