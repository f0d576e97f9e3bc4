"""Who may do what with a booking (P10): one pure function, and whatever it does not name is refused.

A booking belongs to the principal who made it, or to the account that took it over. Besides, it opens to
whoever holds a token for it: the one that was handed out with the booking or got by a code, or the link in a
mail. Each names one booking and opens no other. Staff reach everybody's bookings, as far as their roles say.
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
    BILL = "bill"
    """Say whom it is invoiced to, and see it."""


class ProofKind(StrEnum):
    """What somebody shows who did not make the booking in this session."""

    BOOKING_TOKEN = "booking_token"  # noqa: S105 - the word, not a token
    MAIL_LINK = "mail_link"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A token whose signature and time were found good, and the booking that it names."""

    kind: ProofKind
    booking_id: BookingId


class Right(StrEnum):
    """Why somebody may."""

    OWN = "own"
    """It is theirs."""
    STAFF = "staff"
    """Their role reaches everybody's."""
    PROOF = "proof"
    """They have shown a token for it."""


EVERYTHING = frozenset(Action)

PERSONS = frozenset({"guest", "account", "operator"})
"""Whom a principal's first word names; others are machinery, and do what somebody caused."""

OPENS: Mapping[ProofKind, frozenset[Action]] = MappingProxyType(
    {
        ProofKind.BOOKING_TOKEN: EVERYTHING,
        # A guest who comes back on another device has nothing else; a mail may be forwarded, so giving the
        # booking up takes more.
        ProofKind.MAIL_LINK: frozenset({Action.VIEW, Action.PAY, Action.CONSENT}),
    }
)


def right_of(who: Who, action: Action, booking: Booking, proofs: Collection[Proof] = ()) -> Right | None:
    """By which right somebody, showing `proofs`, may do this with the booking; None where by none.

    Staff are staff also with a token in hand: what they look at is written down.
    """
    if _is_owner(who, booking):
        return Right.OWN
    if who.has(Permission.BOOKINGS_ACT) or (action is Action.VIEW and who.has(Permission.BOOKINGS_READ)):
        return Right.STAFF
    if any(proof.booking_id == booking.id and action in OPENS[proof.kind] for proof in proofs):
        return Right.PROOF
    return None


def may_take_over(booking: Booking, *, contact: str | None, account: str | None) -> bool:
    """Whether the account may have the booking: by the key of its verified address, and of the contact's.

    A token does not do: a link may be forwarded and a token handed on, to have somebody look or pay; and who
    takes a booking over takes it from the session that made it. Nothing is taken from another account.
    """
    return booking.owner.startswith("guest:") and account is not None and account == contact


def whose(acting: str, booking: Booking) -> dict[str, str]:
    """What an audit entry says besides where somebody acts on a booking of somebody else: whose it is."""
    if acting.partition(":")[0] not in PERSONS or acting.partition("/")[0] == booking.owner:
        return {}
    return {"owner": booking.owner}


def _is_owner(who: Who, booking: Booking) -> bool:
    """Guests own what their session made; an account's key may be good for less than the account."""
    return who.known and who.principal == booking.owner and (who.account is None or who.has(Permission.BOOK))
