"""Who may do what with a booking (P10): one pure function, and whatever it does not name is refused.

A booking belongs to the principal who made it. Besides, it opens to whoever holds a token for it: the one
that was handed out with the booking, or the link in a mail. Both name one booking and open no other. Staff
reach everybody's bookings, as far as their roles say.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from bookingd.domain.accounts.permissions import Permission
from bookingd.domain.accounts.who import Who
from bookingd.domain.booking.state import Booking
from bookingd.domain.ids import BookingId


class Action(StrEnum):
    """What can be done with a booking."""

    VIEW = "view"
    PAY = "pay"
    CONSENT = "consent"
    """Agree to a changed price."""
    CANCEL = "cancel"


class ProofKind(StrEnum):
    """What somebody shows who did not make the booking in this session."""

    BOOKING_TOKEN = "booking_token"  # noqa: S105 - the word, not a token
    MAIL_LINK = "mail_link"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A token whose signature and time were found good, and the booking that it names."""

    kind: ProofKind
    booking_id: BookingId


EVERYTHING = frozenset(Action)

OPENS: Mapping[ProofKind, frozenset[Action]] = MappingProxyType(
    {
        ProofKind.BOOKING_TOKEN: EVERYTHING,
        # A guest who comes back on another device has nothing else; a mail may be forwarded, so giving the
        # booking up takes more.
        ProofKind.MAIL_LINK: frozenset({Action.VIEW, Action.PAY, Action.CONSENT}),
    }
)


def may(who: Who, action: Action, booking: Booking, proofs: Collection[Proof] = ()) -> bool:
    """Whether somebody, showing `proofs`, may do this with the booking."""
    if _is_owner(who, booking) or who.has(Permission.BOOKINGS_ACT):
        return True
    if action is Action.VIEW and who.has(Permission.BOOKINGS_READ):
        return True
    return any(proof.booking_id == booking.id and action in OPENS[proof.kind] for proof in proofs)


def _is_owner(who: Who, booking: Booking) -> bool:
    """Guests own what their session made; an account's key may be good for less than the account."""
    return who.known and who.principal == booking.owner and (who.account is None or who.has(Permission.BOOK))
