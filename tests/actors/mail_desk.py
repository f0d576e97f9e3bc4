"""The notify actor at its desk: the real runtime's intents, a real database, and real SMTP to the catcher."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from email.message import EmailMessage
from typing import Any
from uuid import UUID

from actors.notify import NotifyActor
from bookingd.actor.acting import Actions
from bookingd.actor.kinds import Letter
from bookingd.actor.patience import Patience
from bookingd.channels.email import EmailChannel, SmtpServer, Tls
from bookingd.domain.booking.state import Booking
from bookingd.domain.ids import AccountId, MessageId
from bookingd.messages import codec
from bookingd.messages.catalogue import CATALOGUE
from bookingd.messages.envelope import SYSTEM, Origin
from bookingd.sandbox.mail import CaughtMail, MailCatcher, list_mail, read_mail
from bookingd.sources import Sources
from bookingd.storage import bookings, notifications
from bookingd.storage.bookings import Contact, NewBooking, Traveller
from bookingd.storage.database import Database
from bookingd.storage.notifications import Notification
from bookingd.storage.transactions import Transactions
from bookingd.tokens import TokenSigner
from tests.channels import trips

SIGNER = TokenSigner(b"k" * 32)


@dataclass
class Counter:
    count: int = 0

    def inc(self) -> None:
        self.count += 1


@dataclass
class Desk:
    """The actor with its runtime's hands, its mail server, and what a test asks of them."""

    database: Database
    sources: Sources
    actions: Actions
    transactions: Transactions
    actor: NotifyActor
    channel: EmailChannel
    catcher: MailCatcher
    repeats: Counter = field(default_factory=Counter)

    async def deliver(self, message: Any, *, number: int = 1, attempt: int = 1, alone: bool = False) -> str:
        """One delivery of what causes a mail; the same number is the same message."""
        letter = self._letter(message, number=number, attempt=attempt)
        return await self.actions.act(self.actor.acting[type(message)], letter, alone=alone)

    async def decide(self, message: Any, *, number: int = 1) -> list[Any]:
        """One delivery of what is decided upon; what that sends."""
        letter = self._letter(message, number=number, attempt=1)
        before = await self._outbox()
        async with self.transactions.begin() as transaction:
            await self.actor.deciding[type(message)](transaction, [letter])
        return (await self._outbox())[len(before) :]

    def _letter(self, message: Any, *, number: int, attempt: int) -> Letter:
        envelope = codec.seal(
            message,
            catalogue=CATALOGUE,
            id=MessageId(UUID(int=(7 << 76) | (0b10 << 62) | number)),
            origin=Origin(principal=SYSTEM, correlation_id=UUID(int=42)),
            now=self.sources.clock.now(),
        )
        return Letter(envelope=replace(envelope, attempt=attempt), message=message)

    async def _outbox(self) -> list[Any]:
        async with self.database.connection() as connection:
            rows = await connection.fetch("SELECT bundle FROM outbox ORDER BY id")
        envelopes = [envelope for row in rows for envelope in codec.unpack(row["bundle"])]
        return [codec.read(envelope, CATALOGUE) for envelope in envelopes]

    async def mails(self) -> list[CaughtMail]:
        return await list_mail(self.catcher.directory)

    async def text(self, mail: CaughtMail) -> str:
        """What the mail says, for those who read it as text."""
        kept = await read_mail(self.catcher.directory, mail.name)
        assert kept is not None
        part = kept.get_body(("plain",))
        assert isinstance(part, EmailMessage)
        return str(part.get_content())

    async def notes(self) -> list[Notification]:
        """What was said of the booking."""
        async with self.database.connection() as connection:
            return await notifications.of_booking(connection, booking_id=trips.BOOKING)

    async def account_notes(self, account: AccountId) -> list[Notification]:
        """What was said of an account, the newest first."""
        async with self.database.connection() as connection:
            return await notifications.of_account(connection, account_id=account, limit=100)

    async def put(self, booking: Booking, email: str = "zoe@example.org") -> None:
        """Have the booking in the database."""
        types = [kind for _, kind in trips.PEOPLE]
        travellers = tuple(
            Traveller(number=number, type=kind, given_name="Zoë", surname=f"N{number}", born=date(1990, 1, 1))
            for number, kind in enumerate(types, start=1)
        )
        contact = Contact(email=email, locale="en")
        new = NewBooking(booking=booking, contact=contact, travellers=travellers)
        async with self.database.transaction() as connection:
            await bookings.insert(connection, bookings=[new], now=self.sources.clock.now())


async def _run(loop: Callable[[], Awaitable[None]]) -> None:
    await loop()


@asynccontextmanager
async def at_desk(
    database: Database, catcher: MailCatcher, sources: Sources, **settings: Any
) -> AsyncIterator[Desk]:
    """A process with this actor; leaving it is its sudden end."""
    server = SmtpServer(host=catcher.host, port=catcher.port, tls=Tls.OFF)
    address: dict[str, Any] = {"from_address": "trips@agency.example", "public_host": "agency.example"}
    channel = EmailChannel(server=server, clock=sources.clock, **address, **settings)
    counter = Counter()
    actor = NotifyActor(
        channel=channel,
        database=database,
        sources=sources,
        agency=trips.AGENCY,
        link=lambda booking: f"https://agency.example/b/{booking.reference}?t=signed",
        signer=SIGNER,
        repeats=counter,
    )
    transactions = Transactions(database=database, sources=sources, catalogue=CATALOGUE)
    actions = Actions(
        actor="notify",
        transactions=transactions,
        sources=sources,
        batch=64,
        patiently=Patience(actor="notify", sources=sources),
        process=sources.ids.new(),
    )
    async with asyncio.TaskGroup() as tasks:
        loops = [tasks.create_task(_run(loop)) for loop in (*actions.loops, *actor.loops)]
        yield Desk(database, sources, actions, transactions, actor, channel, catcher, counter)
        for loop in loops:
            loop.cancel()
    await channel.close()
