"""Calls about disputes and reviews."""

from bookingd.sandbox.stripe import disputes, faults, reviews
from bookingd.sandbox.stripe.account import Work
from bookingd.sandbox.stripe.disputes import EVIDENCE
from bookingd.sandbox.stripe.params import Params
from bookingd.sandbox.stripe.records import Answer, Dispute, Review

LONGEST_EVIDENCE = 150_000
"""Characters of all evidence together: the vendor's limit."""


def read_dispute(work: Work, dispute_id: str, given: Params) -> Answer:
    given.done()
    return Answer(thing=dispute_of(work, dispute_id))


def dispute_of(work: Work, dispute_id: str) -> Dispute:
    """The dispute of the path."""
    dispute = work.account.disputes.get(dispute_id)
    if dispute is None:
        raise faults.no_such("dispute", dispute_id, param="dispute")
    return dispute


def update_dispute(work: Work, dispute_id: str, given: Params) -> Answer:
    dispute = dispute_of(work, dispute_id)
    evidence, metadata = _evidence(given.group("evidence")), given.metadata()
    submit = given.one_of("submit", ("true", "false"), "true") == "true"
    given.done()
    return Answer(thing=disputes.answer(work, dispute, evidence, metadata, submit=submit))


def _evidence(given: Params | None) -> dict[str, str]:
    if given is None:
        return {}
    said = {name: given.text(name, limit=LONGEST_EVIDENCE) for name in EVIDENCE}
    given.done()
    found = {name: text for name, text in said.items() if text is not None}
    if sum(map(len, found.values())) > LONGEST_EVIDENCE:
        raise faults.invalid("The evidence is too long.", param="evidence")
    return found


def close_dispute(work: Work, dispute_id: str, given: Params) -> Answer:
    given.done()
    return Answer(thing=disputes.accept(work, dispute_of(work, dispute_id)))


def read_review(work: Work, review_id: str, given: Params) -> Answer:
    given.done()
    return Answer(thing=review_of(work, review_id))


def review_of(work: Work, review_id: str) -> Review:
    """The review of the path."""
    review = work.account.reviews.get(review_id)
    if review is None:
        raise faults.no_such("review", review_id, param="review")
    return review


def approve_review(work: Work, review_id: str, given: Params) -> Answer:
    given.done()
    return Answer(thing=reviews.approve(work, review_of(work, review_id)))
