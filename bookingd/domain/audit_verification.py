"""Reading the chain again: every hash computed anew and compared with what is stored and what was signed.

A fold over the chain in the order of its numbers, so that it needs no more memory for millions of entries
than for ten. The rule: what is stored is evidence and never trusted; the starting point and the anchors
are, for they were signed. Each break is told once: after it the reading goes on from what is stored.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from bookingd.domain.audit import GENESIS, Straggler, chain_hash, commitment, timestamp
from bookingd.domain.audit_findings import Break, Findings


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The searchable columns of an entry, as they are stored."""

    principal: str
    action: str
    subject_kind: str
    subject_id: str
    correlation_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A row of the chain with its entry; `entry` (its bytes) is None when there is no such entry.

    `personal` maps a field to the salt and the value that are kept for it.
    """

    number: int
    entry_id: UUID
    entry_at: datetime
    hash: bytes
    entry: bytes | None
    columns: Columns | None
    personal: Mapping[str, tuple[bytes, bytes]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """What a believed checkpoint says: entry `number` has `hash`."""

    sequence: int
    number: int
    hash: bytes
    at: datetime


BEGINNING = Anchor(sequence=0, number=0, hash=GENESIS, at=datetime(1970, 1, 1, tzinfo=UTC))
"""Where a chain starts of which nothing was dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Suspect:
    """A link whose hash does not follow; the next one tells why."""

    link: Link
    before: bytes
    computed: bytes


class ChainVerification:
    """Takes links after `start` in the order of their numbers, and anchors in the order of theirs."""

    def __init__(self, *, start: Anchor, anchors: Iterator[Anchor], findings: Findings) -> None:
        self.findings = findings
        self.entries = 0
        self.personal = 0
        self.erased = 0
        self.matched = 0
        self.number = start.number
        self._hash = start.hash
        self._suspect: _Suspect | None = None
        self._anchors = anchors
        self._anchor = next(anchors, None)
        self._signed = start
        self._astray = False
        self._told = findings.count
        self._pass_anchors(start.number - 1)
        self._compare_anchors(start.number, start.hash)

    def take(self, link: Link) -> None:
        """Compare one more link with everything known about it."""
        if link.number <= self.number:
            self._tell(Break.REPEATED, f"number {link.number} was given twice", link)
            return
        if link.number > self.number + 1:
            self._leap(link)
        self._follow(link)
        self.number = link.number
        self.entries += 1
        self._read_entry(link)
        self._compare_anchors(link.number, link.hash)

    def finish(self) -> None:
        """There are no more links: whatever was signed beyond the last one has been cut off."""
        self._settle(Break.UNFIT)
        while self._anchor is not None:
            if self._anchor.number > self.number:
                self._tell_cut(self._anchor)
                return
            self._anchor = next(self._anchors, None)

    def _leap(self, link: Link) -> None:
        """Numbers are missing before `link`: it cannot be recomputed, and is taken as it is stored."""
        self._settle(Break.UNFIT)
        first, last = self.number + 1, link.number - 1
        which = f"number {first} is" if first == last else f"numbers {first} to {last} are"
        self.findings.add(Break.MISSING, f"{which} missing: the chain goes on with {link.number}", first)
        self._pass_anchors(last)
        self._hash = b""

    def _follow(self, link: Link) -> None:
        """Does the link's hash follow from the one before it and its entry's bytes?"""
        if link.entry is None:
            self._settle(Break.UNFIT)
            says = f"entry {link.number} was deleted: the chain names {link.entry_id}, which is not there"
            self.findings.add(Break.ENTRY_GONE, says, link.number)
            self._hash = link.hash
            return
        computed = chain_hash(self._hash, link.entry) if self._hash else link.hash
        if computed == link.hash:
            self._settle(Break.ENTRY_CHANGED)
            self._hash = link.hash
        else:
            self._misfit(link, link.entry, computed)

    def _misfit(self, link: Link, entry: bytes, computed: bytes) -> None:
        suspect = self._suspect
        if suspect and chain_hash(suspect.computed, entry) == link.hash:
            self._settle(Break.HASH_CHANGED)
            self._hash = link.hash
        elif suspect and self._exchanged(suspect, link, entry):
            self._settle(Break.EXCHANGED)
        else:
            self._settle(Break.UNFIT)
            self._suspect = _Suspect(link=link, before=self._hash, computed=computed)
            self._hash = link.hash

    def _exchanged(self, suspect: _Suspect, link: Link, entry: bytes) -> bool:
        """Whether the two fit in the other order; the later one's hash is then the one to go on from."""
        first = chain_hash(suspect.before, entry)
        if first == suspect.link.hash:
            self._hash = link.hash
        elif first == link.hash:
            self._hash = suspect.link.hash
        else:
            return False
        return True

    def _settle(self, kind: Break) -> None:
        if self._suspect is None:
            return
        link = self._suspect.link
        self._suspect = None
        self._tell(kind, _WORDS[kind].format(number=link.number, next=link.number + 1), link)

    def _tell(self, kind: Break, says: str, link: Link) -> None:
        self.findings.add(kind, says, link.number, name(link))

    def _read_entry(self, link: Link) -> None:
        document = _document(link)
        if document is None or link.columns is None:
            return
        for column, stored, hashed in _columns(link, link.columns, document):
            if stored != hashed:
                says = f"column {column} of entry {link.number} says {stored!r}, the hashed entry {hashed!r}"
                self._tell(Break.COLUMNS_DIFFER, says, link)
        self._read_personal(link, _part(document, "personal"))

    def _read_personal(self, link: Link, commitments: Mapping[str, str]) -> None:
        for key, committed in commitments.items():
            kept = link.personal.get(key)
            if kept is None:
                self.erased += 1
            elif commitment(salt=kept[0], stored=kept[1]) == committed:
                self.personal += 1
            else:
                says = f"personal value {key!r} of entry {link.number} is not the one it committed to"
                self._tell(Break.PERSONAL_CHANGED, says, link)

    def _compare_anchors(self, number: int, stored: bytes) -> None:
        while self._anchor is not None and self._anchor.number <= number:
            anchor = self._anchor
            if anchor.number == number:
                self._compare_anchor(anchor, stored)
            self._anchor = next(self._anchors, None)

    def _compare_anchor(self, anchor: Anchor, stored: bytes) -> None:
        replaced = self._suspect is not None and self._suspect.computed == anchor.hash
        fits = anchor.hash == stored or replaced
        if fits:
            self.matched += 1
        elif not self._astray:
            self._tell_rewritten(anchor)
        self._astray = not fits
        self._signed = anchor
        self._told = self.findings.count

    def _pass_anchors(self, number: int) -> None:
        """Leave out the anchors up to `number`: what they speak of is not there to be compared."""
        while self._anchor is not None and self._anchor.number <= number:
            self._anchor = next(self._anchors, None)

    def _tell_rewritten(self, anchor: Anchor) -> None:
        """A break seen since the last anchor has said where; else all entries since are in doubt."""
        seen = self._suspect is not None or self.findings.count > self._told
        known = anchor.number if seen else self._signed.number + 1
        where = f"entry {known}" if known == anchor.number else f"entries {known} to {anchor.number}"
        says = f"{where}: not the history that checkpoint {anchor.sequence} signed on {_day(anchor.at)}"
        self.findings.add(Break.REWRITTEN, says, known)

    def _tell_cut(self, anchor: Anchor) -> None:
        says = (
            f"the chain ends with number {self.number}, but checkpoint {anchor.sequence} signed number"
            f" {anchor.number} on {_day(anchor.at)}: the end was cut off"
        )
        self.findings.add(Break.CUT, says, self.number + 1)


