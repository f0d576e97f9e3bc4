"""What aio-pika does by itself: calls by direct reply-to, and confirmed publishes to a quorum queue.

    python -m benchmarks.raw_amqp AMQP_URL QUEUE

answers calls; it says `ready` in a line when it does. Its one rule: nothing but the library and JSON, and of
its settings the fastest: no confirms on calls, no acknowledgement of them, answers that are not mandatory
(RabbitMQ would return each).
"""

import asyncio
import json
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aio_pika
import uvloop
from aio_pika.abc import AbstractIncomingMessage

QUESTION = {
    "offer": "off_0000Aqx7Bc9",
    "passengers": ["adult", "adult"],
    "amount": "412.50",
    "currency": "EUR",
    "note": "n" * 120,
}
BODY = b"n" * 512
REPLY_TO = "amq.rabbitmq.reply-to"

Call = Callable[[], Awaitable[Any]]


@asynccontextmanager
async def calling(url: str, queue: str) -> AsyncIterator[Call]:
    """A function that asks who serves the queue, and gives the answer."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel(publisher_confirms=False)
        replies = await channel.get_queue(REPLY_TO, ensure=False)
        waiting: dict[str | None, asyncio.Future[Any]] = {}

        async def hear(message: AbstractIncomingMessage) -> None:
            waiting.pop(message.correlation_id).set_result(json.loads(message.body))

        await replies.consume(hear, no_ack=True)

        async def call() -> Any:
            correlation_id = uuid.uuid4().hex
            answer = waiting[correlation_id] = asyncio.get_running_loop().create_future()
            question = aio_pika.Message(
                json.dumps(QUESTION).encode(), correlation_id=correlation_id, reply_to=REPLY_TO
            )
            await channel.default_exchange.publish(question, queue)
            return await answer

        yield call


@asynccontextmanager
async def publishing(url: str) -> AsyncIterator[Call]:
    """A function that publishes half a kilobyte to a quorum queue and returns when it is confirmed."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel(publisher_confirms=True)
        name = f"raw.{uuid.uuid4().hex}"
        queue = await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum"})

        async def publish() -> None:
            message = aio_pika.Message(BODY, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
            await channel.default_exchange.publish(message, name)

        yield publish
        await queue.delete(if_unused=False, if_empty=False)


async def _serve(url: str, name: str) -> None:
    connection = await aio_pika.connect(url)
    channel = await connection.channel(publisher_confirms=False)
    queue = await channel.declare_queue(name, exclusive=True)

    async def answer(message: AbstractIncomingMessage) -> None:
        asked = json.loads(message.body)
        said = {"offer": asked["offer"], "reference": "ABC123", "amount": asked["amount"]}
        reply = aio_pika.Message(json.dumps(said).encode(), correlation_id=message.correlation_id)
        await channel.default_exchange.publish(reply, message.reply_to or "", mandatory=False)

    await queue.consume(answer, no_ack=True)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_serve(*sys.argv[1:]))
