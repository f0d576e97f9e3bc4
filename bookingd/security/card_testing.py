"""The brake on card testing: whoever tries out stolen cards makes many attempts, and most are declined.

Attempts that came to nothing are counted by the client's network, at the booking, and of the account, and
declines of each card by itself. The one rule: nobody is locked out. What is refused is not counted, so a
closed gate opens when enough of what closed it is an hour ago, whatever is tried meanwhile.

The counts are in PostgreSQL: losing Redis opens nothing (P12).
"""

import hmac
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from bookingd.config.sections import Brake as Figures
from bookingd.domain.ids import BookingId, PaymentId
from bookingd.security.throttle import network_of
from bookingd.sources import Clock
from bookingd.storage import payment_attempts
from bookingd.storage.database import Connection, Database
from bookingd.storage.payment_attempts import Attempt, Declined, Most
from bookingd.telemetry.metrics import BrakeMetrics

WINDOW = timedelta(hours=1)
"""In which attempts and declines are counted."""

CARD_WINDOW = timedelta(days=1)
"""In which a card's declines are; nothing is kept for longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A gate that lets no attempt through now."""

    gate: str
    """`network`, `booking` or `account`."""
    wait: int
    """Seconds until it does."""


class Brake:
    """Counts attempts, and refuses those that are too many."""

    def __init__(
        self, figures: Figures, *, key: bytes, clock: Clock, metrics: BrakeMetrics | None = None
    ) -> None:
        """`key` is the installation's: without it nobody finds out whose network or card a hash is of."""
        self._figures = figures
        self._key = hmac.digest(key, b"card testing", sha256)
        self._clock = clock
        self._metrics = BrakeMetrics() if metrics is None else metrics

    async def take(
        self,
        connection: Connection,
        payment_id: PaymentId,
        *,
        booking_id: BookingId,
        address: str | None,
        account: str | None,
    ) -> Closed | None:
        """Count an attempt; or the gate that is closed for longest.

        `address` is the client's, None for staff: they make attempts for many. `account` has the booking.
        """
        now, most = self._clock.now(), self._figures
        closed = await payment_attempts.take(
            connection,
            attempt=Attempt(
                payment_id=payment_id,
                booking_id=booking_id,
                network=None if address is None else self._hash("network", network_of(address)),
                account=None if account is None else self._hash("account", account),
            ),
            by_network=Most(attempts=most.attempts_from_network, declines=most.declines_from_network),
            at_booking=Most(attempts=most.attempts_at_booking, declines=most.declines_at_booking),
            of_account=Most(attempts=most.attempts_of_account, declines=most.declines_of_account),
            since=now - WINDOW,
            now=now,
        )
        if not closed:
            return None
        gate, since = max(closed, key=lambda one: one[1])
        self._metrics.refused(gate).inc()
        return Closed(gate=gate, wait=max(math.ceil((since + WINDOW - now).total_seconds()), 1))

    async def give_back(self, connection: Connection, ids: Collection[PaymentId]) -> None:
        """They were no attempts, or have succeeded."""
        await payment_attempts.give_back(connection, ids=ids)

    async def decline(
        self, connection: Connection, declined: Sequence[tuple[PaymentId, BookingId, str | None]]
    ) -> None:
        """Their gateways declined them, with the card's fingerprint where they tell it."""
        rows = [
            Declined(payment_id=payment_id, booking_id=booking_id, card=self._card(card))
            for payment_id, booking_id, card in declined
        ]
        await payment_attempts.decline(connection, declined=rows, now=self._clock.now())

    async def is_closed_to(self, database: Database, fingerprint: str | None) -> bool:
        """Whether the card was declined too often to be taken now, even where its bank would."""
        card = self._card(fingerprint)
        if card is None or not self._figures.declines_of_card:
            return False
        since = self._clock.now() - CARD_WINDOW
        async with database.connection() as connection:
            counted = await payment_attempts.declines_of_card(connection, card=card, since=since)
        if counted < self._figures.declines_of_card:
            return False
        self._metrics.refused("card").inc()
        return True

    def _card(self, fingerprint: str | None) -> bytes | None:
        return self._hash("card", fingerprint) if fingerprint else None

    def _hash(self, kind: str, subject: str) -> bytes:
        return hmac.digest(self._key, f"{kind} {subject}".encode(errors="replace"), sha256)