_WORDS = {
    Break.ENTRY_CHANGED: (
        "entry {number} was changed, or what stood before it was taken out: its bytes do not give its hash"
    ),
    Break.HASH_CHANGED: "the hash of entry {number} was changed: the entry and its neighbours fit",
    Break.EXCHANGED: "entries {number} and {next} stand in each other's place",
    Break.UNFIT: "entry {number} does not belong where it stands: it, its hash or its order was changed",
}


def verify_stragglers(links: Mapping[int, Link], signed: tuple[Straggler, ...], findings: Findings) -> None:
    """Entries kept below a boundary: exactly those that it signed, each with its hash."""
    for one in signed:
        link = links.get(one.number)
        if link is None:
            findings.add(Break.MISSING, f"number {one.number}, kept by the boundary, is missing", one.number)
        elif link.hash != one.hash or chain_hash(one.previous, link.entry or b"") != one.hash:
            says = f"entry {one.number}, kept by the boundary, was changed"
            findings.add(Break.ENTRY_CHANGED, says, one.number, name(link))
    for number in sorted(links.keys() - {one.number for one in signed}):
        says = f"number {number} lies below the boundary, which does not know it: it was added"
        findings.add(Break.REPEATED, says, number, name(links[number]))


def name(link: Link) -> str | None:
    """The entry as a person finds it: what was done, to what, when and by whom."""
    found = _document(link)
    if found is None:
        return None
    subject = _part(found, "subject")
    return (
        f"{found.get('action')} on {subject.get('kind')}/{subject.get('id')}"
        f" at {found.get('at')} by {found.get('principal')}"
    )


def _document(link: Link) -> dict[str, Any] | None:
    """The entry as it reads, or None when its bytes are no longer a JSON object (their hash tells that)."""
    try:
        found = json.loads(link.entry or b"")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _part(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """An object within the entry; empty when there is something else in its place."""
    found = document.get(key)
    return found if isinstance(found, dict) else {}


def _columns(link: Link, columns: Columns, document: dict[str, Any]) -> list[tuple[str, str, Any]]:
    """Column, what it says, what the hashed bytes say."""
    subject = _part(document, "subject")
    return [
        ("id", str(link.entry_id), document.get("id")),
        ("at", timestamp(link.entry_at), document.get("at")),
        ("principal", columns.principal, document.get("principal")),
        ("action", columns.action, document.get("action")),
        ("subject_kind", columns.subject_kind, subject.get("kind")),
        ("subject_id", columns.subject_id, subject.get("id")),
        ("correlation_id", str(columns.correlation_id), document.get("correlation_id")),
    ]


def _day(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S UTC")
