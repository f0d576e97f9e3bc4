"""A private RabbitMQ node: own name, ports, directories, HOME and cookie, and no epmd at all.

A node takes 5 s to start, a virtual host 10 ms, so a run shares one node and a test has a virtual host of its
own. The rule: only a test with a node of its own (`OwnBroker`) may stop it.
"""

import asyncio
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import quote

from tests.servers.console import Console
from tests.servers.process import Port, ServerError, last_words, start

PACKAGE = "rabbitmq-server"
USER = "tester"
READY_WITHIN = 90.0  # seconds; 5 on an idle machine
PLACES = ("/usr/lib/rabbitmq/lib/*/sbin", "/usr/lib/rabbitmq/bin", "/opt/rabbitmq/sbin")

CONFIGURATION = f"""\
default_user = {USER}
default_pass = {USER}
vm_memory_high_watermark.absolute = 1GB
disk_free_limit.absolute = 50MB
raft.wal_max_size_bytes = 16777216
log.console = false
log.file = rabbit.log
log.file.level = info
"""

# A machine made for two processors and for being started often.
ERLANG = "+S 2:2 +A 8 +SDio 2"

DEPTHS = """\
    [case amqqueue:get_type(Queue) of
         rabbit_quorum_queue ->
             {ok, {_, {Messages, Consumers}}, _} = ra:leader_query(amqqueue:get_pid(Queue), fun(State) ->
                 {rabbit_fifo:query_messages_total(State), rabbit_fifo:query_consumer_count(State)} end),
             {element(4, amqqueue:get_name(Queue)), Messages, Consumers};
         _ ->
             [{messages, Messages}, {consumers, Consumers}] =
                 rabbit_amqqueue:info(Queue, [messages, consumers]),
             {element(4, amqqueue:get_name(Queue)), Messages, Consumers}
     end || Queue <- rabbit_amqqueue:list(<<"VIRTUAL HOST">>)]
"""

# A broker that answers may still be busy ending its boot; stopped in that moment it never starts again.
BOOTED = """\
    (fun Wait() -> case whereis(rabbit_boot) of undefined -> ok; _ -> timer:sleep(5), Wait() end end)()
"""

CLOSE = """\
    [rabbit_networking:close_connection(Connection, "closed by the test") ||
        [{pid, Connection}, {vhost, <<"VIRTUAL HOST">>}] <-
            rabbit_networking:connection_info_all([pid, vhost])]
"""


class Depth(NamedTuple):
    """What a queue holds (messages: ready and delivered but not settled) and how many consumers it has."""

    messages: int
    consumers: int


class Administration(Protocol):
    """What a broker is asked beside AMQP; every call blocks for milliseconds."""

    def add_virtual_host(self, name: str) -> str:
        """Make an empty virtual host; the answer is its AMQP URL."""
        ...

    def remove_virtual_host(self, name: str) -> None: ...

    def close_connections(self, name: str) -> None: ...

    def depths(self, name: str) -> Mapping[str, Depth]: ...


def find_server() -> Path:
    """The script that starts RabbitMQ, past Debian's wrapper, which insists on its own user.

    Raises ServerError: not installed.
    """
    for place in PLACES:
        for script in sorted(Path("/").glob(f"{place[1:]}/rabbitmq-server")):
            return script
    if found := shutil.which("rabbitmq-server"):
        return Path(found)
    raise ServerError(f"RabbitMQ is missing. Install it: sudo apt-get install {PACKAGE}")


