"""The audit trail as bytes: what an entry says, how it is chained, and what a checkpoint signs.

One rule: the same entry always gives the same bytes, and those bytes hold no personal value, only a
commitment to it. What is hashed is therefore never in the way of an erasure. Nothing here does I/O;
`bookingd.domain.audit_verification` reads the other way round.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeAlias
from uuid import UUID

FORMAT = 1
"""The layout of an entry's bytes; it is part of them, so that a later layout can be told apart."""

GENESIS = bytes(32)
"""Stands for the previous hash where there is none: before entry 1."""

LARGEST_INTEGER = 2**53 - 1
"""The largest integer that every JSON reader keeps exact (RFC 8785, 3.2.2.3)."""

SALT_BYTES = 32

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)

Plain: TypeAlias = "bool | int | str | Sequence[Plain] | Mapping[str, Plain] | None"
"""What an entry may hold: JSON without fractions."""


class UnfitForAudit(ValueError):
    """A value that has no canonical bytes: a fraction, an object, a text that is not Unicode."""


class UnreadableCheckpoint(ValueError):
    """A line that is no checkpoint."""


def canonical(value: Plain) -> bytes:
    """The one JSON text of `value` in UTF-8: RFC 8785, for what `Plain` allows.

    Keys are ASCII, so that order by code point and RFC 8785's order by UTF-16 unit agree. Raises
    UnfitForAudit, naming the place.
    """
    return _ENCODER.encode(value if _is_plain(value) else _plain(value, "value")).encode()


