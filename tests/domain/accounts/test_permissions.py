"""Roles as they add up."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from bookingd.domain.accounts.permissions import (
    OWN,
    ROLES,
    Permission,
    Role,
    is_staff,
    permissions_of,
    refund_limit_of,
)
from bookingd.domain.accounts.who import NOBODY, RECENT, Who
from bookingd.domain.ids import AccountId, ApiKeyId

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def account(*roles: Role, **more: object) -> Who:
    identity = uuid4()
    return Who(
        principal=f"account:{identity}",
        account=AccountId(identity),
        roles=frozenset(roles),
        **more,  # type: ignore[arg-type]
    )


def test_every_role_is_in_the_table_and_every_permission_is_somebodys() -> None:
    assert set(ROLES) == set(Role)
    assert permissions_of(Role) == frozenset(Permission)


def test_only_travellers_are_no_staff() -> None:
    assert {role for role in Role if not is_staff([role])} == {Role.TRAVELLER}


def test_nobody_grants_roles_and_gives_money_back() -> None:
    both = {Permission.ROLES_GRANT, Permission.REFUND}
    assert not [role for role in Role if both <= ROLES[role].permissions]


@pytest.mark.parametrize(
    ("roles", "limit"),
    [
        ([], 0),
        ([Role.TRAVELLER, Role.ADMINISTRATOR], 0),
        ([Role.AGENT], 50_000),
        ([Role.AGENT, Role.OPERATOR], 500_000),
        ([Role.AGENT, Role.ACCOUNTANT], None),
    ],
)
def test_the_highest_refund_limit_counts(roles: list[Role], limit: int | None) -> None:
    assert refund_limit_of(roles) == limit


def test_staff_without_a_second_factor_may_do_what_anybody_may() -> None:
    assert account(Role.TRAVELLER, Role.OPERATOR).permissions == OWN
    assert account(Role.OPERATOR, second_factor=True).has(Permission.INVENTORY)


def test_a_key_may_do_what_its_scopes_and_its_account_both_allow() -> None:
    scopes = frozenset({Permission.BOOK, Permission.INVENTORY})
    partner = account(Role.TRAVELLER, api_key=ApiKeyId(uuid4()), scopes=scopes)
    assert partner.permissions == {Permission.BOOK}


def test_nobody_and_guests_have_no_permission() -> None:
    assert NOBODY.permissions == Who.guest(uuid4()).permissions == frozenset()
    assert (NOBODY.known, Who.guest(uuid4()).known) == (False, True)


@pytest.mark.parametrize(("age", "recent"), [(timedelta(), True), (RECENT, True), (RECENT * 1.01, False)])
def test_a_proof_is_recent_for_ten_minutes(age: timedelta, recent: bool) -> None:
    assert account(Role.TRAVELLER, proved_at=NOW - age).proved_lately(NOW) is recent


def test_who_never_proved_anything_has_not_done_so_lately() -> None:
    assert not Who.guest(uuid4()).proved_lately(NOW)
