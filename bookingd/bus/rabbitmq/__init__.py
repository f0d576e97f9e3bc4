"""The transport over RabbitMQ."""

from bookingd.bus.rabbitmq.burying import Undertaker
from bookingd.bus.rabbitmq.bus import RabbitBus

__all__ = ["RabbitBus", "Undertaker"]
