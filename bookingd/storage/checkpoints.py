"""Checkpoints: signed statements about the audit chain, kept where the database cannot reach them.

Each is one line of text, the same in the table, in an append-only file and in the journal. The rule: the
table comes first, and the file catches up from it, so that a crash between the two loses nothing; a file
that knows more than the table means that the database was set back, and nothing is signed until a person
has looked (docs/audit.md).
"""

import asyncio
import fcntl
import logging
import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from bookingd.domain.audit import (
    GENESIS,
    Checkpoint,
    CheckpointKind,
    SignedCheckpoint,
    Straggler,
    UnreadableCheckpoint,
    parse_checkpoint,
)
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

ENDS = query("audit.ends")
CHECKPOINTS = query("audit.checkpoints")
SIGN = query("audit.sign")

log = logging.getLogger(__name__)
journal = logging.getLogger("bookingd.audit.checkpoint")

DIRECTORY_MODE = 0o750
FILE_MODE = 0o640
"""Auditors of the daemon's group may read, whatever the daemon's umask is."""

TAIL_BYTES = 1 << 20  # more than the longest line: a boundary with thousands of stragglers
CATCH_UP_LINES = 1000

_END_OF_PEM = "-----END PUBLIC KEY-----"


def checkpoint_path(var: Path) -> Path:
    """Where the daemon keeps the checkpoint file."""
    return var / "audit" / "checkpoints.jsonl"


def public_key_path(var: Path) -> Path:
    """Where the daemon pins its public key, unless an operator keeps it in a better place."""
    return var / "audit" / "checkpoints.pub"


class UnusableKey(Exception):
    """A key file that holds no Ed25519 key."""


class DatabaseSetBack(Exception):
    """The file has checkpoints that the database has not: it was restored from a backup, or cut."""


class Signer:
    """Holds the private key. `pem` is PKCS#8 (openssl genpkey -algorithm ed25519); raises UnusableKey."""

    def __init__(self, pem: bytes) -> None:
        try:
            key = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError) as error:
            raise UnusableKey(f"the audit key is no private key in PEM without password: {error}") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise UnusableKey("the audit key is no Ed25519 key: openssl genpkey -algorithm ed25519")
        self._key = key
        self.public_key = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def sign(self, checkpoint: Checkpoint) -> SignedCheckpoint:
        return SignedCheckpoint(checkpoint=checkpoint, signature=self._key.sign(checkpoint.body()))

    def public_pem(self) -> bytes:
        return self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def signature_is_good(signed: SignedCheckpoint) -> bool:
    """Whether the key named in the checkpoint signed exactly this."""
    try:
        key = Ed25519PublicKey.from_public_bytes(signed.checkpoint.public_key)
        key.verify(signed.signature, signed.checkpoint.body())
    except (InvalidSignature, ValueError):
        return False
    return True


def read_public_keys(file: Path) -> frozenset[bytes]:
    """The pinned keys: one PEM block each, former keys included. Raises OSError, UnusableKey."""
    blocks = [block for block in file.read_text().split(_END_OF_PEM) if block.strip()]
    if not blocks:
        raise UnusableKey(f"{file} holds no public key")
    return frozenset(_public_key(file, block) for block in blocks)


