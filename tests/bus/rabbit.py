"""A process's end of RabbitMQ, for tests."""

from collections.abc import Sequence

from bookingd.bus.rabbitmq import RabbitBus
from bookingd.sources import Sources
from bookingd.telemetry.metrics import BusMetrics
from tests.toy.actors import TOPOLOGY
from tests.toy.messages import CATALOGUE

Buried = tuple[str, bytes, str]
"""Actor, bytes, reason."""


class Cemetery(list[Buried]):
    """Keeps what the broker gives up."""

    async def __call__(self, actor: str, payload: bytes, reason: str) -> None:
        self.append((actor, payload, reason))

    @property
    def reasons(self) -> Sequence[tuple[str, str]]:
        return [(actor, reason) for actor, _, reason in self]


def rabbit_bus(
    url: str,
    *,
    shortcut: bool = False,
    cemetery: Cemetery | None = None,
    metrics: BusMetrics | None = None,
) -> RabbitBus:
    """A bus of the toy house."""
    return RabbitBus(
        url=url,
        topology=TOPOLOGY,
        catalogue=CATALOGUE,
        sources=Sources.system(),
        name="test",
        shortcut=shortcut,
        undertaker=Cemetery() if cemetery is None else cemetery,
        metrics=BusMetrics() if metrics is None else metrics,
    )
