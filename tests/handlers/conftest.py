"""The HTTP side over a real database, with a search actor that a test directs and nobody behind the outbox.

`Api` is a client of it: what it places stays where the handler's transaction left it.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from fakeredis import FakeAsyncRedis, FakeServer
from yarl import URL

from bookingd.bus.memory import MemoryBus
from bookingd.cache import Cache
from bookingd.config import Settings
from bookingd.config.sections import Paths
from bookingd.config.sections import Throttle as ThrottleFigures
from bookingd.documents.printer import Printer
from bookingd.domain.booking.state import Booking
from bookingd.domain.ids import AccountId, Reference, SessionId
from bookingd.domain.offers import Offer
from bookingd.domain.passengers import Party
from bookingd.messages import codec
from bookingd.messages.catalogue import CATALOGUE
from bookingd.messages.live import BookingMoved
from bookingd.redis_calls import client_at
from bookingd.security.keyring import Keyring
from bookingd.security.passkeys import RelyingParty
from bookingd.security.passwords import Cost, PasswordHasher
from bookingd.security.throttle import Gates, Throttle
from bookingd.sources import Sources
from bookingd.storage import bookings, offers, payments, sessions
from bookingd.storage.bookings import Event
from bookingd.storage.database import Connection, Database
from bookingd.storage.payments import PaymentRow
from bookingd.storage.sessions import NewSession
from bookingd.storage.transactions import Transactions
from bookingd.suppliers.unsellable import Unsellable
from bookingd.telemetry.metrics import Metrics
from bookingd.tokens import Purpose, TokenSigner
from bookingd.wiring.actors import times
from bookingd.wiring.pictures import open_gallery
from handlers.application import GatewayFacts, Parts, build
from handlers.atlas import ATLAS
from handlers.parts import AccountParts
from tests import factories
from tests.factories import wanted
from tests.fakes.gateway import FakeGateway
from tests.fakes.inventory import plant_world
from tests.fakes.search import FakeSearch, quiet_bus
from tests.fakes.sources import ManualClock, SeededChance, SequentialIds

PUBLIC = "http://bookingd.test"
KEY = b"k" * 32

AMADOU = {"given_name": "Amadou", "surname": "Diallo", "born": "1985-03-07"}
CONTACT = {"email": "amadou@example.org"}


@dataclass(slots=True)
class Api:
    """A client with (or without) a session, and what stands behind the server."""

    client: "TestClient[web.Request, web.Application]"
    parts: Parts
    bus: MemoryBus
    search: FakeSearch
    gateway: FakeGateway
    clock: ManualClock
    token: str | None = None
    principal: str = ""
    answer: aiohttp.ClientResponse | None = field(default=None, repr=False)

    async def get(self, path: str | URL, **more: Any) -> Any:
        return await self.ask("GET", path, **more)

    async def post(self, path: str, body: Any = None, **more: Any) -> Any:
        return await self.ask("POST", path, json=body, **more)

    async def ask(
        self, method: str, path: str | URL, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> Any:
        """The answer's JSON; the answer itself is in `answer`."""
        own = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        self.answer = await self.client.request(method, path, headers={**own, **(headers or {})}, **more)
        text = await self.answer.text()
        return json.loads(text) if "json" in self.answer.content_type else text

    @property
    def status(self) -> int:
        assert self.answer is not None
        return self.answer.status

    @property
    def headers(self) -> Mapping[str, str]:
        assert self.answer is not None
        return self.answer.headers

    async def somebody(self) -> "Api":
        """Somebody with a new session of their own."""
        other = replace(self, token=None)
        session = await other.post("/v1/sessions", {"kind": "guest"})
        assert other.status == 201, session
        return replace(other, token=session["token"], principal=session["principal"])

    async def signed_in(
        self, account: AccountId, *, second_factor: bool = False, proved: timedelta = timedelta()
    ) -> "Api":
        """An account with a session, opened `proved` ago."""
        session, now = SessionId(self.parts.sources.ids.new()), self.clock.now()
        async with self.parts.database.transaction() as connection:
            await sessions.open_session(
                connection,
                new=NewSession(
                    id=session,
                    account=account,
                    expires_at=now + timedelta(days=1),
                    second_factor=second_factor,
                    device="Firefox on Linux",
                    client_address="192.0.2.7",
                ),
                token=self.parts.sources.chance.token(),
                now=now - proved,
            )
        token = self.parts.signer.sign(Purpose.ACCESS, str(session), expires_at=now + timedelta(minutes=10))
        return replace(self, token=token, principal=f"account:{account}")

    def nobody(self) -> "Api":
        """The same server without a session."""
        return replace(self, token=None)

    # What lies behind

    async def shown(self, party: Party | None = None, **kinds: Any) -> Offer:
        """An offer that was shown to somebody and can be booked."""
        made = factories.offer(for_party=party, **kinds)
        async with self.parts.database.transaction() as connection:
            (kept,) = await offers.save(
                connection,
                kind=offers.FLIGHTS,
                set_id=self.parts.sources.ids.new(),
                criteria=CRITERIA,
                found=[made],
                now=self.clock.now(),
                expires_at=made.expires_at,
            )
        return kept

    def order(self, offer: Offer, **changes: Any) -> dict[str, Any]:
        return {"offer_id": offer.id, "passengers": [AMADOU], "contact": CONTACT, **changes}

    async def book(self, body: Any = None, *, key: str | None = None, **headers: str) -> Any:
        """Book an offer; a new key unless one is given."""
        body = body if body is not None else self.order(await self.shown())
        return await self.post(
            "/v1/bookings", body, headers={"Idempotency-Key": key or uuid4().hex, **headers}
        )

    async def booked(self, **changes: Any) -> Booking:
        """A booking of this session, changed to be as a test wants it."""
        accepted = await self.book()
        assert self.status == 202, accepted
        return await self.change(accepted["reference"], **changes)

    async def stored(self, reference: str) -> Booking:
        async with self.parts.database.connection() as connection:
            found = await bookings.by_reference(connection, reference=Reference(reference))
        return found.booking

    async def change(self, reference: str, *, quietly: bool = False, **changes: Any) -> Booking:
        """What the booking actor would do: the row, its timeline, and the notice (unless `quietly`)."""
        if not changes:
            return await self.stored(reference)
        async with self.parts.database.transaction() as connection:
            found = await bookings.by_reference(connection, reference=Reference(reference))
            booking = replace(found.booking, sequence=found.booking.sequence + 1, **changes)
            event = Event(
                booking_id=booking.id,
                sequence=booking.sequence,
                name="test.moved",
                state=booking.state,
                details=codec.encode({"step": booking.sequence}),
            )
            await bookings.save(connection, bookings=[booking], events=[event], now=self.clock.now())
        if not quietly:
            self.bus.notify([moved(booking)])
        return booking

    async def record(self, row: PaymentRow) -> None:
        """What the payment actor would record."""
        async with self.parts.database.transaction() as connection:
            await payments.save(connection, rows=[row], now=self.clock.now())

    async def outbox(self) -> list[Any]:
        """Every message that lies there, the oldest first."""
        async with self.parts.database.connection() as connection:
            rows = await connection.fetch("SELECT bundle FROM outbox ORDER BY id")
        envelopes = [envelope for row in rows for envelope in codec.unpack(row["bundle"])]
        return [codec.read(envelope, CATALOGUE) for envelope in envelopes]

    async def until_stored(self, table: str, rows: int = 1) -> None:
        """Wait for so many rows; the database has no event for that."""
        while await self.count(table) < rows:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async def count(self, table: str) -> int:
        async with self.parts.database.connection() as connection:
            found: int = await connection.fetchval(f"SELECT count(*) FROM {table}")
        return found


