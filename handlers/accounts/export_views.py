"""What is kept of an account, as its owner takes it along.

The one rule: everything but secrets. Of others who had to do with it only that it was others: they are people
too. An account is not called staff's, which is only known of its present: who was refused may be a stranger.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from bookingd.storage.belongings import Belongings, KeptBooking, KeptDeed
from bookingd.storage.payments import PaymentRow, RefundRow
from bookingd.storage.places import Names
from handlers.accounts.preferences import PreferencesView, preferences_view
from handlers.accounts.profile import Me, me_view
from handlers.accounts.traveller_views import TravellerView, traveller_view
from handlers.booking_views import BookingBody, EventView, MessageView, booking_body, event_view, message_view
from handlers.documents.document_views import AddresseeView, DocumentBody, document_body, party_view
from handlers.paying.option_views import KeptView, kept_view
from handlers.views import Amount, View, amount

OTHERS = {"account": "another account", "guest": "guest", "nobody": "nobody", "operator": "staff"}
"""What principals are called that are not its owner; the rest is machinery."""


class SessionKept(View, frozen=True, kw_only=True):
    """Somewhere the account is or was signed in."""

    opened_at: datetime
    seen_at: datetime
    ends_at: datetime
    second_factor: bool
    device: str
    client_address: str
    ended_at: datetime | None
    ended_because: str | None


class PasskeyKept(View, frozen=True, kw_only=True):
    """A passkey, by what its owner calls it."""

    name: str
    created_at: datetime
    used_at: datetime | None


class FactorsKept(View, frozen=True, kw_only=True):
    """What the account proves itself with besides its password."""

    app_since: Annotated[datetime | None, Meta(description="Since when an app's codes count.")]
    passkeys: tuple[PasskeyKept, ...]
    recovery_codes: Annotated[int, Meta(description="How many are left.")]


class KeyKept(View, frozen=True, kw_only=True):
    """An API key."""

    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


class LinkKept(View, frozen=True, kw_only=True):
    """That a link or code was sent."""

    purpose: str
    address: str | None
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


class RefundKept(View, frozen=True, kw_only=True):
    """Something given back."""

    amount: Amount
    state: str


class PaymentKept(View, frozen=True, kw_only=True):
    """An attempt to pay."""

    id: str
    gateway: str
    state: str
    amount: Amount
    captured: Amount
    refunded: Amount
    failure: str | None
    refunds: tuple[RefundKept, ...]


class BookingKept(View, frozen=True, kw_only=True):
    """A booking with its timeline, its money and its messages."""

    booking: BookingBody
    payments: tuple[PaymentKept, ...]
    events: tuple[EventView, ...]
    messages: tuple[MessageView, ...]
    documents: tuple[DocumentBody, ...]
    billing: Annotated[AddresseeView | None, Meta(description="Whom it is invoiced to, where that was said.")]


class DeedKept(View, frozen=True, kw_only=True):
    """What stands in the audit trail."""

    at: datetime
    by: Annotated[
        str,
        Meta(description="`you`, `your API key`, `another account`, `guest`, `staff`, `system`, `nobody`."),
    ]
    action: str
    about: Annotated[str, Meta(description="`account` or `booking`, and which.")]
    details: msgspec.Raw
    personal: Annotated[msgspec.Raw, Meta(description="What is kept apart, so that it can be erased.")]


class Export(View, frozen=True, kw_only=True):
    """All that is kept of an account."""

    exported_at: datetime
    profile: Me
    travellers: tuple[TravellerView, ...]
    notification_preferences: PreferencesView
    sessions: tuple[SessionKept, ...]
    second_factors: FactorsKept
    api_keys: tuple[KeyKept, ...]
    links: tuple[LinkKept, ...]
    messages: Annotated[tuple[MessageView, ...], Meta(description="About the account itself.")]
    payment_means: Annotated[tuple[KeptView, ...], Meta(description="Kept with consent.")]
    bookings: tuple[BookingKept, ...]
    audit: tuple[DeedKept, ...]


def export_view(kept: Belongings, *, names: Names, now: datetime) -> Export:
    """Everything, as it is written down."""
    owner = f"account:{kept.profile.id}"
    return Export(
        exported_at=now,
        profile=me_view(kept.profile),
        travellers=tuple(traveller_view(one, whole=True) for one in kept.travellers),
        notification_preferences=preferences_view(kept.preferences.preferences),
        sessions=_sessions(kept),
        second_factors=_factors(kept),
        api_keys=_keys(kept),
        links=_links(kept),
        messages=tuple(map(message_view, kept.messages)),
        payment_means=tuple(kept_view(one, now) for one in kept.payment_means),
        bookings=tuple(_booking(one, names) for one in kept.bookings),
        audit=tuple(_deed(one, owner) for one in kept.deeds),
    )


def _sessions(kept: Belongings) -> tuple[SessionKept, ...]:
    return tuple(
        SessionKept(
            opened_at=one.created_at,
            seen_at=one.seen_at,
            ends_at=one.expires_at,
            second_factor=one.second_factor,
            device=one.device,
            client_address=one.client_address,
            ended_at=one.ended_at,
            ended_because=one.ended_because,
        )
        for one in kept.sessions
    )


def _factors(kept: Belongings) -> FactorsKept:
    return FactorsKept(
        app_since=kept.app_since,
        passkeys=tuple(
            PasskeyKept(name=one.name, created_at=one.created_at, used_at=one.used_at)
            for one in kept.passkeys
        ),
        recovery_codes=kept.factors.recovery_codes,
    )


def _keys(kept: Belongings) -> tuple[KeyKept, ...]:
    return tuple(
        KeyKept(
            name=one.name,
            scopes=tuple(one.scopes),
            created_at=one.created_at,
            expires_at=one.expires_at,
            used_at=one.used_at,
            revoked_at=one.revoked_at,
        )
        for one in kept.api_keys
    )


def _links(kept: Belongings) -> tuple[LinkKept, ...]:
    return tuple(
        LinkKept(
            purpose=one.purpose,
            address=one.address,
            created_at=one.created_at,
            expires_at=one.expires_at,
            used_at=one.used_at,
        )
        for one in kept.proofs
    )


def _booking(kept: KeptBooking, names: Names) -> BookingKept:
    body = booking_body(kept.view, kept.travellers, (), (), names)
    return BookingKept(
        booking=body,
        payments=tuple(_payment(row, kept.refunds.get(row.id, ())) for row in kept.payments),
        events=tuple(map(event_view, kept.events)),
        messages=tuple(map(message_view, kept.messages)),
        documents=tuple(map(document_body, kept.documents)),
        billing=None if kept.billing is None else party_view(kept.billing),
    )


def _payment(row: PaymentRow, refunds: Sequence[RefundRow]) -> PaymentKept:
    """Neither where the payer acts nor the gateway's id: whoever has the file shall reach nothing there."""
    return PaymentKept(
        id=str(row.id),
        gateway=row.gateway,
        state=row.state,
        amount=amount(row.amount),
        captured=amount(row.captured),
        refunded=amount(row.refunded),
        failure=row.failure,
        refunds=tuple(RefundKept(amount=amount(one.amount), state=one.state) for one in refunds),
    )


def _deed(deed: KeptDeed, owner: str) -> DeedKept:
    return DeedKept(
        at=deed.at,
        by=_by(deed.principal, owner),
        action=deed.action,
        about=f"{deed.subject_kind}/{deed.subject_id}",
        details=msgspec.Raw(deed.details.encode()),
        personal=msgspec.Raw((deed.personal or "{}").encode()),
    )


def _by(principal: str, owner: str) -> str:
    if principal == owner:
        return "you"
    if principal.startswith(f"{owner}/key:"):
        return "your API key"
    return OTHERS.get(principal.partition(":")[0], "system")
