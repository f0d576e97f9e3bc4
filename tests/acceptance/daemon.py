"""The daemon, its gateway's stand-in and its mail server as a test runs them: real processes to be killed.

The gateway and the mail server outlive the daemon, as they do in the world: what they have seen is what
really happened. All of them die with the test run.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.conftest import Spawn

SECRET_KEY, WEBHOOK_SECRET = "sk_test_sandbox", "whsec_sandbox"
PAYPAL = {"client_id": "acceptance-client", "webhook_id": "0EH40505U7160970P"}
PAYPAL_SECRET = "acceptance-client-secret"

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
"""Of every process: the checkout's own code, wherever it runs."""

STARTS_WITHIN = 40.0
"""Seconds, on a busy machine; an idle one needs two."""

TOLD = 60
"""Lines of its log that a daemon shows when its test fails."""


def free_port() -> int:
    """A port of the loopback interface that nobody has at the moment."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


async def until(done: Callable[[], Awaitable[Any]], within: float = 20.0, *, every: float = 0.02) -> Any:
    """The first true answer; another process and PostgreSQL tell nobody by themselves, so they are asked."""
    async with asyncio.timeout(within):
        while not (found := await done()):  # noqa: ASYNC110
            await asyncio.sleep(every)
    return found


@dataclass(slots=True, kw_only=True)
class Gateway:
    """The stand-ins for Stripe and PayPal, in one process, wherever it runs."""

    port: int
    directory: Path
    """Where they keep what they know, and PayPal's its trust anchor."""

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls, spawn: Spawn, *, directory: Path, webhooks_to: int) -> AsyncIterator["Gateway"]:
        """In a process of its own; `webhooks_to` is the daemon's port."""
        process = spawn(
            sys.executable,
            "-m",
            "bookingd.sandbox",
            "--stripe-webhook-url",
            f"http://127.0.0.1:{webhooks_to}/webhooks/stripe",
            "--paypal-webhook-url",
            f"http://127.0.0.1:{webhooks_to}/webhooks/paypal",
            "--paypal-client-id",
            PAYPAL["client_id"],
            "--paypal-client-secret",
            PAYPAL_SECRET,
            "--paypal-webhook-id",
            PAYPAL["webhook_id"],
            "--directory",
            str(directory),
            "--until-eof",
            stdin=subprocess.PIPE,
            stderr=None,
            env=ENVIRONMENT,
        )
        assert process.stdout is not None
        line = await asyncio.to_thread(process.stdout.readline)
        assert line.startswith("listening on "), line
        yield cls(port=int(line.rsplit(":", 1)[1].split("/")[0]), directory=directory)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/stripe"

    @property
    def paypal(self) -> dict[str, Any]:
        """The daemon's settings of PayPal."""
        secret = self.directory / "paypal_client_secret"
        secret.touch(mode=0o600)
        secret.write_text(PAYPAL_SECRET)
        return {
            **PAYPAL,
            "base_url": f"{self._root}/paypal",
            "client_secret_file": str(secret),
            "ca_file": str(self.directory / "paypal-ca.pem"),
        }

    async def misbehave(
        self, how: str, operation: str, *, at: str = "stripe", times: int = 1, seconds: float = 3.0
    ) -> None:
        """Let the next `times` calls of the operation go wrong."""
        wish = {"sandbox": at, "operation": operation, "how": how, "times": times, "seconds": seconds}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self._root}/_sandbox/misbehave", json=wish) as answer,
        ):
            assert answer.status == 204, await answer.text()

    async def payments(self) -> dict[str, Any]:
        """What they have done, by our ids of the payments."""
        stripe, paypal = await self._ledger("stripe"), await self._ledger("paypal")
        assert not stripe.keys() & paypal.keys()
        orders = {payment: {**seen, "payment_intents": seen["orders"]} for payment, seen in paypal.items()}
        return stripe | orders

    async def _ledger(self, name: str) -> dict[str, Any]:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self._root}/_sandbox/{name}/ledger") as answer,
        ):
            found: dict[str, Any] = (await answer.json())["payments"]
        return {payment: {**seen, "gateway": name} for payment, seen in found.items()}

    async def tell_paypal(self, path: str, **wish: Any) -> None:
        """Have something happen at PayPal's stand-in."""
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self._root}/_sandbox/paypal{path}", json=wish) as answer,
        ):
            assert answer.status < 300, await answer.text()

    async def call(self, path: str, *, headers: Mapping[str, str]) -> dict[str, Any]:
        """What the merchant does at the vendor's own site, past bookingd."""
        authorised = {"Authorization": f"Bearer {SECRET_KEY}", **headers}
        async with (
            aiohttp.ClientSession(headers=authorised) as session,
            session.post(self.url + path) as answer,
        ):
            found: dict[str, Any] = await answer.json()
            assert answer.status == 200, found
        return found

    @property
    def _root(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@dataclass(slots=True, kw_only=True)
class Daemon:
    """`bookingd run` in a directory of its own, to be started, killed and started again."""

    directory: Path
    port: int
    spawn: Spawn
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    process: "subprocess.Popen[str] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def config(self) -> Path:
        return self.directory / "bookingd.toml"

    @property
    def var(self) -> Path:
        return self.directory / "var"

    @property
    def log(self) -> str:
        """All that it has said, over all its lives."""
        file = self.directory / "daemon.log"
        return file.read_text() if file.exists() else ""

    async def start(self, *arguments: str, within: float = STARTS_WITHIN) -> None:
        """Start it and wait until it is ready."""
        process = self.launch(*arguments)
        await until(lambda: self._ready_or_over(process), within, every=0.05)
        assert process.poll() is None, f"the daemon ended with status {process.poll()}:\n{self.log}"

    def launch(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start it without waiting for anything."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self.config.write_text(as_toml(self.settings))
        with (self.directory / "daemon.log").open("a") as log:
            self.process = self.spawn(
                sys.executable,
                "-m",
                "bookingd",
                "run",
                "--config",
                self.config,
                *arguments,
                stdout=log,
                cwd=self.directory,
                env=ENVIRONMENT,
            )
        return self.process

    def kill(self) -> None:
        """`kill -9`, and wait until the kernel has cleared it away."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    async def stop(self, number: int = signal.SIGTERM, within: float = 30.0) -> int:
        """Ask it to stop; its exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        return await self.ended(within)

    async def ended(self, within: float = 30.0) -> int:
        """Wait until it has ended; its exit status."""
        assert self.process is not None
        return await asyncio.to_thread(self.process.wait, within)

    async def restart(self) -> None:
        """Kill it and start it again."""
        await asyncio.to_thread(self.kill)
        await self.start()

    async def command(self, *arguments: str) -> tuple[int, str, str]:
        """Run `bookingd ...` beside it; exit status, standard output and standard error."""
        process = self.spawn(
            sys.executable,
            "-m",
            "bookingd",
            *arguments,
            stderr=subprocess.PIPE,
            cwd=self.directory,
            env=ENVIRONMENT,
        )
        output, errors = await asyncio.to_thread(process.communicate, timeout=90)
        return process.returncode, output, errors

    async def status_of(self, path: str) -> int | None:
        """The status of a GET; None where nobody answers."""
        try:
            async with aiohttp.ClientSession() as session, session.get(self.url + path) as answer:
                return answer.status
        except aiohttp.ClientError:
            return None

    def tell(self) -> None:
        """Its last words, which pytest shows when the test has failed."""
        sys.stdout.write("\n".join(["--- the daemon's log ends ---", *self.log.splitlines()[-TOLD:], ""]))

    async def _ready_or_over(self, process: "subprocess.Popen[str]") -> bool:
        return process.poll() is not None or await self.status_of("/readyz") == 200


KINDS: Mapping[str, Sequence[str]] = {
    "http": (),
    "auth": ("auth",),
    "search": ("search",),
    "booking": ("booking",),
    "payment": ("payment",),
    "notify": ("notify",),
    "audit": ("audit",),
}
"""The processes of a split daemon, and the actors that each runs; the first serves HTTP."""


@dataclass(slots=True, kw_only=True)
class SplitDaemon(Daemon):
    """The same daemon as a process an actor, and one for HTTP: started, killed and stopped together."""

    twice: Sequence[str] = ()
    """Kinds of which there are two processes."""
    members: dict[str, Daemon] = field(init=False)

    def __post_init__(self) -> None:
        self.members = {kind: self._member(kind, actors) for kind, actors in KINDS.items()}
        self.members |= {f"{kind}-2": self._member(f"{kind}-2", KINDS[kind]) for kind in self.twice}

    def _member(self, name: str, actors: Sequence[str]) -> Daemon:
        """Each is asked whether it is ready at a port of its own."""
        port = free_port()
        settings = self.settings | {
            "server": self.settings["server"] | {"enabled": not actors, "reuse_port": True},
            "actors": self.settings.get("actors", {}) | {"run": list(actors)},
            "metrics": {"port": port},
        }
        return Daemon(directory=self.directory / name, port=port, spawn=self.spawn, settings=settings)

    @property
    def config(self) -> Path:
        return self.members["http"].config

    @property
    def log(self) -> str:
        return "\n".join(f"--- {kind}\n{member.log}" for kind, member in self.members.items())

    def launch(self, *arguments: str) -> "subprocess.Popen[str]":
        self.directory.mkdir(exist_ok=True)
        for member in self.members.values():
            self.process = member.launch(*arguments)
        assert self.process is not None
        return self.process

    async def start(self, *arguments: str, within: float = STARTS_WITHIN * 2) -> None:
        self.directory.mkdir(exist_ok=True)
        starting = [member.start(*arguments, within=within) for member in self.members.values()]
        await asyncio.gather(*starting)

    def kill(self) -> None:
        for member in self.members.values():
            member.kill()

    async def stop(self, number: int = signal.SIGTERM, within: float = 30.0) -> int:
        ends = await asyncio.gather(*(member.stop(number, within) for member in self.members.values()))
        return max(ends)

    def tell(self) -> None:
        for member in self.members.values():
            member.tell()


def as_toml(settings: dict[str, dict[str, Any]]) -> str:
    """JSON's spelling of text, numbers and truth is TOML's."""
    lines = []
    for section, values in settings.items():
        lines.append(f"[{section}]")
        lines.extend(f"{name} = {json.dumps(value)}" for name, value in values.items())
    return "\n".join(lines) + "\n"


def configuration(
    directory: Path, *, port: int, database_dsn: str, gateway: Gateway, smtp: str
) -> dict[str, dict[str, Any]]:
    """The settings of a daemon whose database, gateways and mail server are elsewhere."""
    directory.mkdir(exist_ok=True)
    for name, secret in (("stripe_key", SECRET_KEY), ("webhook_secret", WEBHOOK_SECRET)):
        file = directory / name
        file.touch(mode=0o600)
        file.write_text(secret)
    return {
        "server": {"port": port, "drain_seconds": 5},
        "database": {"url": database_dsn, "pool_maximum": 6},
        "paths": {"var": str(directory / "var")},
        "inventory": {"demo": False},
        "stripe": {
            "base_url": gateway.url,
            "secret_key_file": str(directory / "stripe_key"),
            "webhook_secret_file": str(directory / "webhook_secret"),
        },
        "paypal": gateway.paypal,
        "mail": {"url": smtp},
        "sandbox": {"enabled": False},
        "audit": {"checkpoint_seconds": 1},
    }