CRITERIA = wanted("FRA", "JFK", date(2026, 12, 2))


def moved(booking: Booking) -> BookingMoved:
    return BookingMoved(
        booking_id=booking.id, reference=booking.reference, sequence=booking.sequence, state=booking.state
    )


def account_parts(sources: Sources) -> AccountParts:
    """With passwords that cost next to nothing, and a throttle of the test's own."""
    return AccountParts(
        hasher=PasswordHasher(chance=sources.chance, cost=Cost(memory_kib=8), threads=1),
        keyring=Keyring({"test": KEY}, chance=sources.chance),
        throttle=Throttle(
            FakeAsyncRedis(server=FakeServer()), clock=sources.clock, forget=timedelta(hours=1), budget=5.0
        ),
        gates=Gates(ThrottleFigures()),
        relying_party=RelyingParty.at(PUBLIC, name="Test Travel"),
    )


MakeApi = Callable[..., Awaitable[Api]]


@pytest.fixture
async def make_api(
    database: Database, clock: ManualClock, ids: SequentialIds, chance: SeededChance, tmp_path: Path
) -> AsyncIterator[MakeApi]:
    """Start a server; settings and parts may be changed."""
    started: list[TestClient[web.Request, web.Application]] = []
    opened: list[Parts] = []
    stack = AsyncExitStack()

    async def make(*, settings: Settings | None = None, var: Path = tmp_path, **changes: Any) -> Api:
        sources = Sources(clock=clock, ids=ids, chance=chance)
        bus, search, gateway = quiet_bus(clock, ids), FakeSearch(), FakeGateway(clock)
        await bus.serve(actor="search.flights", backlog=8, receive=search.receive)
        unsellable = Unsellable(client_at("fakeredis://"), clock=clock, seconds=300)
        bus.watch(unsellable.hear)
        settings = settings or Settings(public_url=PUBLIC)
        settings = replace(settings, paths=Paths(var=var))
        metrics, printer = Metrics(), Printer()
        stack.push_async_callback(printer.close)
        parts = Parts(
            settings=settings,
            gateway_facts=(
                GatewayFacts(
                    gateway="fake", publishable_key="pk_test", api_base="http://gateway.test", keeps=True
                ),
            ),
            gateways={"fake": gateway},
            bus=bus,
            transactions=Transactions(database=database, sources=sources, catalogue=CATALOGUE),
            database=database,
            sources=sources,
            signer=TokenSigner(KEY),
            accounts=account_parts(sources),
            brake=factories.brake(clock),
            terms=times(settings).at,
            metrics=metrics,
            cache=Cache(client_at("fakeredis://"), clock=clock),
            unsellable=unsellable,
            printer=printer,
            pictures=open_gallery(
                settings, database=database, sources=sources, metrics=metrics.pictures, stack=stack
            ),
            readiness=lambda: {"daemon": None},
        )
        parts = replace(parts, **changes)
        client = TestClient(TestServer(build(parts=parts)), cookie_jar=aiohttp.DummyCookieJar())
        await client.start_server()
        started.append(client)
        if parts.database is database:
            assert client.app is not None
            await client.app[ATLAS].open()  # it reads by itself, and a test counts what a request does
        opened.append(parts)
        return Api(client=client, parts=parts, bus=bus, search=search, gateway=gateway, clock=clock)

    yield make
    for client in started:
        await client.close()
    for each in opened:
        each.accounts.hasher.close()
        await each.accounts.throttle.close()
    await stack.aclose()


@pytest.fixture
async def api(make_api: MakeApi, owner_connection: Connection) -> Api:
    """Somebody with a session, in a small world."""
    await plant_world(owner_connection)
    return await (await make_api()).somebody()


@pytest.fixture
async def stranger(api: Api) -> Api:
    """Somebody else."""
    return await api.somebody()
