"""The vendor's terms, each with its source; a test or a demonstration may set others."""

from dataclasses import dataclass
from datetime import timedelta

from bookingd.sandbox.paypal.records import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How long things last, and how much may be taken."""

    token_lasts: timedelta = timedelta(seconds=32_400)
    """`expires_in` of the vendor's example of a token."""
    order_lasts: timedelta = timedelta(hours=3)
    """How long an order waits for its buyer and then for its merchant (guide of the Orders API)."""
    authorization_lasts: timedelta = timedelta(days=29)
    honour_period: timedelta = timedelta(days=3)
    """Guide "Authorization and capture": so long funds are sure; then it can be authorised again."""
    refund_until: timedelta = timedelta(days=180)
    """Guide "Refunds": so long after a capture it can be given back."""
    settles_after: timedelta = timedelta(seconds=2)
    """How long reviews, cheques and slow refunds take here; at the vendor it is days."""
    overcapture_percent: int = 115
    overcapture_units: int = 7500
    """All captures together may be so much, and not more than 75.00 above what was authorised: the vendor
    says 75 US dollars, and nothing of other currencies, where only the percentage counts here."""
    may_search: bool = True
    """Whether the merchant's app has the permission for transaction search."""
    most_captures: int = 10
    """MAX_CAPTURE_COUNT_EXCEEDED; the vendor's figure is "up to ten" (guide)."""
    order_ids_last: timedelta = timedelta(hours=6)
    payment_ids_last: timedelta = timedelta(days=45)
    """How long a PayPal-Request-Id is remembered (API descriptions)."""

    def most(self, authorised: Money) -> int:
        """What may be captured in all, in units."""
        most = authorised.units * self.overcapture_percent // 100
        if authorised.currency == "USD":
            most = min(most, authorised.units + self.overcapture_units)
        return most
