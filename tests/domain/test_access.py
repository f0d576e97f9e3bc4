"""Who may do what with a booking (P10): over every principal, proof and action."""

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

import pytest

from bookingd.domain.access import OPENS, Action, Proof, ProofKind, Right, may_take_over, right_of, whose
from bookingd.domain.accounts.permissions import Permission, Role
from bookingd.domain.accounts.who import NOBODY, Who
from bookingd.domain.booking.state import Booking
from bookingd.domain.ids import AccountId, ApiKeyId
from tests import factories


def may(who: Who, action: Action, booking: Booking, proofs: Collection[Proof] = ()) -> bool:
    return right_of(who, action, booking, proofs) is not None


def account(name: str) -> Who:
    """A traveller."""
    return Who(principal=f"account:{name}", account=AccountId(UUID(int=1)), roles=frozenset({Role.TRAVELLER}))


AGENT = Who(
    principal="account:9", account=AccountId(UUID(int=9)), roles=frozenset({Role.AGENT}), second_factor=True
)
MINE = factories.booking(1, owner="guest:1")
OTHER = factories.booking(2, owner="guest:2")


@pytest.mark.parametrize("action", Action)
def test_whoever_made_it_may_do_everything(action: Action) -> None:
    assert may(Who.guest("1"), action, MINE)


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize(
    "who",
    [
        NOBODY,
        Who.guest("2"),
        Who.guest("11"),
        account("1"),
        account("guest:1"),
        replace(AGENT, second_factor=False),
    ],
)
def test_nobody_else_may_do_anything(who: Who, action: Action) -> None:
    assert not may(who, action, MINE)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", Action)
def test_staff_reach_what_their_role_says(role: Role, action: Action) -> None:
    everything, view = frozenset(Action), frozenset({Action.VIEW})
    allowed = {
        Role.AGENT: everything,
        Role.OPERATOR: everything,
        Role.ACCOUNTANT: view,
        Role.AUDITOR: view,
    }

    staff = replace(AGENT, roles=frozenset({role}))
    assert may(staff, action, MINE) is (action in allowed.get(role, frozenset()))


@pytest.mark.parametrize("action", Action)
def test_an_accounts_key_may_be_good_for_less_than_the_account(action: Action) -> None:
    owner = account("7")
    key = replace(owner, api_key=ApiKeyId(UUID(int=1)), scopes=frozenset({Permission.ACCOUNT}))
    theirs = factories.booking(3, owner=owner.principal)

    assert may(owner, action, theirs)
    assert not may(key, action, theirs)


@pytest.mark.parametrize("kind", ProofKind)
@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("who", [NOBODY, Who.guest("2"), account("1")])
def test_a_token_opens_its_own_booking_only(who: Who, kind: ProofKind, action: Action) -> None:
    proof = Proof(kind=kind, booking_id=MINE.id)

    assert may(who, action, MINE, [proof]) is (action in OPENS[kind])
    assert may(Who.guest("3"), action, OTHER, [proof]) is False


def test_a_mail_that_was_passed_on_does_not_give_the_booking_up() -> None:
    link = Proof(kind=ProofKind.MAIL_LINK, booking_id=MINE.id)
    token = Proof(kind=ProofKind.BOOKING_TOKEN, booking_id=MINE.id)

    assert not may(NOBODY, Action.CANCEL, MINE, [link])
    assert may(NOBODY, Action.CANCEL, MINE, [link, token])


def test_staff_are_staff_also_with_a_token_in_hand() -> None:
    token = Proof(kind=ProofKind.BOOKING_TOKEN, booking_id=MINE.id)

    assert right_of(AGENT, Action.VIEW, MINE, (token,)) is Right.STAFF
    assert right_of(Who.guest("2"), Action.VIEW, MINE, (token,)) is Right.PROOF
    assert right_of(Who.guest("1"), Action.VIEW, MINE, (token,)) is Right.OWN


@pytest.mark.parametrize(
    ("owner", "contact", "address", "expected"),
    [
        ("guest:1", "ada@example.org", "ada@example.org", True),
        ("guest:1", "ada@example.org", "bob@example.org", False),
        ("guest:1", None, None, False),
        ("guest:1", "ada@example.org", None, False),
        ("guest:1", None, "ada@example.org", False),
        ("account:1", "ada@example.org", "ada@example.org", False),
    ],
)
def test_an_account_takes_over_what_has_its_address_and_no_account(
    owner: str, contact: str | None, address: str | None, expected: bool
) -> None:
    booking = factories.booking(1, owner=owner)

    assert may_take_over(booking, contact=contact, account=address) is expected


@pytest.mark.parametrize(
    ("acting", "told"),
    [
        ("guest:1", {}),
        ("guest:2", {"owner": "guest:1"}),
        ("account:9", {"owner": "guest:1"}),
        ("account:9/key:3", {"owner": "guest:1"}),
        ("operator:root", {"owner": "guest:1"}),
        ("system", {}),
    ],
)
def test_the_trail_says_whose_it_is_where_somebody_else_acts(acting: str, told: dict[str, str]) -> None:
    assert whose(acting, MINE) == told


def test_what_an_accounts_own_key_does_is_the_accounts() -> None:
    assert whose("account:1/key:3", factories.booking(1, owner="account:1")) == {}
