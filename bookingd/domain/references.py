"""Booking references that people read aloud: six characters without look-alikes."""

from collections.abc import Callable, Sequence

from bookingd.domain.ids import Reference

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""No 0/O, 1/I/L: 31 characters, 887 million references of six."""

LENGTH = 6


def new_reference(choice: Callable[[Sequence[str]], str]) -> Reference:
    """A reference drawn by `choice`; the caller's unique index decides whether it is free."""
    return Reference("".join(choice(ALPHABET) for _ in range(LENGTH)))


def parse_reference(text: str) -> Reference | None:
    """The reference that `text` means, however it was typed; None if it cannot be one."""
    candidate = text.strip().upper()
    if len(candidate) != LENGTH or any(character not in ALPHABET for character in candidate):
        return None
    return Reference(candidate)
