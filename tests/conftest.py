"""What every test stands on: real servers, and time, ids and chance in the test's hand.

One PostgreSQL a run, which dies with it (of several workers, each is a run); the schema is migrated once into
a template, and each test gets a database copied from that. One RabbitMQ a run likewise, with a virtual host a
test; a Redis a test. Servers of your own are used where they are named: BOOKINGD_TEST_DATABASE_URL (a
superuser's), BOOKINGD_TEST_AMQP_URL (an administrator's, with the management plugin; BOOKINGD_TEST_AMQP_API
if that is not on port 15672) and BOOKINGD_TEST_REDIS_URL (a database that may be emptied). What is stopped by
a test is always private.
"""

import asyncio
import itertools
import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg
import pytest
import redis
from aiohttp import web_app

from bookingd.engine import DAEMON, OWNER, SUPERUSER, Engine
from bookingd.sources import SystemClock
from bookingd.storage import migrations
from bookingd.storage.database import Connection, Database
from tests.fakes.sources import ManualClock, SeededChance, SequentialIds
from tests.servers import rabbitmq
from tests.servers.management import Management
from tests.servers.process import start as start_process
from tests.servers.redis import RedisServer

T = TypeVar("T")

BLOCKED_AFTER = 1.0  # seconds in one step of the event loop, less the time in which others had the processors


MEMORY = Path("/dev/shm")  # Linux's tmpfs
MEMORY_PREFIX = "bookingd-test-postgres-"
MEMORY_ENOUGH = 2 * 1024**3  # bytes: WAL takes half of it at most, all else a hundredth


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "may_block: this test holds the event loop up, and its name says why")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A PostgreSQL server; `find(role, database)` is where that role finds that database."""

    find: Callable[[str, str], str]
    prefix: str

    @property
    def template(self) -> str:
        return f"{self.prefix}_template"


def _find_through(url: str) -> Callable[[str, str], str]:
    """Other roles are taken on through the administrator's URL, so that they need no password."""

    def find(role: str, database: str) -> str:
        parts = urlsplit(url)
        settings = [*parse_qsl(parts.query), *([] if role == SUPERUSER else [("role", role)])]
        return urlunsplit(parts._replace(path=f"/{database}", query=urlencode(settings)))

    return find


async def _administer(server: Server, *statements: str) -> None:
    connection = await asyncpg.connect(server.find(SUPERUSER, "postgres"))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def _make_roles(server: Server) -> None:
    connection = await asyncpg.connect(server.find(SUPERUSER, "postgres"))
    try:
        for role in (OWNER, DAEMON):
            if not await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role):
                await connection.execute(f'CREATE ROLE "{role}" LOGIN')
    finally:
        await connection.close()


async def _make_template(server: Server) -> None:
    await _administer(server, f'CREATE DATABASE "{server.template}" OWNER "{OWNER}"')
    connection = await asyncpg.connect(server.find(OWNER, server.template))
    try:
        await migrations.migrate(connection, clock=SystemClock())
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def _server_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """In memory, if there is room: a database is 600 files, which tmpfs copies in 12 ms and ext4 in 70."""
    if not (
        MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > MEMORY_ENOUGH
    ):
        yield tmp_path_factory.mktemp("postgres")
        return
    for left in MEMORY.glob(f"{MEMORY_PREFIX}*"):  # by runs that were killed
        if not Path("/proc", left.name.removeprefix(MEMORY_PREFIX)).exists():
            shutil.rmtree(left, ignore_errors=True)
    directory = MEMORY / f"{MEMORY_PREFIX}{os.getpid()}"
    directory.mkdir(mode=0o755)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
def _server(_server_directory: Path) -> Iterator[Server]:
    """The run's server with its migrated template, in a loop of its own: it outlives those of the tests."""
    loop = asyncio.new_event_loop()

    def do(work: Coroutine[Any, Any, T]) -> T:
        return loop.run_until_complete(work)

    url = os.environ.get("BOOKINGD_TEST_DATABASE_URL")
    engine = Engine(_server_directory / "engine", durable=False)
    try:
        if not url:
            do(engine.start())
        find = _find_through(url) if url else engine.dsn
        server = Server(find=find, prefix=f"bookingd_test_{os.getpid()}")
        do(_make_roles(server))
        do(_make_template(server))
        yield server
        do(_administer(server, f'DROP DATABASE "{server.template}"'))
    finally:
        do(engine.stop())
        loop.close()


_numbers = itertools.count(1)


