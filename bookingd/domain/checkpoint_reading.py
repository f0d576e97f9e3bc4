"""Reading checkpoints: which of them are to be believed, and whether any is missing.

A fold over the lines in the order of their sequence numbers. The rule: a checkpoint is believed when a
pinned key signed exactly what it says; only then may it be compared with the chain.
"""

from collections.abc import Callable, Collection

from bookingd.domain.audit import (
    GENESIS,
    Checkpoint,
    CheckpointKind,
    SignedCheckpoint,
    UnreadableCheckpoint,
    parse_checkpoint,
)
from bookingd.domain.audit_findings import Break, Findings
from bookingd.domain.audit_verification import Anchor

SignatureIsGood = Callable[[SignedCheckpoint], bool]


class CheckpointReading:
    """Takes the lines of a checkpoint file one by one.

    Afterwards `boundary` is the last believed boundary, `wanted` the believed checkpoint with sequence
    `want`, `last` the last believed checkpoint, and `unreadable` counts lines that say nothing (an
    interrupted write leaves one; what it should have said follows on the next line, or is missing).
    """

    def __init__(
        self,
        *,
        pinned: Collection[bytes],
        signature_is_good: SignatureIsGood,
        findings: Findings,
        want: int | None = None,
    ) -> None:
        self.findings = findings
        self.believed = 0
        self.unreadable = 0
        self.boundary: Checkpoint | None = None
        self.wanted: Checkpoint | None = None
        self.last: Checkpoint | None = None
        self.sequence = 0
        self._pinned = pinned
        self._signature_is_good = signature_is_good
        self._want = want
        self._digest = GENESIS
        self._doubted: set[int] = set()

    def take(self, line: str) -> SignedCheckpoint | None:
        """The checkpoint of one line, believed or not; None when it cannot be read."""
        try:
            signed = parse_checkpoint(line)
        except UnreadableCheckpoint:
            self.unreadable += 1
            return None
        if self._follows(signed.checkpoint):
            self._believe_or_not(signed)
        return signed

    def believes(self, sequence: int) -> bool:
        """Whether a checkpoint taken earlier was good: what a second pass over the same lines needs."""
        return sequence not in self._doubted

    def _follows(self, checkpoint: Checkpoint) -> bool:
        """Is it the next one? Tells what is missing or contradicts; False when it must be left out."""
        if checkpoint.sequence <= self.sequence:
            says = f"checkpoint {checkpoint.sequence} occurs again after checkpoint {self.sequence}"
            self.findings.add(Break.CHECKPOINT_DIFFERS, says)
            return False
        if checkpoint.sequence > self.sequence + 1:
            self._tell_missing(self.sequence + 1, checkpoint.sequence - 1)
        elif checkpoint.previous != self._digest:
            says = f"checkpoint {checkpoint.sequence} does not follow from the one before it"
            self.findings.add(Break.CHECKPOINT_DIFFERS, says)
        self.sequence = checkpoint.sequence
        self._digest = checkpoint.digest()
        return True

    def _believe_or_not(self, signed: SignedCheckpoint) -> None:
        checkpoint = signed.checkpoint
        if checkpoint.public_key not in self._pinned:
            self._doubt(Break.UNKNOWN_KEY, checkpoint, "was signed with an unknown key")
        elif not self._signature_is_good(signed):
            self._doubt(Break.SIGNATURE, checkpoint, "has a wrong signature: it is not what was signed")
        else:
            self._believe(checkpoint)

    def _believe(self, checkpoint: Checkpoint) -> None:
        self.believed += 1
        self.last = checkpoint
        if checkpoint.kind is CheckpointKind.BOUNDARY:
            self.boundary = checkpoint
        if checkpoint.sequence == self._want:
            self.wanted = checkpoint

    def _doubt(self, kind: Break, checkpoint: Checkpoint, why: str) -> None:
        self._doubted.add(checkpoint.sequence)
        key = checkpoint.public_key.hex()[:16]
        says = f"checkpoint {checkpoint.sequence} (number {checkpoint.number}) {why} (key {key}…)"
        self.findings.add(kind, says, checkpoint.number)

    def _tell_missing(self, first: int, last: int) -> None:
        which = f"checkpoint {first} is" if first == last else f"checkpoints {first} to {last} are"
        self.findings.add(Break.CHECKPOINT_MISSING, f"{which} missing: {last + 1} is the next one")


def anchor(checkpoint: Checkpoint) -> Anchor:
    """What a checkpoint says about the chain."""
    return Anchor(
        sequence=checkpoint.sequence, number=checkpoint.number, hash=checkpoint.hash, at=checkpoint.at
    )
