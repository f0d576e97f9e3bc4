"""Checkpoints: signed in time, and outside the database before anybody can forget them."""

import asyncio
import fcntl
import logging
import os
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from bookingd.domain.audit import GENESIS, Checkpoint, CheckpointKind, SignedCheckpoint, parse_checkpoint
from bookingd.storage import checkpoints
from bookingd.storage.checkpoints import (
    CheckpointFile,
    Signer,
    UnusableKey,
    pin_public_key,
    read_public_keys,
    signature_is_good,
)
from bookingd.storage.database import Connection, Database
from tests.fakes.sources import START, ManualClock
from tests.storage.audit_trail import Trail, signer_of


def checkpoint(sequence: int, signer: Signer) -> Checkpoint:
    return Checkpoint(
        sequence=sequence,
        kind=CheckpointKind.SEAL,
        number=sequence * 10,
        hash=b"\x01" * 32,
        at=START,
        previous=GENESIS,
        public_key=signer.public_key,
    )


def lines(*sequences: int) -> list[tuple[int, str]]:
    signer = signer_of()
    return [(sequence, signer.sign(checkpoint(sequence, signer)).line()) for sequence in sequences]


@pytest.fixture
def file(tmp_path: Path) -> CheckpointFile:
    return CheckpointFile(tmp_path / "audit" / "checkpoints.jsonl")


def test_a_signature_is_good_for_exactly_what_was_signed() -> None:
    signer = signer_of()
    signed = signer.sign(checkpoint(1, signer))

    assert signature_is_good(signed)
    assert not signature_is_good(
        SignedCheckpoint(checkpoint=checkpoint(2, signer), signature=signed.signature)
    )
    assert not signature_is_good(SignedCheckpoint(checkpoint=signed.checkpoint, signature=b"short"))


def test_another_key_named_in_the_checkpoint_does_not_make_it_good() -> None:
    signed = signer_of(1).sign(checkpoint(1, signer_of(2)))

    assert not signature_is_good(signed)


def test_only_an_ed25519_key_signs() -> None:
    rsa = generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    with pytest.raises(UnusableKey, match="Ed25519"):
        Signer(rsa)
    with pytest.raises(UnusableKey, match="no private key"):
        Signer(b"secret")


def test_the_public_key_is_pinned_once_and_never_replaced(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "audit" / "key.pub"

    pin_public_key(file, signer_of(1))
    pin_public_key(file, signer_of(1))
    assert not caplog.records
    pin_public_key(file, signer_of(2))

    assert read_public_keys(file) == {signer_of(1).public_key}
    assert "does not hold the key" in caplog.text


def test_former_keys_stay_believed_beside_the_new_one(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_bytes(signer_of(1).public_pem() + b"\n" + signer_of(2).public_pem())

    assert read_public_keys(file) == {signer_of(1).public_key, signer_of(2).public_key}


def test_a_key_of_another_sort_is_not_believed(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    rsa = generate_private_key(65537, 2048).public_key()
    file.write_bytes(rsa.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))

    with pytest.raises(UnusableKey, match="no Ed25519 key"):
        read_public_keys(file)


def test_an_empty_key_file_is_no_key(tmp_path: Path) -> None:
    (tmp_path / "keys").touch()

    with pytest.raises(UnusableKey, match="no public key"):
        read_public_keys(tmp_path / "keys")


def test_the_file_takes_each_checkpoint_once(file: CheckpointFile) -> None:
    assert file.append(lines(1, 2)) == 2
    assert file.append(lines(1, 2, 3)) == 1

    assert [parse_checkpoint(line).checkpoint.sequence for line in file.lines()] == [1, 2, 3]
    assert file.last_sequence() == 3


def test_auditors_of_the_group_may_read_whatever_the_umask_is(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        CheckpointFile(tmp_path / "audit" / "checkpoints.jsonl").append([(1, "line")])
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "audit").stat().st_mode) == 0o750
    assert stat.S_IMODE((tmp_path / "audit" / "checkpoints.jsonl").stat().st_mode) == 0o640


def test_a_file_that_is_not_there_has_no_checkpoint(file: CheckpointFile) -> None:
    assert file.last_sequence() == 0


def test_a_torn_line_is_ended_and_what_it_should_have_said_follows(file: CheckpointFile) -> None:
    file.append(lines(1))
    with file.path.open("a") as stream:
        stream.write(lines(2)[0][1][:40])

    assert file.last_sequence() == 1
    assert file.append(lines(2)) == 1

    assert file.path.read_text().splitlines()[2] == lines(2)[0][1]
    assert file.last_sequence() == 2


async def test_two_processes_write_one_after_the_other(file: CheckpointFile) -> None:
    file.append(lines(1))
    with file.path.open("a") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        second = asyncio.ensure_future(asyncio.to_thread(file.append, lines(1, 2, 3)))
        done, _ = await asyncio.wait([second], timeout=0.2)
        first.write(lines(2)[0][1] + "\n")

    assert not done
    assert await second == 1
    assert [parse_checkpoint(line).checkpoint.sequence for line in file.lines()] == [1, 2, 3]


async def test_a_new_file_gets_all_that_was_signed_before(
    database: Database, clock: ManualClock, tmp_path: Path, connection: Connection
) -> None:
    trail = Trail.of(database, clock, tmp_path)
    await trail.grow(1, 2)
    await trail.grow(3, 4)
    elsewhere = CheckpointFile(tmp_path / "elsewhere")

    assert await checkpoints.publish(connection, file=elsewhere) == 2
    assert await checkpoints.publish(connection, file=elsewhere) == 0

    assert elsewhere.path.read_text() == trail.file.path.read_text()


async def test_the_journal_holds_every_checkpoint_word_for_word(
    database: Database, clock: ManualClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    trail = Trail.of(database, clock, tmp_path)

    with caplog.at_level(logging.INFO, "bookingd.audit.checkpoint"):
        await trail.grow(1, 2)
        clock.advance(timedelta(minutes=1))
        await trail.grow(3, 4)

    told = [record.getMessage() for record in caplog.records if record.name == "bookingd.audit.checkpoint"]
    assert told == list(trail.file.lines())
    assert len(told) == 2
