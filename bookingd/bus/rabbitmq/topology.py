"""Declares everything that the house needs of the broker, also for actors that run elsewhere.

Every process does so before it publishes: no event is lost because its subscriber never ran. Declaring
again what is there changes nothing.
"""

from aiormq import Channel
from pamqp.common import FieldTable

from bookingd.bus.port import Mailbox, Topology
from bookingd.bus.rabbitmq import names
from bookingd.messages.catalogue import Catalogue, Lane

DELIVERY_LIMIT = 30
"""Deliveries after which the broker gives a bundle up. The last net only: it counts lost connections too, and
must not bury what was merely prefetched by processes that died. The runtime finds a killer long before."""

_MAILBOX: FieldTable = {
    "x-queue-type": "quorum",
    "x-delivery-limit": DELIVERY_LIMIT,
    "x-dead-letter-exchange": names.DEAD_LETTERS,
    # At least once: a dead letter waits in its queue until the queue of dead letters has confirmed it.
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",
}


async def declare(channel: Channel, topology: Topology, catalogue: Catalogue) -> None:
    """Exchanges, queues, bindings. Raises what the broker refuses with."""
    await _exchanges(channel)
    await _dead_letters(channel)
    for actor in sorted(topology.actors):
        for lane in Lane:
            await _mailbox(channel, Mailbox(actor, lane))
        await _query_queue(channel, actor)
    for event, subscribers in sorted(topology.subscribers.items()):
        for actor in sorted(subscribers):
            await _subscription(channel, event, Mailbox(actor, catalogue.named(event).lane))


async def _exchanges(channel: Channel) -> None:
    for name, kind in (
        (names.COMMANDS, "direct"),
        (names.EVENTS, "topic"),
        (names.QUERIES, "direct"),
        (names.NOTICES, "fanout"),
        (names.DEAD_LETTERS, "fanout"),
    ):
        await channel.exchange_declare(name, exchange_type=kind, durable=True)


async def _dead_letters(channel: Channel) -> None:
    await channel.queue_declare(names.DEAD_LETTERS, durable=True, arguments={"x-queue-type": "quorum"})
    await channel.queue_bind(names.DEAD_LETTERS, names.DEAD_LETTERS)


async def _mailbox(channel: Channel, mailbox: Mailbox) -> None:
    queue = names.mailbox_queue(mailbox)
    await channel.queue_declare(queue, durable=True, arguments=dict(_MAILBOX))
    await channel.queue_bind(queue, names.COMMANDS, names.command_key(mailbox.actor, mailbox.lane))


async def _query_queue(channel: Channel, actor: str) -> None:
    """A classic queue: its messages are worth less than the disk they would be written to."""
    queue = names.query_queue(actor)
    await channel.queue_declare(queue, durable=True, arguments={"x-queue-type": "classic"})
    await channel.queue_bind(queue, names.QUERIES, actor)


async def _subscription(channel: Channel, event: str, mailbox: Mailbox) -> None:
    queue = names.mailbox_queue(mailbox)
    await channel.queue_bind(queue, names.EVENTS, names.event_key(event, mailbox.lane))