@pytest.fixture
async def database_name(_server: Server) -> AsyncIterator[str]:
    """A fresh, migrated, empty database."""
    name = f"{_server.prefix}_{next(_numbers)}"
    copied = f'TEMPLATE "{_server.template}" STRATEGY file_copy OWNER "{OWNER}"'
    await _administer(_server, f'CREATE DATABASE "{name}" {copied}')
    yield name
    await _administer(_server, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def database_dsn(_server: Server, database_name: str) -> str:
    """Where the daemon's role finds the test's database; another process may use it too."""
    return _server.find(DAEMON, database_name)


@pytest.fixture
def owner_dsn(_server: Server, database_name: str) -> str:
    """Where the owner's role finds the test's database."""
    return _server.find(OWNER, database_name)


@pytest.fixture
async def database(database_dsn: str) -> AsyncIterator[Database]:
    """A fresh, migrated, empty database, opened as the daemon opens it."""
    opened = await Database.open(dsn=database_dsn, minimum=1, maximum=10, application_name="tests")
    yield opened
    await opened.close()


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[Connection]:
    """A connection of the daemon's role to the test's database."""
    async with database.connection() as opened:
        yield opened


@pytest.fixture
async def owner_connection(owner_dsn: str) -> AsyncIterator[Connection]:
    """A connection of the owner's role to the test's database."""
    opened = await asyncpg.connect(owner_dsn)
    yield opened
    await opened.close()


@pytest.fixture
async def administrator(_server: Server, database_name: str) -> AsyncIterator[Connection]:
    """A superuser's connection to the test's database: to break things (`SELECT pg_terminate_backend(…)`)."""
    opened = await asyncpg.connect(_server.find(SUPERUSER, database_name))
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def _rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[rabbitmq.Administration]:
    """The run's RabbitMQ, started by the first test that asks for a broker."""
    if url := os.environ.get("BOOKINGD_TEST_AMQP_URL"):
        yield Management(url, os.environ.get("BOOKINGD_TEST_AMQP_API"))
        return
    node = rabbitmq.Node(tmp_path_factory.mktemp("rabbitmq") / "node")
    try:
        node.start()
        yield node
    finally:
        node.remove()


@pytest.fixture
def broker(_rabbitmq: rabbitmq.Administration) -> Iterator[rabbitmq.Broker]:
    """A fresh virtual host of the run's RabbitMQ."""
    broker = rabbitmq.Broker(_rabbitmq, f"bookingd_test_{os.getpid()}_{next(_numbers)}")
    yield broker
    _rabbitmq.remove_virtual_host(broker.virtual_host)


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[rabbitmq.OwnBroker]:
    """A RabbitMQ that no other test uses: this one may stop it, kill it and start it again."""
    node = rabbitmq.Node(tmp_path / "rabbitmq")
    try:
        node.start()
        yield rabbitmq.OwnBroker(node, "own")
    finally:
        node.remove()


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """An empty Redis of the test's own, which it may stop and start again."""
    server = RedisServer(tmp_path / "redis")
    try:
        server.launch()
        server.wait_ready()
        yield server
    finally:
        server.remove()


@pytest.fixture
def redis_url(request: pytest.FixtureRequest) -> str:
    """Where an empty Redis is, for a test that does not stop it."""
    url = os.environ.get("BOOKINGD_TEST_REDIS_URL")
    if not url:
        private: RedisServer = request.getfixturevalue("redis_server")
        return private.url
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def ids() -> SequentialIds:
    return SequentialIds()


@pytest.fixture
def chance() -> SeededChance:
    return SeededChance()


@pytest.fixture
def checkout() -> Path:
    """The root of the source tree."""
    return Path(__file__).parent.parent


def _waited_for_processor() -> float:
    """Seconds that this thread was ready to run and was not let (Linux's schedstat; 0 where it has none)."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9
    except FileNotFoundError:
        return 0.0


@pytest.fixture(autouse=True)
def _no_blocked_loop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test in which one step of the event loop took so long that all others stood still."""
    run = asyncio.Handle._run
    longest = (0.0, "")

    def timed(handle: asyncio.Handle) -> None:
        nonlocal longest
        begin = time.perf_counter()
        run(handle)
        took = time.perf_counter() - begin
        if took > longest[0]:
            longest = (took, repr(handle))

    monkeypatch.setattr(asyncio.Handle, "_run", timed)
    waited = _waited_for_processor()
    yield
    blocked = longest[0] - (_waited_for_processor() - waited)
    if blocked > BLOCKED_AFTER and request.node.get_closest_marker("may_block") is None:
        pytest.fail(f"the event loop was blocked for {blocked:.2f} s by {longest[1]}")


@pytest.fixture(autouse=True)
def _no_application_kept() -> Iterator[None]:
    """aiohttp keeps what the last 1,024 handlers are made of: a million objects for each collection."""
    yield
    web_app._cached_build_middleware.cache_clear()


class Spawn(Protocol):
    """Starts a process that ends with the test, and with the test run whatever becomes of that."""

    def __call__(self, *command: str | Path, **options: Any) -> "subprocess.Popen[str]": ...


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    """Start processes (text pipes for output): `spawn(sys.executable, "-m", "bookingd", "run", env=...)`."""
    started: list[subprocess.Popen[str]] = []

    def start(*command: str | Path, **options: Any) -> subprocess.Popen[str]:
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        process: subprocess.Popen[str] = start_process(*command, **(pipes | options))
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
