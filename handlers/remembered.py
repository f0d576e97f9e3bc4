"""Who is behind what somebody showed, known for a moment: so that not each request asks the database.

The one rule: what a notice of an account drops was not read before it, either. A look that was under way when
the notice came is answered with what it found, and not remembered.
"""

from collections import OrderedDict
from typing import Generic, NamedTuple, TypeVar

from bookingd.domain.ids import AccountId
from bookingd.sources import Clock

KNOWN_FOR = 5.0
"""Seconds."""

KEPT = 10_000
"""Of each sort in mind, some 500 bytes each."""

Name = TypeVar("Name")
Found = TypeVar("Found")


class _Known(NamedTuple, Generic[Found]):
    found: Found
    account: AccountId | None
    since: float


class Look(NamedTuple):
    """When a look into the database began."""

    at: float
    changes: int


class Remembered(Generic[Name, Found]):
    """What was found under names, the oldest of which is forgotten first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: OrderedDict[Name, _Known[Found]] = OrderedDict()
        self._names: dict[AccountId | None, set[Name]] = {}
        self._changes = 0

    def recall(self, name: Name) -> Found | None:
        """What was found a moment ago."""
        known = self._known.get(name)
        if known is None or self._clock.monotonic() - known.since >= KNOWN_FOR:
            return None
        return known.found

    def look(self) -> Look:
        """To be asked for before the database is."""
        return Look(self._clock.monotonic(), self._changes)

    def keep(self, name: Name, found: Found, *, account: AccountId | None, look: Look) -> None:
        """Remember what the look has found, which is the account's, or nobody's."""
        self._drop(name)
        if look.changes != self._changes:
            return
        self._known[name] = _Known(found, account, look.at)
        self._names.setdefault(account, set()).add(name)
        if len(self._known) > KEPT:
            self._drop(next(iter(self._known)))

    def forget(self, account: AccountId) -> None:
        """Something about the account has changed; and what was nobody's may be its now."""
        self._changes += 1
        for one in (account, None):
            for name in self._names.pop(one, ()):
                del self._known[name]

    def _drop(self, name: Name) -> None:
        known = self._known.pop(name, None)
        if known is None:
            return
        names = self._names[known.account]
        names.discard(name)
        if not names:
            del self._names[known.account]
