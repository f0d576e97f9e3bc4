"""Who may do what with a booking (P10): over every principal, proof and action."""

import pytest

from bookingd.domain.access import OPENS, Action, Proof, ProofKind, may
from tests import factories

MINE = factories.booking(1, owner="guest:1")
OTHER = factories.booking(2, owner="guest:2")


@pytest.mark.parametrize("action", Action)
def test_whoever_made_it_may_do_everything(action: Action) -> None:
    assert may("guest:1", action, MINE)


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("principal", [None, "", "guest:2", "guest:11", "account:1", "system", "anonymous"])
def test_nobody_else_may_do_anything(principal: str | None, action: Action) -> None:
    assert not may(principal, action, MINE)


@pytest.mark.parametrize("kind", ProofKind)
@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("principal", [None, "guest:2"])
def test_a_token_opens_its_own_booking_only(principal: str | None, kind: ProofKind, action: Action) -> None:
    proof = Proof(kind=kind, booking_id=MINE.id)

    assert may(principal, action, MINE, [proof]) is (action in OPENS[kind])
    assert may("guest:3", action, OTHER, [proof]) is False


def test_a_mail_that_was_passed_on_does_not_give_the_booking_up() -> None:
    link = Proof(kind=ProofKind.MAIL_LINK, booking_id=MINE.id)
    token = Proof(kind=ProofKind.BOOKING_TOKEN, booking_id=MINE.id)

    assert not may(None, Action.CANCEL, MINE, [link])
    assert may(None, Action.CANCEL, MINE, [link, token])
