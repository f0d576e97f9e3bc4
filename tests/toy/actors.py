"""Three toy actors: the bank decides, the post acts, the clerk listens."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from bookingd.actor.kinds import Acting, Answer, Decide, Letter, Reading, each
from bookingd.bus.port import Bus, Topology, ask_once
from bookingd.messages.envelope import Origin
from bookingd.outcomes import Refused
from bookingd.storage.database import Connection
from bookingd.storage.intents import Intent, IntentKey
from bookingd.storage.transactions import Transaction
from tests.toy.courier import Courier
from tests.toy.messages import (
    Balance,
    Burst,
    Deposit,
    Deposited,
    Finish,
    Look,
    Moved,
    Relayed,
    Send,
    Sent,
)

TABLES = """
    CREATE TABLE toy_accounts (id uuid PRIMARY KEY, balance integer NOT NULL, sent integer DEFAULT 0);
    CREATE TABLE toy_parcels (parcel uuid PRIMARY KEY, number integer, refused text, times integer);
    CREATE TABLE toy_seen (name text NOT NULL, account uuid NOT NULL);
"""

TOPOLOGY = Topology(
    subscribers={
        "bank.deposited": frozenset({"clerk"}),
        "post.sent": frozenset({"bank", "clerk"}),
    },
    actors=frozenset({"bank", "post", "clerk"}),
)

Fault = Callable[[str], None]
Loop = Callable[[], Awaitable[None]]


def no_fault(_: str) -> None:
    """Nothing happens at any point."""


class Bank:
    name: ClassVar[str] = "bank"
    accepts: ClassVar[tuple[type, ...]] = (Deposit, Burst, Finish, Sent, Balance)
    acting: Mapping[type, Acting | Reading] = {}

    def __init__(self, *, bus: Bus, fault: Fault = no_fault, loops: Sequence[Loop] = ()) -> None:
        self._bus = bus
        self._fault = fault
        self.loops = loops
        self.batches: list[int] = []
        self.order: list[type] = []
        self.deciding: Mapping[type, Decide] = {
            Deposit: self.deposit,
            Burst: self.note,
            Finish: self.note,
            Sent: self.sent,
        }
        self.answering: Mapping[type, Answer] = {Balance: self.balance}

    async def deposit(self, transaction: Transaction, letters: Sequence[Letter]) -> Sequence[Letter]:
        """Count; what waits for a higher balance is too early."""
        self.batches.append(len(letters))
        early = await self._too_early(transaction.connection, letters)
        fit = [letter for letter in letters if letter not in early]
        if any(letter.message.poison for letter in fit):
            raise ZeroDivisionError("poison")
        if any(letter.message.deadly for letter in fit):
            self._fault("deadly message")
        for account, letter in [(letter.message.account, letter) for letter in fit]:
            for _ in range(letter.message.parcels):
                parcel = _parcel_of(letter.envelope.id)
                transaction.send(Send(account=account, parcel=parcel), origin=letter.origin)
        rows = await _add(transaction.connection, [letter.message for letter in fit])
        origins = {letter.message.account: letter.origin for letter in fit}
        for account, balance in rows.items():
            transaction.send(Deposited(account=account, balance=balance), origin=origins[account])
            transaction.notify(Moved(account=account))
        self._fault("before commit")
        return early

    async def _too_early(self, connection: Connection, letters: Sequence[Letter]) -> Sequence[Letter]:
        if not any(letter.message.after for letter in letters):
            return []
        rows = await connection.fetch("SELECT id, balance FROM toy_accounts")
        balances = {row["id"]: row["balance"] for row in rows}
        return [
            letter for letter in letters if balances.get(letter.message.account, 0) < letter.message.after
        ]

    async def note(self, transaction: Transaction, letters: Sequence[Letter]) -> Sequence[Letter]:
        """Remember in which order lanes were served."""
        self.order += [type(letter.message) for letter in letters]
        await _add(transaction.connection, [Deposit(account=letter.message.account) for letter in letters])
        return []

    async def sent(self, transaction: Transaction, letters: Sequence[Letter]) -> Sequence[Letter]:
        """Count what the post has sent."""
        await transaction.connection.executemany(
            "UPDATE toy_accounts SET sent = sent + 1 WHERE id = $1",
            [(letter.message.account,) for letter in letters],
        )
        self._fault("before commit of sent")
        return []

    async def balance(self, query: Balance, origin: Origin) -> AsyncIterator[int]:
        """The number of the account, by way of whoever stands in `via`."""
        if query.via:
            relayed = Relayed(account=query.account, via=query.via[1:])
            yield await ask_once(self._bus, relayed, origin=origin, timeout=5.0)
        elif query.account.int == 0:
            raise ZeroDivisionError("no such account")
        elif query.account.int == 1:
            await asyncio.Event().wait()
        else:
            yield query.account.int % 1000


class Post:
    name: ClassVar[str] = "post"
    accepts: ClassVar[tuple[type, ...]] = (Send, Look, Relayed)
    deciding: Mapping[type, Decide] = {}
    loops: Sequence[Loop] = ()

    def __init__(self, *, courier: Courier, bus: Bus, fault: Fault = no_fault) -> None:
        self._courier = courier
        self._bus = bus
        self._fault = fault
        self.acting: Mapping[type, Acting | Reading] = {
            Send: Acting(key=_key, perform=self.send, look_up=self.find, record=each(self.sent)),
            Look: Reading(key=_key_of_look, read=self.look, record=each(self.sent)),
        }
        self.answering: Mapping[type, Answer] = {Relayed: self.relay}

    async def send(self, message: Send, intent: Intent) -> int:
        if message.deadly:
            self._fault("deadly message")
        number = await self._courier.send(message.parcel)
        self._fault("after deed")
        return number

    async def find(self, message: Send, intent: Intent) -> int | None:
        return await self._courier.find(message.parcel)

    async def look(self, message: Look) -> int | None:
        return await self._courier.find(message.parcel)

    async def sent(self, transaction: Transaction, letter: Letter, outcome: int | Exception | None) -> None:
        """Write it down and tell; a second time shows in `times`."""
        refused = outcome.code if isinstance(outcome, Refused) else None
        number = None if isinstance(outcome, Exception) else outcome
        message = letter.message
        await transaction.connection.execute(
            "INSERT INTO toy_parcels VALUES ($1, $2, $3, 1)"
            " ON CONFLICT (parcel) DO UPDATE SET times = toy_parcels.times + 1",
            message.parcel,
            number,
            refused,
        )
        told = Sent(account=message.account, parcel=message.parcel, number=number, refused=refused)
        transaction.send(told, origin=letter.origin)

    async def relay(self, query: Relayed, origin: Origin) -> AsyncIterator[Any]:
        back = Balance(account=query.account, via=query.via)
        yield await ask_once(self._bus, back, origin=origin, timeout=5.0)


class Clerk:
    name: ClassVar[str] = "clerk"
    accepts: ClassVar[tuple[type, ...]] = (Deposited, Sent)
    acting: Mapping[type, Acting | Reading] = {}
    answering: Mapping[type, Answer] = {}
    loops: Sequence[Loop] = ()

    def __init__(self) -> None:
        self.deciding: Mapping[type, Decide] = {Deposited: self.see, Sent: self.see}

    async def see(self, transaction: Transaction, letters: Sequence[Letter]) -> Sequence[Letter]:
        """Write down what was told."""
        await transaction.connection.executemany(
            "INSERT INTO toy_seen VALUES ($1, $2)",
            [(letter.envelope.name, letter.message.account) for letter in letters],
        )
        return []


def _key(message: Send) -> IntentKey:
    return IntentKey(subject=message.account, object=message.parcel, step="send")


def _key_of_look(message: Look) -> IntentKey:
    return IntentKey(subject=message.account, object=message.parcel, step="look")


def _parcel_of(message_id: UUID) -> UUID:
    """The same parcel however often the message is handled."""
    return UUID(int=message_id.int ^ 1)


async def _add(connection: Connection, deposits: Sequence[Deposit]) -> dict[UUID, int]:
    rows = await connection.fetch(
        "INSERT INTO toy_accounts AS t (id, balance)"
        " SELECT id, sum(amount) FROM unnest($1::uuid[], $2::integer[]) AS d (id, amount)"
        " GROUP BY id ORDER BY id"
        " ON CONFLICT (id) DO UPDATE SET balance = t.balance + excluded.balance RETURNING id, balance",
        [deposit.account for deposit in deposits],
        [deposit.amount for deposit in deposits],
    )
    return {row["id"]: row["balance"] for row in rows}
