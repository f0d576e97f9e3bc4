"""Payments from created to captured, beside the least that one must leave behind on the same server.

Bookings are held before anything is measured. Then users pay for one after the other, by card or at PayPal's
page (a call of the stand-in's own has the buyer approve), and see each confirmed: authorised, ticketed,
captured, in the books. In turn `pgbench` writes the minimal payment. CPU is told by component.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import parse_qs, urlsplit

import asyncpg

from benchmarks import floor
from benchmarks.api import SoldOut, encode
from benchmarks.booking import FEWEST_SEARCHES, drained, offers_of
from benchmarks.figures import Cpu, Figure, Spread
from benchmarks.progress import Progress
from benchmarks.servers import Servers
from benchmarks.spy import Profiles
from benchmarks.travellers import CARD, CONTACT, PARTY, Traveller, crowd
from benchmarks.wire import Wire

GATEWAYS = ("stripe", "paypal")
MOST_A_SECOND = 120
"""Bookings that are held beforehand, for each second of paying."""

SEARCHES_A_SECOND = 12
"""Of paying; their offers are booked over and over."""

WAIT = 30
"""Seconds that a payer waits to be sent to PayPal's page."""

TRUE_ONES = """
SELECT count(*) FILTER (WHERE booking.state = 'confirmed' AND payment.gateway = $2
                          AND payment.captured = booking.total AND payment.refunded = 0)
  FROM bookings AS booking LEFT JOIN payments AS payment ON payment.booking_id = booking.id
 WHERE booking.reference = ANY ($1)
"""
BOOKED = """
SELECT count(*) FROM ledger_entries AS entry JOIN bookings AS booking ON booking.id = entry.booking_id
 WHERE booking.reference = ANY ($1) AND entry.reason = 'capture'
"""


class Untrue(Exception):
    """What was counted is not what happened; there is no figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """The rounds by a gateway, and the floor's right after each."""

    gateway: str
    topology: str
    users: int
    ours: list[Figure] = field(default_factory=list)
    """Latencies from the request to `confirmed`."""
    floor: list[Figure] = field(default_factory=list)

    @property
    def ratio(self) -> Spread:
        """Our payments for one of the floor's."""
        return Spread([ours.rate / floor.rate for ours, floor in zip(self.ours, self.floor, strict=True)])


class Payer(Traveller):
    """A traveller with bookings to be paid for."""

    def __init__(self, traveller: Traveller) -> None:
        super().__init__(traveller._api, traveller._live)  # noqa: SLF001 - the same one
        self._held: list[str] = []

    async def hold(self, offers: Iterator[str]) -> None:
        """One booking more, of the next offer that is not sold out."""
        for offer in offers:
            wish = {"offer_id": offer, "passengers": PARTY, "contact": CONTACT}
            with suppress(SoldOut):
                made = await self._api.post("/v1/bookings", wish, wait=WAIT)
                if made["state"] == "awaiting_payment":
                    self._held.append(made["reference"])
                    return

    async def pay_next(self, gateway: str, wire: Wire) -> str | None:
        """Until it is confirmed; its reference, or None where none is left."""
        if not self._held:
            return None
        reference = self._held.pop()
        await self._live.send_str(encode({"subscribe": f"booking:{reference}", "after": 0}).decode())
        if gateway == "stripe":
            wish = {"gateway": gateway, "payment_method": CARD}
            await self._api.post(f"/v1/bookings/{reference}/payments", wish)
        else:
            asked = await self._api.post(
                f"/v1/bookings/{reference}/payments", {"gateway": gateway}, wait=WAIT
            )
            order = parse_qs(urlsplit(asked["action_url"]).query)["token"][0]
            await wire.ask("POST", f"/_sandbox/paypal/orders/{order}/approve", {}, b"{}")
        await self._until(reference, "confirmed")
        await self._live.send_str(encode({"unsubscribe": f"booking:{reference}"}).decode())
        return reference