def _public_key(file: Path, block: str) -> bytes:
    try:
        key = load_pem_public_key(f"{block.strip()}\n{_END_OF_PEM}\n".encode())
    except ValueError as error:
        raise UnusableKey(f"{file} holds something that is no public key in PEM: {error}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise UnusableKey(f"{file} holds a key that is no Ed25519 key")
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def pin_public_key(file: Path, signer: Signer) -> None:
    """Write the signer's public key where verification will look for it, if nothing is there yet.

    A file that is there is left alone: who may be believed is not for the daemon to say. It is whole from its
    first instant: another process may be pinning, too.
    """
    _make_directory(file.parent)
    if not file.exists():
        draft = file.with_suffix(f".new{os.getpid()}")
        draft.write_bytes(signer.public_pem())
        draft.chmod(FILE_MODE)
        with suppress(FileExistsError):
            file.hardlink_to(draft)
        draft.unlink()
    if signer.public_key not in read_public_keys(file):
        log.warning("%s does not hold the key that checkpoints are signed with: add it there", file)


class CheckpointFile:
    """The append-only file. Its methods block; call them from a thread."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def last_sequence(self) -> int:
        """The sequence number of the last whole line, 0 without any."""
        if not self.path.exists():
            return 0
        with self.path.open("rb") as stream:
            stream.seek(max(0, self.path.stat().st_size - TAIL_BYTES))
            lines = stream.read().decode(errors="replace").splitlines()
        return next((found for line in reversed(lines) if (found := _sequence(line))), 0)

    def append(self, lines: Sequence[tuple[int, str]]) -> int:
        """Add those lines that are not there yet, and wait until the disk has them; how many.

        `lines` are (sequence, line). Two processes may do so at once. A torn last line stays, ended.
        """
        _make_directory(self.path.parent)
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, FILE_MODE)
        with os.fdopen(descriptor, "rb+", buffering=0) as stream:
            if not os.fstat(descriptor).st_size:
                os.fchmod(descriptor, FILE_MODE)
            fcntl.flock(stream, fcntl.LOCK_EX)
            last = self.last_sequence()
            new = [line for sequence, line in lines if sequence > last]
            if new:
                stream.write((_missing_end(stream.fileno()) + "".join(f"{line}\n" for line in new)).encode())
                os.fsync(stream.fileno())
        return len(new)

    def lines(self) -> Iterator[str]:
        """Every line without its end, one at a time. Raises OSError."""
        with self.path.open(encoding="utf-8", errors="replace") as stream:
            for line in stream:
                yield line.rstrip("\n")


def _make_directory(directory: Path) -> None:
    """One that is there already keeps the mode that an operator gave it."""
    if not directory.exists():
        directory.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
        directory.chmod(DIRECTORY_MODE)


def _missing_end(descriptor: int) -> str:
    size = os.fstat(descriptor).st_size
    return "\n" if size and os.pread(descriptor, 1, size - 1) != b"\n" else ""


def _sequence(line: str) -> int | None:
    try:
        return parse_checkpoint(line).checkpoint.sequence
    except UnreadableCheckpoint:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """How far the chain goes (`number` 0 when it is empty), and the newest checkpoint."""

    number: int
    hash: bytes
    last: Checkpoint | None

    @property
    def unsigned(self) -> int:
        """How many entries no checkpoint covers yet."""
        return max(0, self.number - self.last.number) if self.last else self.number


async def ends(connection: Connection) -> Ends:
    [row] = await connection.fetch(ENDS)
    last = parse_checkpoint(row["line"]).checkpoint if row["line"] else None
    return Ends(number=row["number"] or 0, hash=row["hash"] or GENESIS, last=last)


async def sign(
    connection: Connection,
    *,
    signer: Signer,
    place: tuple[int, bytes],
    at: datetime,
    last: Checkpoint | None,
    kind: CheckpointKind = CheckpointKind.SEAL,
    stragglers: Collection[Straggler] = (),
) -> Checkpoint:
    """Sign that entry `place` (number, hash) is as it is, after checkpoint `last`, and keep it in the table.

    The chain's lock is held.
    """
    checkpoint = Checkpoint(
        sequence=last.sequence + 1 if last else 1,
        kind=kind,
        number=place[0],
        hash=place[1],
        at=at,
        previous=last.digest() if last else GENESIS,
        public_key=signer.public_key,
        stragglers=tuple(stragglers),
    )
    await connection.execute(SIGN, checkpoint.sequence, signer.sign(checkpoint).line())
    return checkpoint


async def check_not_set_back(file: CheckpointFile, last: Checkpoint | None) -> None:
    """Raises DatabaseSetBack when the file knows a later checkpoint than the table's `last`."""
    outside = await asyncio.to_thread(file.last_sequence)
    inside = last.sequence if last else 0
    if outside > inside:
        raise DatabaseSetBack(
            f"{file.path} ends with checkpoint {outside}, the database with {inside}: it was restored from a"
            " backup, or its end was cut off. Nothing is signed until the file has been looked at and"
            " set aside (docs/audit.md)"
        )


async def publish(connection: Connection, *, file: CheckpointFile) -> int:
    """Bring the file up to the table, and tell the journal what was new there; how many checkpoints.

    To be called outside a transaction: it waits for the disk.
    """
    published = 0
    sequence = await asyncio.to_thread(file.last_sequence)
    while rows := await connection.fetch(CHECKPOINTS, sequence, CATCH_UP_LINES):
        lines = [(row["sequence"], row["line"]) for row in rows]
        published += await asyncio.to_thread(file.append, lines)
        for _, line in lines:
            journal.info("%s", line)
        sequence = lines[-1][0]
    return published
