"""The servers of a run: PostgreSQL, the daemon, the stand-ins, and a broker and a cache where they belong.

The daemon runs as it is delivered but for this: PostgreSQL, the card gateway and the mail server are
processes of their own, so that the CPU of each can be told from the daemon's; and the load generator, who
is one client, may have any number of searches made. All end with the run.
"""

import json
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import asyncpg

from benchmarks.processes import child, first_line
from benchmarks.spine import Place
from bookingd.engine import DAEMON, OWNER, SUPERUSER, Engine
from bookingd.gateways.stripe import NOTICES
from bookingd.seeding.loading import seed
from bookingd.seeding.world import Plan
from bookingd.sources import SystemClock
from bookingd.storage import migrations
from bookingd.storage.prices import seed_rules
from tests.servers.rabbitmq import Node
from tests.servers.redis import RedisServer

Say = Callable[[str], None]

ALL = ("auth", "search.flights", "search.hotels", "booking", "payment", "notify", "audit")
TOPOLOGIES: Mapping[str, Mapping[str, tuple[bool, Sequence[str]]]] = {
    "memory": {"daemon": (True, ALL)},
    "rabbitmq": {"daemon": (True, ALL)},
    "split": {
        "front": (True, ("search", "booking")),
        "back": (False, ("auth", "payment", "notify", "audit")),
    },
}
"""How the daemon may be laid out: name of a process -> whether it serves HTTP, and its actors."""
LAYOUTS: Mapping[str, Mapping[str, tuple[bool, Sequence[str]]]] = {
    **TOPOLOGIES,
    "twins": {"one": (True, ALL), "two": (True, ("search",))},
}
"""For some measurements besides: two that serve HTTP and search, each at a port of its own."""

LAST_WORDS = 15
"""Lines of the daemon's log that are shown when a run fails."""

SECRETS = {"stripe_secret_key": "sk_test_bench", "stripe_webhook_secret": "whsec_bench"}
PAYPAL = {"client_id": "bench-client", "webhook_id": "0EH40505U7160970P"}
PAYPAL_SECRET = "bench-client-secret"

SETTINGS = """
public_url = "http://127.0.0.1:{port}"
[server]
port = {port}
enabled = {serves}
trusted_proxies = ["127.0.0.1"]
[actors]
run = {actors}
[bus]
url = "{bus}"
[cache]
url = "{cache}"
[database]
url = "{database}"
[paths]
var = "{var}"
[stripe]
base_url = "{stripe}"
secret_key_file = "{keys}/stripe_secret_key"
webhook_secret_file = "{keys}/stripe_webhook_secret"
[mail]
url = "smtp://127.0.0.1:{mail}?starttls=off"
[payments.brake]
attempts_from_network = 0

[search.budget]
network_per_minute = 0
[sandbox]
enabled = false
[inventory]
demo = false
"""

PAYPAL_SETTINGS = """
[paypal]
base_url = "{root}/paypal"
client_id = "{client_id}"
client_secret_file = "{keys}/paypal_client_secret"
webhook_id = "{webhook_id}"
ca_file = "{vendors}/paypal-ca.pem"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """What a measurement talks to."""

    urls: Mapping[str, str]
    """Of the daemon's processes that serve HTTP, by their names."""
    engine: Engine
    days: tuple[date, ...]
    """On which there are flights, from tomorrow on."""
    place: Path
    """A directory for the run's own files."""
    stand_ins: str
    """Address of the server of the gateways' stand-ins."""
    pids: dict[str, int]
    """Processes by component."""
    daemons: tuple[str, ...]
    """Those of them that are the daemon's."""

    @property
    def vendors(self) -> Path:
        """Where the stand-ins keep what outlives them."""
        return self.place / "vendors"

    @property
    def paypal(self) -> str:
        """Address of PayPal's stand-in."""
        return f"{self.stand_ins}/paypal"

    @property
    def url(self) -> str:
        """Of the daemon."""
        return next(iter(self.urls.values()))

    def dsn(self, database: str = "") -> str:
        """Where the superuser finds the daemon's database, or another one on the same server."""
        return self.engine.dsn(SUPERUSER, database) if database else self.engine.dsn(SUPERUSER)


@asynccontextmanager
async def servers(
    *, topology: str, departures: int, hotels: int = 0, say: Say, pretended: str = "", paypal: bool = False
) -> AsyncIterator[Servers]:
    """Start everything in a directory of its own; PostgreSQL with its default durability.

    With `pretended` flight suppliers, see `benchmarks.pretended`; with PayPal beside cards, if wished.
    """
    layout, program = LAYOUTS[topology], _program(pretended)
    place = Path(tempfile.mkdtemp(prefix="bookingd-bench-"))
    try:
        async with AsyncExitStack() as stack:
            say("starting PostgreSQL")
            engine = await stack.enter_async_context(Engine(place / "postgres"))
            say(f"making a network of {departures} departures and {hotels} hotels up")
            days = await _fill(engine, departures, hotels)
            say("starting the daemon and the stand-ins")
            ports, postgres = {name: _free_port() for name in layout}, engine.pid
            assert postgres is not None
            sandbox, stripe = await _sandbox(place, next(iter(ports.values())), stack, paypal=paypal)
            sink, mail = await _mail_sink(place, stack)
            bus, cache, messaging = _messaging(topology, place, stack)
            root = stripe.removesuffix("/stripe")
            beside = _paypal(place, root) if paypal else ""
            settings = partial(
                SETTINGS.format,
                bus=bus,
                cache=cache,
                database=engine.dsn(DAEMON),
                var=place / "var",
                keys=_keys(place),
                stripe=stripe,
                mail=mail,
            )
            daemons = {
                name: await _daemon(
                    place,
                    name,
                    settings(serves=_toml(serves), actors=_toml(actors), port=ports[name]) + beside,
                    program,
                    stack,
                )
                for name, (serves, actors) in layout.items()
            }
            others = {"PostgreSQL": postgres, **messaging, "sandbox": sandbox, "mail sink": sink}
            pids = daemons | others
            urls = {name: f"http://127.0.0.1:{ports[name]}" for name, (serves, _) in layout.items() if serves}
            yield Servers(
                urls=urls,
                engine=engine,
                days=days,
                place=place,
                stand_ins=root,
                pids=pids,
                daemons=tuple(daemons),
            )
    except Exception:
        for name in layout:
            say(f"the last words of {name}:\n{_last_words(place / f'{name}.log')}")
        raise
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _last_words(log: Path) -> str:
    return "\n".join(log.read_text().splitlines()[-LAST_WORDS:]) if log.exists() else ""