class Node:
    """A RabbitMQ node under `directory`; it keeps its ports and its data while it is down.

    `settings` are lines of rabbitmq.conf, `plugins` what else it loads.
    """

    def __init__(self, directory: Path, *settings: str, plugins: Sequence[str] = ()) -> None:
        self._directory = directory
        self._settings = settings
        self._plugins = plugins
        self._amqp, self._distribution = Port(), Port()
        self._process: subprocess.Popen[bytes] | None = None
        self._console: Console | None = None

    @property
    def pid(self) -> int:
        """The Erlang machine's process."""
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether its machine is there; the broker in it may be stopped."""
        return self._process is not None

    @property
    def log(self) -> Path:
        """The file with all that the node had to say."""
        return self._directory / "log" / "rabbit.log"

    def launch(self) -> None:
        """Start the machine; `wait_ready` returns when the broker answers. Only from the main thread."""
        self._lay_out()
        with (self._directory / "errors.log").open("ab") as errors:
            self._process = start(
                find_server(),
                env=self._environment(),
                cwd=self._directory,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                process_group=0,  # an interrupt at the terminal is for the test run
            )
        self._console = Console(self._process)

    def wait_ready(self) -> None:
        """Return when the broker takes connections. Raises ServerError with its last words."""
        try:
            self.ask(f"ok = rabbit:await_startup(node(), false, {int(READY_WITHIN * 1000)})", READY_WITHIN)
            self.ask(BOOTED)
        except ServerError as error:
            self.kill()
            words = last_words(self._directory / "errors.log", self.log)
            raise ServerError(f"RabbitMQ did not start: {error}\n{words}") from error

    def start(self) -> None:
        self.launch()
        self.wait_ready()

    def kill(self) -> None:
        """End it as `kill -9` does; its data stays."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def remove(self) -> None:
        """End it and take its data and its ports away."""
        self.kill()
        self._amqp.close()
        self._distribution.close()
        shutil.rmtree(self._directory, ignore_errors=True)

    def ask(self, expression: str, within: float = 30.0) -> str:
        """The value of an Erlang expression on this node, as Erlang writes it. Raises ServerError."""
        assert self._console is not None
        return self._console.ask(" ".join(expression.split()), within=within)

    def add_virtual_host(self, name: str) -> str:
        self.ask(
            f'ok = rabbit_vhost:add(<<"{name}">>, <<"{USER}">>),'
            f' rabbit_auth_backend_internal:set_permissions(<<"{USER}">>, <<"{name}">>,'
            f' <<".*">>, <<".*">>, <<".*">>, <<"{USER}">>)'
        )
        return f"amqp://{USER}:{USER}@127.0.0.1:{self._amqp.number}/{quote(name, safe='')}"

    def remove_virtual_host(self, name: str) -> None:
        """In the background: the next test need not wait for it."""
        self.ask(f'spawn(fun() -> rabbit_vhost:delete(<<"{name}">>, <<"{USER}">>) end), ok')

    def close_connections(self, name: str) -> None:
        self.ask(CLOSE.replace("VIRTUAL HOST", name))

    def depths(self, name: str) -> Mapping[str, Depth]:
        answer = self.ask(DEPTHS.replace("VIRTUAL HOST", name))
        found = re.findall(r'\{<<"([^"]*)">>,(\d+),(\d+)\}', answer)
        return {queue: Depth(int(messages), int(consumers)) for queue, messages, consumers in found}

    def _lay_out(self) -> None:
        if self._directory.joinpath("rabbitmq.conf").exists():
            return
        self._directory.mkdir(parents=True, exist_ok=True)
        listener = f"listeners.tcp.1 = 127.0.0.1:{self._amqp.number}"
        lines = "\n".join([listener, *self._settings, CONFIGURATION])
        self._directory.joinpath("rabbitmq.conf").write_text(lines)
        self._directory.joinpath("enabled_plugins").write_text(f"[{','.join(self._plugins)}].\n")
        cookie = self._directory / ".erlang.cookie"
        cookie.write_text("BOOKINGDTEST")
        cookie.chmod(0o400)

    def _environment(self) -> dict[str, str]:
        """With its standard input left open the start script becomes the Erlang machine, with a shell.

        Named on the command line, the machine is a node before RabbitMQ looks, so that it needs no epmd; the
        flags that forbid one are inherited by the machines with which RabbitMQ sees to epmd every minute.
        """
        here = self._directory
        local = "-kernel inet_dist_use_interface {127,0,0,1}"
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(here),
            "ERL_FLAGS": f"-start_epmd false -erl_epmd_port {self._distribution.number}",
            "ERL_EPMD_PORT": "1",
            "RABBITMQ_ALLOW_INPUT": "true",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_NODENAME": "bookingd@localhost",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"-sname bookingd@localhost {ERLANG} {local}",
            "RABBITMQ_CONFIG_FILE": str(here / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(here / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(here / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(here / "data"),
            "RABBITMQ_LOG_BASE": str(here / "log"),
            "RABBITMQ_PID_FILE": str(here / "pid"),
        }


class Broker:
    """A virtual host of its own for one test: `url` is where, the methods are what happens to it there."""

    def __init__(self, administration: Administration, virtual_host: str) -> None:
        self._administration = administration
        self.virtual_host = virtual_host
        self.url = administration.add_virtual_host(virtual_host)

    async def kill_connections(self) -> None:
        """Close every connection of the virtual host from the broker's side."""
        await asyncio.to_thread(self._administration.close_connections, self.virtual_host)

    async def queue_depths(self) -> Mapping[str, Depth]:
        """Queue name -> what it holds at this moment."""
        return await asyncio.to_thread(self._administration.depths, self.virtual_host)


class OwnBroker(Broker):
    """A whole node for one test, which may end and come back with its data at the same URL."""

    def __init__(self, node: Node, virtual_host: str) -> None:
        super().__init__(node, virtual_host)
        self._node = node

    @property
    def pid(self) -> int:
        """The broker's process, for a test that wants to send it a signal."""
        return self._node.pid

    async def ask(self, expression: str) -> str:
        """The value of an Erlang expression on the node: `rabbit_alarm:set_alarm(...)`."""
        return await asyncio.to_thread(self._node.ask, expression)

    async def stop(self) -> None:
        """Stop the broker in order: connections are closed, its port refuses; 0.1 s."""
        await self.ask("ok = rabbit:stop()")

    async def start(self) -> None:
        """Start it again after `stop` (1 s) or `kill` (5 s); returns when it takes connections."""
        if self._node.is_running:
            await self.ask("ok = rabbit:start()")
        else:
            self._node.launch()
        await asyncio.to_thread(self._node.wait_ready)

    async def kill(self) -> None:
        """End the node as `kill -9` does; what it had confirmed is on its disk.

        The names of queues younger than some seconds would not be (RabbitMQ 3.10 writes them later, and then
        drops what their logs hold), and no real installation has its queues for so short a time.
        """
        await self.ask("[ok = dets:sync(Table) || Table <- dets:all()]")
        await asyncio.to_thread(self._node.kill)

    async def freeze(self) -> None:
        """Let the node stand still with its connections open, as on a host that hangs; `thaw` ends it."""
        os.kill(self._node.pid, signal.SIGSTOP)

    async def thaw(self) -> None:
        os.kill(self._node.pid, signal.SIGCONT)
