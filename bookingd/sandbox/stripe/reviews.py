"""Reviews: payments that a person at the merchant looks at before anything is delivered.

The one rule: a review stops nothing by itself; it is open until somebody approves or the money goes back.
"""

from msgspec.structs import replace

from bookingd.sandbox.stripe import faults
from bookingd.sandbox.stripe.account import Work
from bookingd.sandbox.stripe.records import Charge, PaymentIntent, Review


def opened(work: Work, intent: PaymentIntent, charge: Charge) -> tuple[PaymentIntent, Charge]:
    """Both with their review, where Radar sees a risk; as they were where it does not."""
    if charge.method.card.risk != "elevated":
        return intent, charge
    review = Review(id=work.new_id("prv"), created=work.now, charge=charge.id, intent=intent.id)
    work.put(review)
    work.tell("review.opened", review)
    return replace(intent, review=review.id), replace(charge, review=review.id)


def approve(work: Work, review: Review) -> Review:
    """A person found nothing wrong."""
    if review.closed_reason is not None:
        raise faults.invalid(f"The review {review.id} has already been closed.", param="review")
    return _closed(work, review, "approved")


def money_went_back(work: Work, charge: Charge) -> None:
    """A refund or a cancellation answers the review too."""
    _close_of(work, charge, "refunded")


def disputed(work: Work, charge: Charge) -> None:
    """The holder was quicker."""
    _close_of(work, charge, "disputed")


def _close_of(work: Work, charge: Charge, reason: str) -> None:
    review = work.account.reviews.get(charge.review or "")
    if review is not None and review.closed_reason is None:
        _closed(work, review, reason)


def _closed(work: Work, review: Review, reason: str) -> Review:
    review = replace(review, closed_reason=reason)
    work.put(review)
    work.tell("review.closed", review)
    return review