async def _fill(engine: Engine, departures: int, hotels: int) -> tuple[date, ...]:
    clock = SystemClock()
    plan = Plan(first_day=clock.now().date(), departures=departures, hotels=hotels)
    connection = await asyncpg.connect(engine.dsn(OWNER))
    try:
        await migrations.migrate(connection, clock=clock)
        await seed(connection, plan=plan, now=clock.now(), progress=lambda _what, _done, _whole: None)
        await seed_rules(connection, clock.now())
    finally:
        await connection.close()
    first, last = plan.first_day.toordinal(), plan.last_day.toordinal()
    return tuple(date.fromordinal(day) for day in range(first + 1, last + 1))


async def _sandbox(place: Path, daemon_port: int, stack: AsyncExitStack, *, paypal: bool) -> tuple[int, str]:
    """The gateways: their process, and the address of the one for cards."""
    log = place / "sandbox.log"
    secret, webhook_secret = SECRETS.values()
    options = ["--stripe-secret-key", secret, "--stripe-webhook-secret", webhook_secret]
    options += ["--stripe-webhook-url", f"http://127.0.0.1:{daemon_port}/webhooks/stripe"]
    options += [f"--stripe-webhook-event={kind}" for kind in NOTICES]
    if paypal:
        (place / "vendors").mkdir()
        options += ["--directory", str(place / "vendors")]
        options += ["--paypal-client-id", PAYPAL["client_id"], "--paypal-client-secret", PAYPAL_SECRET]
        options += ["--paypal-webhook-id", PAYPAL["webhook_id"]]
        options += ["--paypal-webhook-url", f"http://127.0.0.1:{daemon_port}/webhooks/paypal"]
    process = await stack.enter_async_context(child("-m", "bookingd.sandbox", *options, log=log))
    return process.pid, (await first_line(process, log)).rpartition(" ")[2]


def _paypal(place: Path, root: str) -> str:
    return PAYPAL_SETTINGS.format(root=root, keys=place / "keys", vendors=place / "vendors", **PAYPAL)


async def _mail_sink(place: Path, stack: AsyncExitStack) -> tuple[int, str]:
    """The mail server: its process, and its port."""
    log = place / "mail-sink.log"
    process = await stack.enter_async_context(child("-m", "benchmarks.mail_sink", log=log))
    return process.pid, await first_line(process, log)


@asynccontextmanager
async def place_for_spine(*, say: Say) -> AsyncIterator[Place]:
    """A broker and an empty database, for processes of the benchmark's own."""
    place = Path(tempfile.mkdtemp(prefix="bookingd-bench-"))
    try:
        async with AsyncExitStack() as stack:
            say("starting PostgreSQL and RabbitMQ")
            engine = await stack.enter_async_context(Engine(place / "postgres"))
            connection = await asyncpg.connect(engine.dsn(OWNER))
            await migrations.migrate(connection, clock=SystemClock())
            await connection.close()
            broker = Node(place / "rabbitmq")
            stack.callback(broker.remove)
            broker.start()
            assert engine.pid is not None
            yield Place(
                url=broker.add_virtual_host("bench"),
                dsn=engine.dsn(DAEMON),
                directory=place,
                broker=broker.pid,
                postgres=engine.pid,
            )
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _messaging(topology: str, place: Path, stack: AsyncExitStack) -> tuple[str, str, dict[str, int]]:
    """Addresses of the bus and the cache, and the processes behind them."""
    if topology == "memory":
        return "memory://", "fakeredis://", {}
    broker, redis = Node(place / "rabbitmq"), RedisServer(place / "redis")
    stack.callback(broker.remove)
    stack.callback(redis.remove)
    redis.launch()
    broker.start()
    redis.wait_ready()
    return broker.add_virtual_host("bench"), redis.url, {"RabbitMQ": broker.pid, "Redis": redis.pid}


def _toml(value: object) -> str:
    """JSON's spelling of truth and of lists is TOML's."""
    return json.dumps(value)


def _program(pretended: str) -> Sequence[str]:
    return ("-m", "benchmarks.pretended", pretended) if pretended else ("-m", "bookingd")


async def _daemon(
    place: Path, name: str, settings: str, program: Sequence[str], stack: AsyncExitStack
) -> int:
    """Its process, once it is ready."""
    file, log = place / f"{name}.toml", place / f"{name}.log"
    file.write_text(settings)
    process = await stack.enter_async_context(child(*program, "run", "--config", file, log=log))
    while not (await first_line(process, log)).startswith("bookingd: ready"):
        pass
    return process.pid


def _keys(place: Path) -> Path:
    """The gateway's secrets, where the daemon reads them."""
    keys = place / "keys"
    keys.mkdir(mode=0o700)
    for name, secret in {**SECRETS, "paypal_client_secret": PAYPAL_SECRET}.items():
        (keys / name).touch(mode=0o600)
        (keys / name).write_text(secret)
    return keys


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
