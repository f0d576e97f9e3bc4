"""A daemon on a world of its own, with gateways and a mail server that outlive it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bookingd.sandbox.mail import MailCatcher
from bookingd.sources import SystemClock, SystemIds
from bookingd.storage.database import Database
from tests.acceptance import truths
from tests.acceptance.daemon import Daemon, Gateway, SplitDaemon, configuration, free_port
from tests.acceptance.guest import Guest
from tests.conftest import Spawn
from tests.servers.rabbitmq import Broker
from tests.world import World, make_world


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """Everything of one installation that a test looks at."""

    daemon: Daemon
    gateway: Gateway
    mails: MailCatcher
    database: Database
    world: World
    broker: Broker | None
    """None where messages travel in memory."""

    async def check(self, **options: Any) -> dict[str, truths.Booked]:
        """Every promise, once nothing is under way any more; the bookings by id."""
        return await truths.check_all(
            self.database, gateway=self.gateway, mail=self.mails.directory, broker=self.broker, **options
        )

    def guest(self) -> Any:
        """A guest who arrives now."""
        return Guest.arriving(self.daemon.url)


@pytest.fixture
async def mails(tmp_path: Path) -> AsyncIterator[MailCatcher]:
    """A mail server that keeps everything."""
    async with MailCatcher(tmp_path / "mails", clock=SystemClock(), ids=SystemIds()).serving() as catcher:
        yield catcher


Open = Callable[..., Awaitable[Agency]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The test's database, for the test itself, for the daemon and for the owner."""

    database: Database
    dsn: str
    owner_dsn: str


@pytest.fixture
def ground(database: Database, database_dsn: str, owner_dsn: str) -> Ground:
    return Ground(database=database, dsn=database_dsn, owner_dsn=owner_dsn)


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """How the daemon is laid out, and what it then has to be told."""

    split: bool = False
    twice: Sequence[str] = ()
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    broker: Broker | None = None

    @classmethod
    def over(cls, broker: Broker, redis_url: str, **options: Any) -> "Topology":
        """Over RabbitMQ and Redis."""
        return cls(
            settings={"bus": {"url": broker.url}, "cache": {"url": redis_url}}, broker=broker, **options
        )

    def daemon(self, **options: Any) -> Daemon:
        return SplitDaemon(twice=self.twice, **options) if self.split else Daemon(**options)


@pytest.fixture(
    params=[
        "in memory",
        pytest.param("over RabbitMQ", marks=pytest.mark.full),
        pytest.param("a process an actor", marks=pytest.mark.full),
    ]
)
def topology(request: pytest.FixtureRequest) -> Topology:
    """One process and nothing else; one over a broker and a cache; a process for each actor and for HTTP."""
    if request.param == "in memory":
        return Topology()
    broker, redis_url = (request.getfixturevalue(name) for name in ("broker", "redis_url"))
    return Topology.over(broker, redis_url, split=request.param == "a process an actor")


@pytest.fixture
async def agency_of(
    spawn: Spawn, tmp_path: Path, ground: Ground, mails: MailCatcher, topology: Topology
) -> AsyncIterator[Open]:
    """Open an agency whose departures have so many seats each; further settings by section."""
    daemons: list[Daemon] = []
    port = free_port()

    vendors = tmp_path / "vendors"
    vendors.mkdir()
    async with Gateway.running(spawn, directory=vendors, webhooks_to=port) as gateway:

        async def open_agency(*seats: int, dsn: str = ground.dsn, **sections: dict[str, Any]) -> Agency:
            world = await make_world(ground.owner_dsn, *(seats or (100,)))
            settings = configuration(
                tmp_path / "daemon",
                port=port,
                database_dsn=dsn,
                gateway=gateway,
                smtp=f"smtp://127.0.0.1:{mails.port}",
            )
            for further in (topology.settings, sections):
                for section, values in further.items():
                    settings[section] = settings.get(section, {}) | values
            daemon = topology.daemon(directory=tmp_path / "daemon", port=port, spawn=spawn, settings=settings)
            daemons.append(daemon)
            await daemon.start()
            return Agency(
                daemon=daemon,
                gateway=gateway,
                mails=mails,
                database=ground.database,
                world=world,
                broker=topology.broker,
            )

        yield open_agency
    for daemon in daemons:
        daemon.tell()


@pytest.fixture
async def agency(agency_of: Open) -> Agency:
    """An agency with one departure of a hundred seats."""
    return await agency_of(100)
