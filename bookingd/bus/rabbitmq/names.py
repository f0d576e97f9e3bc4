"""What exists on the broker, by name. A structural change of a queue is a new name: the old one drains.

bookingd.commands     direct    ACTOR.LANE           -> queue bookingd.ACTOR.LANE
bookingd.events       topic     LANE.EVENT.NAME      -> the queues of its subscribers in that lane
bookingd.queries      direct    ACTOR                -> queue bookingd.ACTOR.queries
bookingd.notices      fanout                         -> a queue of its own for every process
bookingd.dead-letters fanout                         -> queue bookingd.dead-letters
"""

from bookingd.bus.port import Mailbox
from bookingd.messages.catalogue import Kind, Lane
from bookingd.storage.outbox import Bundle

COMMANDS = "bookingd.commands"
EVENTS = "bookingd.events"
QUERIES = "bookingd.queries"
NOTICES = "bookingd.notices"
DEAD_LETTERS = "bookingd.dead-letters"
"""Both the exchange and its one queue."""

DIRECT_REPLY = "amq.rabbitmq.reply-to"
"""RabbitMQ's pseudo-queue: an answer goes straight to the channel that asked."""


def mailbox_queue(mailbox: Mailbox) -> str:
    """The quorum queue of an actor's lane."""
    return f"bookingd.{mailbox.actor}.{mailbox.lane}"


def owner_of(queue: str) -> str:
    """The actor whose mailbox it is; the queue's own name where it is nobody's."""
    house, _, name = queue.partition(".")
    actor, dot, _ = name.rpartition(".")
    return actor if house == "bookingd" and dot else queue


def query_queue(actor: str) -> str:
    """Where an actor's queries wait."""
    return f"bookingd.{actor}.queries"


def command_key(actor: str, lane: Lane) -> str:
    """The routing key of an actor's commands in a lane."""
    return f"{actor}.{lane}"


def event_key(name: str, lane: Lane) -> str:
    """The routing key of an event; with its lane, so that whoever publishes it decides that."""
    return f"{lane}.{name}"


def address_of(bundle: Bundle) -> tuple[str, str]:
    """The exchange and routing key of a bundle."""
    if bundle.kind is Kind.COMMAND:
        return COMMANDS, command_key(bundle.destination, bundle.lane)
    return EVENTS, event_key(bundle.destination, bundle.lane)
