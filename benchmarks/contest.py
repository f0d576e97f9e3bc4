"""A sale that everybody wants: thousands of buyers, a few hundred seats of one flight.

Each buyer asks once and learns whether a seat is held for them (`Prefer: wait`); who has one pays. Afterwards
the database is asked whether exactly the seats that there are were sold and paid for.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass

import asyncpg

from benchmarks.api import Api, Json, SoldOut
from benchmarks.booking import Untrue
from benchmarks.figures import Cpu
from benchmarks.progress import Progress
from benchmarks.search import busy_places, searches
from benchmarks.servers import Servers
from benchmarks.travellers import CARD, CONTACT

CONNECTIONS = 128
"""Keep-alive connections that those who ask share; whoever has a seat has one of their own, and waits behind
nobody in the load generator. More would wait in the sockets of two cores.
"""

WAIT = 60
"""Seconds that a buyer is ready to wait for an answer."""

LOOK_EVERY = 0.2
"""Seconds between two looks of who has paid whether the trip is confirmed."""

ABOUT = 10.0
"""Seconds that it takes, for the bar."""

ALONE = [{"given_name": "Ada", "surname": "Lovelace", "born": "1985-12-10"}]

SEATS = """
UPDATE cabin_stock SET capacity = taken + $4
 WHERE cabin = 'economy' AND departure_id = (
     SELECT departure.id
       FROM departures AS departure JOIN flights AS flight ON flight.id = departure.flight_id
      WHERE flight.airline = $1 AND flight.number = $2 AND departure.departs_at = $3::text::timestamptz)
"""
SOLD = """
SELECT count(*) AS asked, count(*) FILTER (WHERE booking.state = 'confirmed') AS confirmed,
       count(*) FILTER (WHERE payment.captured = booking.total) AS paid
  FROM bookings AS booking LEFT JOIN payments AS payment ON payment.booking_id = booking.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """How a sale went: seconds from the first request, CPU in ms of all of it by component."""

    topology: str
    buyers: int
    seats: int
    sold_out: float
    """Until the last seat was confirmed to its buyer."""
    answered: float
    """Until the last buyer knew."""
    cpu: dict[str, float]


class _Sale:
    """The sale while it runs."""

    def __init__(self, api: Api, till: Api, offer: str) -> None:
        self._api = api
        self._till = till
        self._offer = offer
        self.confirmed: list[float] = []
        self.answered: list[float] = []
        self.turned_away = 0
        """Who heard at once that it is sold out, without a booking."""

    async def run(self, buyers: int) -> None:
        """All of them, as many at once as there are connections. Raises Refused."""
        queue = iter(range(buyers))
        async with asyncio.TaskGroup() as crowd:
            for _ in range(CONNECTIONS):
                crowd.create_task(self._ask(queue, crowd))

    async def _ask(self, queue: Iterator[int], crowd: asyncio.TaskGroup) -> None:
        """One connection: buyer after buyer asks on it."""
        wish = {"offer_id": self._offer, "passengers": ALONE, "contact": CONTACT}
        for _ in queue:
            try:
                booking = await self._api.post("/v1/bookings", wish, wait=WAIT)
            except SoldOut:
                self.turned_away += 1
                self.answered.append(time.perf_counter())
                continue
            if booking["state"] == "awaiting_payment":
                crowd.create_task(self._pay(booking["reference"]))
            else:
                self.answered.append(time.perf_counter())

    async def _pay(self, reference: str) -> None:
        wish = {"gateway": "stripe", "payment_method": CARD}
        await self._till.post(f"/v1/bookings/{reference}/payments", wish, wait=WAIT)
        async with asyncio.timeout(WAIT):
            while (await self._till.get(f"/v1/bookings/{reference}"))["state"] != "confirmed":  # noqa: ASYNC110
                await asyncio.sleep(LOOK_EVERY)
        self.confirmed.append(time.perf_counter())
        self.answered.append(time.perf_counter())


async def measure(servers: Servers, *, topology: str, buyers: int, seats: int, progress: Progress) -> Contest:
    """One sale. Raises Untrue, Refused."""
    connection = await asyncpg.connect(servers.dsn())
    try:
        offer = await _flight(servers, connection, seats)
        async with (
            Api.guest(servers.url, connections=CONNECTIONS, timeout=2 * WAIT) as api,
            api.elsewhere(seats) as till,
        ):
            name = f"{buyers:,} buyers for {seats} seats, {topology}"
            async with progress.step(name, ABOUT) as tell:
                sale, cpu, begin = _Sale(api, till, offer), Cpu(**servers.pids), time.perf_counter()
                await sale.run(buyers)
                used = cpu.used()
                tell(f"{len(sale.confirmed)} confirmed")
        await _check(connection, buyers - sale.turned_away, seats)
    finally:
        await connection.close()
    return Contest(
        topology=topology,
        buyers=buyers,
        seats=seats,
        sold_out=max(sale.confirmed) - begin,
        answered=max(sale.answered) - begin,
        cpu=used,
    )


async def _flight(servers: Servers, connection: asyncpg.Connection, seats: int) -> str:
    """An offer of one flight that has so many seats left and no more."""
    places = await busy_places(servers)
    async with Api.anonymous(servers.url) as api:
        for wanted in searches(places, servers.days):
            for offer in (await api.get(wanted.replace("adults=2&children=1", "adults=1")))["offers"]:
                [*segments] = offer["slices"][0]["segments"]
                if len(segments) == 1 and await _set_seats(connection, segments[0], seats):
                    return str(offer["id"])
    raise Untrue("no direct flight was found")


async def _set_seats(connection: asyncpg.Connection, segment: Json, seats: int) -> bool:
    airline, number = segment["flight"].split()
    done = await connection.execute(SEATS, airline, int(number), segment["departs"]["utc"], seats)
    return bool(done == "UPDATE 1")


async def _check(connection: asyncpg.Connection, bookings: int, seats: int) -> None:
    row = await connection.fetchrow(SOLD)
    if row is None or tuple(row.values()) != (bookings, seats, seats):
        raise Untrue(f"{bookings} bookings of {seats} seats came to {row}")
