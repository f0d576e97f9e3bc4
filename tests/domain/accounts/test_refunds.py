"""Who may give how much money back."""

from uuid import uuid4

import pytest

from bookingd.domain.accounts.permissions import Permission, Role
from bookingd.domain.accounts.refunds import may_refund
from bookingd.domain.accounts.who import NOBODY, Who
from bookingd.domain.ids import AccountId, ApiKeyId
from bookingd.domain.money import Money

CENT = Money(1, "EUR")


def staff(*roles: Role, second_factor: bool = True, scopes: frozenset[Permission] | None = None) -> Who:
    identity = uuid4()
    return Who(
        principal=f"account:{identity}",
        account=AccountId(identity),
        roles=frozenset(roles),
        second_factor=second_factor,
        api_key=ApiKeyId(uuid4()) if scopes is not None else None,
        scopes=scopes,
    )


@pytest.mark.parametrize(
    ("role", "most"), [(Role.AGENT, 50_000), (Role.OPERATOR, 500_000), (Role.ACCOUNTANT, None)]
)
def test_a_role_may_give_back_up_to_its_limit(role: Role, most: int | None) -> None:
    who = staff(role)

    assert may_refund(who, Money(most or 10**12, "EUR"), currency="EUR")
    assert may_refund(who, Money((most or 10**12) + 1, "EUR"), currency="EUR") is (most is None)


def test_of_several_roles_the_highest_limit_counts() -> None:
    assert may_refund(staff(Role.AGENT, Role.OPERATOR), Money(400_000, "EUR"), currency="EUR")


@pytest.mark.parametrize(
    "who",
    [
        NOBODY,
        Who.guest(uuid4()),
        staff(Role.TRAVELLER),
        staff(Role.AUDITOR),
        staff(Role.ADMINISTRATOR),
        staff(Role.AUDITOR, Role.ADMINISTRATOR),
        staff(Role.ACCOUNTANT, second_factor=False),
        staff(Role.ACCOUNTANT, scopes=frozenset({Permission.BOOK})),
    ],
    ids=lambda who: ",".join(sorted(who.roles)) or who.principal[:6],
)
def test_nobody_else_gives_back_a_cent(who: Who) -> None:
    assert not may_refund(who, CENT, currency="EUR")


def test_a_key_gives_back_what_its_scopes_and_its_accounts_role_allow() -> None:
    key = staff(Role.AGENT, scopes=frozenset({Permission.REFUND}))

    assert may_refund(key, Money(50_000, "EUR"), currency="EUR")
    assert not may_refund(key, Money(50_001, "EUR"), currency="EUR")


@pytest.mark.parametrize("amount", [0, -1])
@pytest.mark.parametrize("role", [Role.AGENT, Role.ACCOUNTANT])
def test_nothing_and_less_is_never_given_back(role: Role, amount: int) -> None:
    assert not may_refund(staff(role), Money(amount, "EUR"), currency="EUR")


@pytest.mark.parametrize(
    ("converted", "allowed"),
    [
        (None, False),
        (Money(50_000, "EUR"), True),
        (Money(50_001, "EUR"), False),
        (Money(1, "USD"), False),
        (Money(0, "EUR"), False),
        (Money(-1, "EUR"), False),
    ],
)
def test_another_currency_is_measured_by_what_it_was_converted_to(
    converted: Money | None, allowed: bool
) -> None:
    yen = Money(8_000, "JPY")
    assert may_refund(staff(Role.AGENT), yen, currency="EUR", converted=converted) is allowed


def test_an_amount_in_the_agencys_currency_is_measured_as_it_is() -> None:
    much = Money(60_000, "EUR")
    assert not may_refund(staff(Role.AGENT), much, currency="EUR", converted=CENT)


def test_who_may_give_back_any_amount_may_in_any_currency() -> None:
    assert may_refund(staff(Role.ACCOUNTANT), Money(10**9, "JPY"), currency="EUR")
