"""All that is kept of one account, of one moment, for its owner to take along.

The one rule: whatever table comes to hold something of an account is read here too. Secrets are not: neither
hashes nor what is sealed to prove somebody, nor what opens something at a gateway. Nor is what the account
did where something is not its own: that would say whether there is such a thing, and whose, which no answer
tells.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bookingd.domain.accounts.travellers import MOST_TRAVELLERS, SavedTraveller
from bookingd.domain.documents.document import Issued, Party
from bookingd.domain.ids import AccountId, BookingId, PaymentId
from bookingd.security.keyring import Keyring
from bookingd.storage import (
    bookings,
    documents,
    notifications,
    payment_means,
    payments,
    preferences,
    profiles,
    second_factors,
)
from bookingd.storage import travellers as saved_travellers
from bookingd.storage.bookings import BookingView, Event, Traveller
from bookingd.storage.database import Connection
from bookingd.storage.notifications import Notification
from bookingd.storage.own_notifications import UNTOLD
from bookingd.storage.payment_means import KeptMeans
from bookingd.storage.payments import PaymentRow, RefundRow
from bookingd.storage.preferences import Chosen
from bookingd.storage.profiles import Profile
from bookingd.storage.queries import query
from bookingd.storage.second_factors import Held, Passkey

ONE_MOMENT = query("dossiers.one_moment")
SESSIONS = query("belongings.sessions")
AUTHENTICATOR = query("belongings.authenticator")
API_KEYS = query("belongings.api_keys")
PROOFS = query("belongings.proofs")
BOOKINGS = query("belongings.bookings")
DEEDS = query("belongings.deeds")

FOUND_OUT = ("account.address_change_answered",)
"""Actions of which the trail tells whether an address that was wanted has an account."""

ALL = 1_000_000
"""Rows of one list: more than any account has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSession:
    """Somewhere the account is or was signed in."""

    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    second_factor: bool
    device: str
    client_address: str = field(repr=False)
    ended_at: datetime | None
    ended_because: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptKey:
    """A key of a program; nothing of its secret."""

    name: str
    scopes: Sequence[str]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptProof:
    """That a link or code was sent; neither can be made from it."""

    purpose: str
    address: str | None = field(repr=False)
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDeed:
    """What the audit trail has; `details` and `personal` are JSON."""

    at: datetime
    action: str
    principal: str
    subject_kind: str
    subject_id: str
    details: str
    personal: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptBooking:
    """A booking with everything around it."""

    view: BookingView
    travellers: Sequence[Traveller]
    payments: Sequence[PaymentRow]
    refunds: Mapping[PaymentId, Sequence[RefundRow]]
    events: Sequence[Event]
    messages: Sequence[Notification]
    documents: Sequence[Issued]
    billing: Party | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Belongings:
    """Everything."""

    profile: Profile
    travellers: Sequence[SavedTraveller]
    preferences: Chosen
    sessions: Sequence[KeptSession]
    factors: Held
    app_since: datetime | None
    passkeys: Sequence[Passkey]
    api_keys: Sequence[KeptKey]
    proofs: Sequence[KeptProof]
    messages: Sequence[Notification]
    payment_means: Sequence[KeptMeans]
    bookings: Sequence[KeptBooking]
    deeds: Sequence[KeptDeed]


async def gather(connection: Connection, *, keyring: Keyring, account: AccountId) -> Belongings | None:
    """The account's; at the beginning of a transaction. None where it was erased. Raises CannotOpen."""
    await connection.execute(ONE_MOMENT)
    profile = await profiles.load(connection, account=account)
    if profile is None:
        return None
    owner = f"account:{account}"
    booked = [BookingId(row["id"]) for row in await connection.fetch(BOOKINGS, owner)]
    deeds = await connection.fetch(DEEDS, str(account), [str(one) for one in booked], FOUND_OUT, UNTOLD)
    told = await notifications.of_account(connection, account_id=account, limit=ALL)
    return Belongings(
        profile=profile,
        travellers=await saved_travellers.page(
            connection, keyring=keyring, account=account, limit=MOST_TRAVELLERS
        ),
        preferences=await preferences.of_account(connection, account=account),
        sessions=[KeptSession(**dict(row)) for row in await connection.fetch(SESSIONS, account)],
        factors=await second_factors.held(connection, account=account),
        app_since=await connection.fetchval(AUTHENTICATOR, account),
        passkeys=await second_factors.passkeys(connection, account=account),
        api_keys=[KeptKey(**dict(row)) for row in await connection.fetch(API_KEYS, account)],
        proofs=[KeptProof(**dict(row)) for row in await connection.fetch(PROOFS, account)],
        messages=[one for one in told if one.key.kind not in UNTOLD],
        payment_means=await payment_means.of_owner(connection, owner=owner),
        bookings=await _bookings(connection, booked),
        deeds=[KeptDeed(**dict(row)) for row in deeds],
    )


async def _bookings(connection: Connection, booked: Sequence[BookingId]) -> list[KeptBooking]:
    views = await bookings.by_ids(connection, ids=booked)
    people = await bookings.travellers_of(connection, ids=booked)
    issued = await documents.of_bookings(connection, ids=booked)
    billed = await documents.billing_of(connection, ids=booked)
    return [
        await _booking(connection, views[one], people[one], issued[one], billed.get(one)) for one in booked
    ]


async def _booking(
    connection: Connection,
    view: BookingView,
    people: Sequence[Traveller],
    issued: Sequence[Issued],
    billing: Party | None,
) -> KeptBooking:
    paid = await payments.of_booking(connection, booking_id=view.booking.id)
    return KeptBooking(
        view=view,
        travellers=people,
        payments=paid,
        refunds={row.id: await payments.refunds_of(connection, payment_id=row.id) for row in paid},
        events=await bookings.events_after(connection, booking_id=view.booking.id, sequence=0, limit=ALL),
        messages=await notifications.of_booking(connection, booking_id=view.booking.id),
        documents=issued,
        billing=billing,
    )
