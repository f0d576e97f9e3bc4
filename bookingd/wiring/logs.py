"""Where the log of this process goes: standard error, and Logstash where the settings name one."""

from collections.abc import Iterator
from contextlib import contextmanager

from bookingd.config import Settings
from bookingd.telemetry.logging import configure
from bookingd.telemetry.logstash import Receiver, shipping
from bookingd.telemetry.metrics import LogMetrics
from bookingd.wiring.transport import process_name


@contextmanager
def logging_as(settings: Settings, metrics: LogMetrics) -> Iterator[None]:
    """Log as the settings say; at the end, Logstash gets a moment for what still waits."""
    chosen, instance = settings.log, process_name(settings)
    configure(level=chosen.level, style=chosen.format, instance=instance)
    if chosen.logstash.url is None:
        yield
        return
    receiver = Receiver.at(chosen.logstash.url.reveal())
    with shipping(receiver, limit=chosen.logstash.queue, instance=instance, metrics=metrics):
        yield
