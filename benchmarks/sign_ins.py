"""Signing in beside bare verification of passwords; and what a search feels of fifty people who sign in.

Almost all that a sign-in costs is Argon2id, on purpose: what else it does (HTTP, throttle, database, audit)
should hardly be seen. The bare side verifies the same hash in as many threads, in this process, in turn with
ours. Each user has an account and a network address of their own, as in life, told by X-Forwarded-For.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import asyncpg
import uuid_utils.compat as uuid_utils
from argon2 import Type
from argon2.low_level import verify_secret

from benchmarks.api import Api
from benchmarks.figures import Cpu, Figure, Spread
from benchmarks.progress import Progress
from benchmarks.search import busy_places, searches
from benchmarks.servers import Servers
from bookingd.config import Settings
from bookingd.security.passwords import Cost, PasswordHasher
from bookingd.sources import SystemChance

USERS = 50
"""Who sign in at once, each again and again."""

PASSWORD = "a rather long sentence for a benchmark"
THREADS = Settings().security.password_threads

ACCOUNTS = """
INSERT INTO accounts (id, state, address, address_key, password, name, locale, currency, roles, created_at)
SELECT id, 'open', address, address, $3, 'Bench', 'en', 'EUR', '{traveller}', $4
  FROM unnest($1::uuid[], $2::text[]) AS made (id, address)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIns:
    """The rounds of sign-ins and of bare verification, in pairs; and the searches."""

    users: int
    ours: list[Figure] = field(default_factory=list)
    bare: list[Figure] = field(default_factory=list)
    idle: list[Figure] = field(default_factory=list)
    """New searches, one after the other, on an idle daemon."""
    beside: list[Figure] = field(default_factory=list)
    """The same while the users sign in."""

    @property
    def ratio(self) -> Spread:
        """Sign-ins for one bare verification."""
        return Spread([ours.rate / bare.rate for ours, bare in zip(self.ours, self.bare, strict=True)])


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody with an account."""

    api: Api
    address: str

    async def sign_in(self) -> None:
        """Open a session. Raises Refused."""
        asked = {"kind": "account", "email": self.address, "password": PASSWORD}
        await self.api.post("/v1/sessions", asked)


async def measure(servers: Servers, *, seconds: float, rounds: int, progress: Progress) -> SignIns:
    """All of it, in turn. The daemon has its default cost and threads."""
    found, hashed = SignIns(users=USERS), await _hashed()
    addresses = await _accounts(servers, hashed)
    looks = searches(await busy_places(servers), servers.days)
    async with Api.anonymous(servers.url) as api, _users(servers, addresses) as users:
        await api.get(next(looks))
        for number in range(1, rounds + 1):
            async with progress.step(f"bare Argon2id, round {number}", seconds) as tell:
                found.bare.append(figure := await _bare(hashed, seconds))
                tell(f"{figure.rate:8,.1f} passwords/s")
            async with progress.step(f"sign-ins, round {number}", seconds) as tell:
                found.ours.append(figure := await _sign_ins(servers, users, seconds))
                tell(f"{figure.rate:8,.1f} sign-ins/s")
            for name, figures, many in (("idle", found.idle, 0), ("beside sign-ins", found.beside, USERS)):
                async with progress.step(f"searches, {name}, round {number}", seconds) as tell:
                    async with _signing_in(users[:many]):
                        figures.append(figure := await _searches(servers, api, looks, seconds))
                    tell(f"{figure.percentile(0.5):8,.1f} ms")
    return found


async def _bare(hashed: str, seconds: float) -> Figure:
    """The same hash, verified in threads as fast as they can."""
    end, cpu = time.perf_counter() + seconds, Cpu()

    def verify() -> list[float]:
        latencies = []
        while (begin := time.perf_counter()) < end:
            verify_secret(hashed.encode(), PASSWORD.encode(), Type.ID)
            latencies.append(time.perf_counter() - begin)
        return latencies

    with ThreadPoolExecutor(THREADS) as pool:
        loop, begin = asyncio.get_running_loop(), time.perf_counter()
        found = await asyncio.gather(*(loop.run_in_executor(pool, verify) for _ in range(THREADS)))
        took = time.perf_counter() - begin
    latencies = [one for each in found for one in each]
    return Figure(done=len(latencies), seconds=took, latencies=latencies, cpu=cpu.used())


async def _sign_ins(servers: Servers, users: Sequence[User], seconds: float) -> Figure:
    cpu, begin = Cpu(**servers.pids), time.perf_counter()
    latencies: list[float] = []
    end = begin + seconds

    async def again_and_again(user: User) -> None:
        while (now := time.perf_counter()) < end:
            await user.sign_in()
            latencies.append(time.perf_counter() - now)

    await asyncio.gather(*map(again_and_again, users))
    took = time.perf_counter() - begin
    return Figure(done=len(latencies), seconds=took, latencies=latencies, cpu=cpu.used())


async def _searches(servers: Servers, api: Api, looks: Iterator[str], seconds: float) -> Figure:
    cpu, begin = Cpu(**servers.pids), time.perf_counter()
    latencies: list[float] = []
    while (now := time.perf_counter()) < begin + seconds:
        await api.get(next(looks))
        latencies.append(time.perf_counter() - now)
    took = time.perf_counter() - begin
    return Figure(done=len(latencies), seconds=took, latencies=latencies, cpu=cpu.used())


@asynccontextmanager
async def _signing_in(users: Sequence[User]) -> AsyncIterator[None]:
    """These sign in again and again, within the block."""

    async def again_and_again(user: User) -> None:
        while True:
            await user.sign_in()

    tasks = [asyncio.create_task(again_and_again(user)) for user in users]
    try:
        yield
        assert not any(task.done() for task in tasks)
    finally:
        for task in tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks)


@asynccontextmanager
async def _users(servers: Servers, addresses: Sequence[str]) -> AsyncIterator[list[User]]:
    """Each with a network address of their own, over connections that they share."""
    async with Api.anonymous(servers.url) as nobody:
        yield [
            User(api=nobody.known_by({"X-Forwarded-For": f"10.0.0.{number}"}), address=address)
            for number, address in enumerate(addresses, start=1)
        ]


async def _hashed() -> str:
    hasher = PasswordHasher(chance=SystemChance(), cost=Cost())
    try:
        return await hasher.hash(PASSWORD)
    finally:
        hasher.close()


async def _accounts(servers: Servers, hashed: str) -> list[str]:
    """The addresses of accounts that were never asked to register: all have the one password."""
    addresses = [f"bench-{number}@mail.example" for number in range(USERS)]
    connection = await asyncpg.connect(servers.dsn())
    try:
        ids = [uuid_utils.uuid7() for _ in addresses]
        await connection.execute(ACCOUNTS, ids, addresses, hashed, datetime.now(UTC))
    finally:
        await connection.close()
    return addresses
