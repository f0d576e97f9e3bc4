"""What a verification of the audit trail can find, in words that an auditor understands.

One rule: a finding says where (the entry's number), what, and how it is known, and accuses nobody.
"""

from dataclasses import dataclass
from enum import StrEnum

KEPT_FINDINGS = 50
"""How many findings are told one by one; the rest are counted, so that memory stays bounded."""


class Break(StrEnum):
    """How the trail is broken."""

    ENTRY_CHANGED = "entry_changed"
    """An entry's bytes are not those that were hashed, or not after the entry that now stands before it."""

    HASH_CHANGED = "hash_changed"
    """A stored hash was replaced; the entries around it are whole."""

    EXCHANGED = "exchanged"
    """Two entries stand in each other's place."""

    UNFIT = "unfit"
    """An entry does not belong where it stands: it or its hash was replaced."""

    MISSING = "missing"
    """Numbers are missing."""

    REPEATED = "repeated"
    """A number was given twice."""

    ENTRY_GONE = "entry_gone"
    """The chain names an entry that is no longer there."""

    COLUMNS_DIFFER = "columns_differ"
    """A searchable column says something else than the hashed bytes."""

    PERSONAL_CHANGED = "personal_changed"
    """A personal value is not the one that the entry committed to."""

    REWRITTEN = "rewritten"
    """The chain fits itself, but it is not the one that was signed."""

    CUT = "cut"
    """The chain ends before a number that was signed."""

    SIGNATURE = "signature"
    """A checkpoint was not signed as it stands."""

    UNKNOWN_KEY = "unknown_key"
    """A checkpoint was signed with a key that is not to be believed."""

    CHECKPOINT_MISSING = "checkpoint_missing"
    """A checkpoint is missing from the file or from the database."""

    CHECKPOINT_DIFFERS = "checkpoint_differs"
    """Checkpoints contradict each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One break. `number` is the first entry that it concerns; None when it concerns checkpoints alone."""

    kind: Break
    says: str
    number: int | None = None
    entry: str | None = None


class Findings:
    """The findings so far: the first ones whole, all of them counted."""

    def __init__(self) -> None:
        self.kept: list[Finding] = []
        self.count = 0

    def add(self, kind: Break, says: str, number: int | None = None, entry: str | None = None) -> None:
        self.count += 1
        if len(self.kept) < KEPT_FINDINGS:
            self.kept.append(Finding(kind=kind, says=says, number=number, entry=entry))

    @property
    def first(self) -> Finding | None:
        """The one with the lowest entry number; one of checkpoints alone when there is no other."""
        numbered = [one for one in self.kept if one.number is not None]
        return min(numbered, key=lambda one: one.number or 0) if numbered else next(iter(self.kept), None)
