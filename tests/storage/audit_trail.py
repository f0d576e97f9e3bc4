"""A small audit trail to be tampered with: made by the daemon's role, broken by its owner."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from actors.audit import Chainer
from bookingd.domain.audit import AuditEntry, Personal, Subject
from bookingd.storage import audit, audit_reading
from bookingd.storage.audit_reading import Report
from bookingd.storage.checkpoints import CheckpointFile, Signer
from bookingd.storage.database import Connection, Database
from tests.fakes.sources import ManualClock

SUBJECT = Subject(kind="booking", id="01936b2e-7c00-7000-8000-00000000000b")


def signer_of(seed: int = 1) -> Signer:
    key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
    return Signer(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def entry(
    number: int, *, at: datetime, subject: Subject = SUBJECT, personal: dict[str, Personal] | None = None
) -> AuditEntry:
    return AuditEntry(
        id=UUID(int=(0x7 << 76) | (0x2 << 62) | number),
        at=at,
        principal="guest:anna",
        action="booking.held",
        subject=subject,
        correlation_id=UUID(int=number),
        details={"number": number},
        personal=personal or {},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """A database with a chainer, and the file outside it."""

    database: Database
    clock: ManualClock
    file: CheckpointFile
    signer: Signer
    chainer: Chainer

    @classmethod
    def of(cls, database: Database, clock: ManualClock, directory: Path, entries: int = 10_000) -> "Trail":
        file, signer = CheckpointFile(directory / "audit" / "checkpoints.jsonl"), signer_of()
        chainer = Chainer(database=database, clock=clock, signer=signer, file=file, entries=entries)
        return cls(database=database, clock=clock, file=file, signer=signer, chainer=chainer)

    async def record(self, entries: Sequence[AuditEntry]) -> None:
        async with self.database.transaction() as connection:
            await audit.record(connection, entries)

    async def grow(self, first: int, last: int) -> None:
        """Record entries `first` to `last`, chain them, and let a minute pass so that they are signed."""
        await self.record([entry(number, at=self.clock.now()) for number in range(first, last + 1)])
        self.clock.advance(timedelta(seconds=61))
        await self.work()

    async def work(self) -> None:
        """What the audit actor does all the time, once."""
        await self.chainer.chain_once()
        await self.chainer.sign_if_due()

    async def verify(self, want: int | None = None, pinned: frozenset[bytes] | None = None) -> Report:
        async with self.database.connection() as connection:
            return await audit_reading.verify(
                connection,
                file=self.file,
                pinned=pinned or frozenset({self.signer.public_key}),
                now=self.clock.now(),
                want=want,
                progress=lambda _read, _of: None,
            )


async def numbers(connection: Connection) -> list[int]:
    return [row["number"] for row in await connection.fetch("SELECT number FROM audit_chain ORDER BY number")]
