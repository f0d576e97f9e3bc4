"""A set as it is made of offers, and as it is kept: columns as they lie in memory, and the offers' JSON.

Its one rule: unpacking copies nothing and decodes no offer; who shows a page decodes the offers on it.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from bookingd.results.columns import Columns, Marks, Numbers, Rows, Terms

VERSION = 2
"""Of the form below. Who keeps sets has it in their keys: two releases never read each other's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Names of the columns, in the order in which an entry has them."""

    numbers: tuple[str, ...]
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One offer on its way into a set."""

    result: bytes
    """What makes its result: the same for all offers of one, in later searches too."""
    offer: bytes
    """What makes the offer among those of its result, in later searches too: so not its id."""
    numbers: Sequence[int | float]
    terms: Sequence[Iterable[str]] = ()
    body: bytes
    """Its JSON."""


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What is packed. Arrays are as numpy has them in memory, little-endian."""

    about: bytes
    begins: memoryview
    result_marks: memoryview
    marks: memoryview
    numbers: dict[str, tuple[str, memoryview]]
    """By column: the type of its entries (`<i8`, `<f8`) and these."""
    terms: dict[str, tuple[tuple[str, ...], memoryview, memoryview]]
    body_begins: memoryview
    bodies: memoryview


@dataclass(frozen=True, kw_only=True)
class ResultSet:
    """What a search found."""

    about: bytes
    """JSON about the set as a whole, as whoever made it put it in."""
    columns: Columns
    body_begins: Rows
    """Where each offer's JSON begins, and behind the last one where it ends."""
    bodies: memoryview

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        arrays = (*self.columns.numbers.values(), *(terms.rows for terms in self.columns.terms.values()))
        return self.bodies.nbytes + sum(array.nbytes for array in arrays)

    def body(self, row: int) -> memoryview:
        """An offer's JSON."""
        return self.bodies[self.body_begins[row] : self.body_begins[row + 1]]


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(_Kept).decode


def gather(entries: Iterable[Entry], *, layout: Layout, about: bytes) -> ResultSet:
    """A set of these offers; the order in which they come does not matter."""
    numbers: dict[bytes, int] = {}
    of = [(numbers.setdefault(entry.result, len(numbers)), entry) for entry in entries]
    of.sort(key=lambda one: one[0])
    rows = [entry for _, entry in of]
    sizes = np.bincount(np.array([number for number, _ in of], np.int64), minlength=len(numbers))
    columns = Columns(
        begins=_sums(sizes),
        result_marks=_marks(numbers),
        marks=_marks(entry.offer for entry in rows),
        numbers={
            name: np.array([entry.numbers[place] for entry in rows], None if rows else np.int64)
            for place, name in enumerate(layout.numbers)
        },
        terms={
            name: _terms([entry.terms[place] for entry in rows]) for place, name in enumerate(layout.terms)
        },
    )
    bodies = b"".join(entry.body for entry in rows)
    return ResultSet(
        about=about,
        columns=columns,
        body_begins=_sums(np.array([len(entry.body) for entry in rows], np.int64)),
        bodies=memoryview(bodies),
    )


def joined(sets: Sequence[ResultSet]) -> ResultSet:
    """Sets of one layout as one: what is the same result in several of them is one result. Terms and
    numbers are those of their offers; `about` is the first one's.
    """
    if len(sets) == 1:
        return sets[0]
    parts = [one.columns for one in sets]
    marks = np.concatenate([part.result_marks[part.result_of] for part in parts])
    result_marks, of = np.unique(marks, return_inverse=True)
    order = np.argsort(of, kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    starts = _sums(np.array([part.size for part in parts], np.int64))
    columns = Columns(
        begins=_sums(np.bincount(of, minlength=len(result_marks))),
        result_marks=result_marks,
        marks=np.concatenate([part.marks for part in parts])[order],
        numbers={
            name: np.concatenate([part.numbers[name] for part in parts])[order] for name in parts[0].numbers
        },
        terms={name: _joined_terms(parts, name, starts, place) for name in parts[0].terms},
    )
    bodies = [one.body(row) for one in sets for row in range(one.columns.size)]
    sizes = np.array([len(body) for body in bodies], np.int64)[order]
    return ResultSet(
        about=sets[0].about,
        columns=columns,
        body_begins=_sums(sizes),
        bodies=memoryview(b"".join(bodies[row] for row in order)),
    )


def _joined_terms(parts: Sequence[Columns], column: str, starts: Rows, place: Rows) -> Terms:
    """`place`: where each row of the sets, one behind the other, stands in the joined one."""
    rows: dict[str, list[Rows]] = {}
    for part, start in zip(parts, starts, strict=False):
        for name in part.terms[column].names:
            rows.setdefault(name, []).append(place[part.terms[column].of(name) + start])
    names = tuple(sorted(rows))
    each = [np.sort(np.concatenate(rows[name])) for name in names]
    return Terms(
        names=names,
        begins=_sums(np.array([len(one) for one in each], np.int64)),
        rows=np.concatenate(each) if each else np.zeros(0, np.int64),
    )


def pack(found: ResultSet) -> bytes:
    """The set as it is kept."""
    columns = found.columns
    return _pack(
        _Kept(
            about=found.about,
            begins=_bytes(columns.begins),
            result_marks=_bytes(columns.result_marks),
            marks=_bytes(columns.marks),
            numbers={name: (array.dtype.str, _bytes(array)) for name, array in columns.numbers.items()},
            terms={
                name: (one.names, _bytes(one.begins), _bytes(one.rows)) for name, one in columns.terms.items()
            },
            body_begins=_bytes(found.body_begins),
            bodies=found.bodies,
        )
    )


def unpack(kept: bytes) -> ResultSet:
    """The set that was kept; it stands on these very bytes."""
    found = _unpack(kept)
    columns = Columns(
        begins=_rows(found.begins),
        result_marks=np.frombuffer(found.result_marks, np.uint64),
        marks=np.frombuffer(found.marks, np.uint64),
        numbers={name: np.frombuffer(data, kind) for name, (kind, data) in found.numbers.items()},
        terms={
            name: Terms(names=names, begins=_rows(begins), rows=_rows(rows))
            for name, (names, begins, rows) in found.terms.items()
        },
    )
    return ResultSet(
        about=found.about, columns=columns, body_begins=_rows(found.body_begins), bodies=found.bodies
    )


def _sums(sizes: Rows) -> Rows:
    """Where each of things so large begins that lie one behind the other, and where the last one ends."""
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)))


def _marks(names: Iterable[bytes]) -> Marks:
    return np.array([mark_of(name) for name in names], np.uint64)


def mark_of(name: bytes) -> int:
    """A number that has 56 bits and is the same for the same name in every process."""
    return int.from_bytes(hashlib.blake2b(name, digest_size=7).digest())


def _terms(each: Sequence[Iterable[str]]) -> Terms:
    rows: dict[str, list[int]] = {}
    for row, names in enumerate(each):
        for name in set(names):
            rows.setdefault(name, []).append(row)
    names = tuple(sorted(rows))
    return Terms(
        names=names,
        begins=_sums(np.array([len(rows[name]) for name in names], np.int64)),
        rows=np.array([row for name in names for row in rows[name]], np.int64),
    )


def _bytes(array: Numbers | Marks) -> memoryview:
    return np.ascontiguousarray(array).view(np.uint8).data


def _rows(kept: memoryview) -> Rows:
    return np.frombuffer(kept, np.int64)