async def measure(
    servers: Servers,
    *,
    topology: str,
    users: int,
    seconds: float,
    rounds: int,
    progress: Progress,
    profiles: Profiles | None = None,
) -> list[Paid]:
    """By both gateways in turn. Raises Untrue, Refused."""
    found = [Paid(gateway=name, topology=topology, users=users) for name in GATEWAYS]
    offers = await offers_of(servers, max(FEWEST_SEARCHES, round(SEARCHES_A_SECOND * seconds)), progress)
    turn = Rounds(servers=servers, users=users, offers=offers, seconds=seconds, progress=progress)
    for number in range(1, rounds + 1):
        for paid in found:
            what = f"payments by {paid.gateway}, {topology}, round {number}"
            paid.ours.append(await turn.one(paid.gateway, what))
            async with progress.step(f"the floor beside {what}", seconds) as tell:
                paid.floor.append(await floor.measure(servers, floor.PAYMENT, seconds=seconds))
                tell(f"{paid.floor[-1].rate:8,.0f} transactions/s")
    for paid in found if profiles is not None else ():
        assert profiles is not None
        work = partial(turn.one, paid.gateway, "a profile")
        what = f"payments by {paid.gateway}"
        cpu = paid.ours[-1].cpu
        await profiles.add(servers, work, what=what, topology=topology, cpu=cpu, seconds=seconds)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """What all rounds have in common."""

    servers: Servers
    users: int
    offers: Iterator[str]
    seconds: float
    progress: Progress

    async def one(self, gateway: str, what: str) -> Figure:
        """Hold bookings, and pay for them. Raises Untrue, Refused."""
        async with AsyncExitStack() as stack:
            payers = [Payer(one) for one in await crowd(self.servers.url, self.users, stack)]
            many = max(self.users, round(MOST_A_SECOND * self.seconds))
            async with self.progress.step(f"bookings for {what}", many / 200) as tell:
                await _hold(payers, self.offers, many)
                tell(f"{many:8,} held")
            async with self.progress.step(what, self.seconds) as tell:
                figure = await _pay(self.servers, gateway, payers, self.seconds)
                tell(f"{figure.rate:8,.0f} payments/s")
        return figure


async def _hold(payers: Sequence[Payer], offers: Iterator[str], many: int) -> None:
    async def hold(payer: Payer, several: int) -> None:
        for _ in range(several):
            await payer.hold(offers)

    each = -(-many // len(payers))
    await asyncio.gather(*(hold(payer, each) for payer in payers))


async def _pay(servers: Servers, gateway: str, payers: Sequence[Payer], seconds: float) -> Figure:
    """Until the time is over, or all is paid; what was begun is ended and counted."""
    connection, wire = (
        await asyncpg.connect(servers.dsn()),
        Wire(servers.stand_ins, connections=64, timeout=60.0),
    )
    latencies: list[float] = []
    references: list[str] = []
    try:
        await drained(connection)
        await connection.execute("CHECKPOINT")
        cpu, begin = Cpu(**servers.pids), time.perf_counter()

        async def pay(payer: Payer) -> None:
            while (sent := time.perf_counter()) < begin + seconds:
                reference = await payer.pay_next(gateway, wire)
                if reference is None:
                    return
                latencies.append(time.perf_counter() - sent)
                references.append(reference)

        await asyncio.gather(*map(pay, payers))
        took = time.perf_counter() - begin
        await drained(connection)
        used = cpu.used()
        await _check(connection, references, gateway)
    finally:
        wire.close()
        await connection.close()
    return Figure(done=len(references), seconds=took, latencies=latencies, cpu=used)


async def _check(connection: asyncpg.Connection, references: Sequence[str], gateway: str) -> None:
    counted = len(references)
    true = await connection.fetchval(TRUE_ONES, references, gateway)
    booked = await connection.fetchval(BOOKED, references)
    if not counted or (true, booked) != (counted, counted):
        raise Untrue(f"{counted} payments were counted, {true} captured once, {booked} are in the books")