def timestamp(at: datetime) -> str:
    """`at` in UTC with microseconds, always of the same length. A naive time raises UnfitForAudit."""
    if at.tzinfo is None:
        raise UnfitForAudit(f"{at}: a time without a zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What an entry is about: `booking/<uuid>`, `account/<uuid>`. The id must not be personal itself."""

    kind: str
    id: str

    @classmethod
    def of(cls, kind: str, identity: UUID | str | int) -> "Subject":
        return cls(kind=kind, id=str(identity))

    def __str__(self) -> str:
        return f"{self.kind}/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Personal:
    """A personal value with the salt that keeps its commitment from being guessed."""

    value: Plain
    salt: bytes

    def __post_init__(self) -> None:
        if len(self.salt) < SALT_BYTES:
            raise ValueError(f"a salt has at least {SALT_BYTES} bytes, this one {len(self.salt)}")

    @property
    def stored(self) -> bytes:
        """The value as it is kept beside the salt in the erasable table."""
        return canonical(self.value)

    @property
    def commitment(self) -> str:
        return commitment(salt=self.salt, stored=self.stored)


def commitment(*, salt: bytes, stored: bytes) -> str:
    """SHA-256 of salt and value, in hexadecimal: says nothing about the value, and fits no other."""
    return hashlib.sha256(salt + stored).hexdigest()


def seal(values: Mapping[str, Plain], token: Callable[[int], bytes]) -> dict[str, Personal]:
    """Give each personal value a salt of its own: `seal({"email": email}, chance.token)`."""
    return {name: Personal(value=value, salt=token(SALT_BYTES)) for name, value in values.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Who did what to which thing, when, and within which user action.

    `action` is the thing and the deed, `booking.confirmed`. `principal` is who acts (`guest:<uuid>`,
    `account:<uuid>`, `system`, `operator:<name>`). `details` stays readable for ever: no name, address
    or card belongs there; those go into `personal`, see `seal`.
    """

    id: UUID
    at: datetime
    principal: str
    action: str
    subject: Subject
    correlation_id: UUID
    details: Mapping[str, Plain] = field(default_factory=dict)
    personal: Mapping[str, Personal] = field(default_factory=dict)

    def canonical(self) -> bytes:
        """What is stored and hashed. Raises UnfitForAudit."""
        return canonical(
            {
                "action": self.action,
                "at": timestamp(self.at),
                "correlation_id": str(self.correlation_id),
                "details": self.details,
                "format": FORMAT,
                "id": str(self.id),
                "personal": {name: value.commitment for name, value in self.personal.items()},
                "principal": self.principal,
                "subject": {"kind": self.subject.kind, "id": self.subject.id},
            }
        )


def chain_hash(previous: bytes, entry: bytes) -> bytes:
    """The hash of an entry in its place: SHA-256 of the hash before it (32 bytes) and its bytes."""
    return hashlib.sha256(previous + entry).digest()


class CheckpointKind(StrEnum):
    """Why a checkpoint was signed."""

    SEAL = "seal"
    """The chain up to here is as it was."""

    BOUNDARY = "boundary"
    """Everything up to here was dropped when its time was over; the chain is read from the next on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Straggler:
    """An entry kept although its number lies below a boundary.

    Partitions are cut by time and numbers are given at the commit, so at midnight a few entries of the
    kept side may have been numbered before the last of the dropped side. The boundary signs their places.
    """

    number: int
    previous: bytes
    hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What is signed: at `at`, entry `number` had `hash`.

    `sequence` counts checkpoints from 1 and `previous` is the digest of the one before (GENESIS for the
    first), so that the checkpoints are a chain of their own. `public_key` (32 raw bytes) says whose
    signature to expect; whether that key is to be believed is decided elsewhere.
    """

    sequence: int
    kind: CheckpointKind
    number: int
    hash: bytes
    at: datetime
    previous: bytes
    public_key: bytes
    stragglers: tuple[Straggler, ...] = ()

    def document(self) -> dict[str, Plain]:
        return {
            "at": timestamp(self.at),
            "hash": self.hash.hex(),
            "kind": self.kind.value,
            "number": self.number,
            "previous": self.previous.hex(),
            "public_key": self.public_key.hex(),
            "sequence": self.sequence,
            "stragglers": [[one.number, one.previous.hex(), one.hash.hex()] for one in self.stragglers],
        }

    def body(self) -> bytes:
        """The bytes that are signed."""
        return canonical(self.document())

    def digest(self) -> bytes:
        """What the next checkpoint refers to."""
        return hashlib.sha256(self.body()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCheckpoint:
    """A checkpoint with its Ed25519 signature (64 bytes): one line, the same in every place it is kept."""

    checkpoint: Checkpoint
    signature: bytes

    def line(self) -> str:
        """One line of JSON, without its end."""
        return canonical({**self.checkpoint.document(), "signature": self.signature.hex()}).decode()


def parse_checkpoint(line: str) -> SignedCheckpoint:
    """Read what `SignedCheckpoint.line` wrote; the signature is not judged. Raises UnreadableCheckpoint."""
    try:
        found: dict[str, Any] = json.loads(line)
        signed = SignedCheckpoint(checkpoint=_checkpoint(found), signature=bytes.fromhex(found["signature"]))
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableCheckpoint(f"not a checkpoint: {line[:60]!r}") from error
    if signed.line() != line:
        raise UnreadableCheckpoint(f"not as a checkpoint is written: {line[:60]!r}")
    return signed


def _checkpoint(found: Mapping[str, Any]) -> Checkpoint:
    return Checkpoint(
        sequence=found["sequence"],
        kind=CheckpointKind(found["kind"]),
        number=found["number"],
        hash=bytes.fromhex(found["hash"]),
        at=datetime.fromisoformat(found["at"]),
        previous=bytes.fromhex(found["previous"]),
        public_key=bytes.fromhex(found["public_key"]),
        stragglers=tuple(
            Straggler(number=number, previous=bytes.fromhex(previous), hash=bytes.fromhex(own))
            for number, previous, own in found["stragglers"]
        ),
    )


def _is_plain(value: Any) -> bool:
    """Whether it can be written as it is. What this does not know at a glance `_plain` looks at, in twice the
    time: most entries are of plain types and ASCII.
    """
    kind = type(value)
    if kind is str:
        return value.isascii() and "\0" not in value
    if kind is dict:
        for key, one in value.items():  # noqa: SIM110 - a generator would take twice as long
            if not (type(key) is str and _is_plain(key) and _is_plain(one)):
                return False
        return True
    if kind is list or kind is tuple:
        return all(map(_is_plain, value))
    return value is None or kind is bool or (kind is int and abs(value) <= LARGEST_INTEGER)


def _plain(value: Any, place: str) -> Any:
    """`value` made of dict, list and scalars only. Raises UnfitForAudit."""
    if isinstance(value, str):
        return _text(value, place)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return _integer(value, place)
    if isinstance(value, Mapping):
        return {_key(key, place): _plain(one, f"{place}.{key}") for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return [_plain(one, f"{place}[{index}]") for index, one in enumerate(value)]
    raise UnfitForAudit(f"{place}: a {type(value).__name__} has no canonical bytes")


def _integer(value: int, place: str) -> int:
    if abs(value) > LARGEST_INTEGER:
        raise UnfitForAudit(f"{place}: {value} is too large to be exact in JSON")
    return value


def _text(value: str, place: str) -> str:
    if "\0" in value:
        raise UnfitForAudit(f"{place}: PostgreSQL keeps no NUL in a text")
    if not value.isascii() and any("\ud800" <= sign <= "\udfff" for sign in value):
        raise UnfitForAudit(f"{place}: half a surrogate pair is not Unicode")
    return value


def _key(key: object, place: str) -> str:
    if not isinstance(key, str) or not key.isascii():
        raise UnfitForAudit(f"{place}: {key!r} is no ASCII key")
    return _text(key, place)
