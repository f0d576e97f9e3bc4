"""Two books of the same payments: what differs is found, and nothing else, whatever the order."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookingd.domain.ids import PaymentId
from bookingd.domain.money import EXPONENTS, Money
from bookingd.gateways.port import Posting, PostingKind
from bookingd.reconciliation.comparing import Movement, differences
from bookingd.reconciliation.findings import TO_DO, Finding, FindingKind
from tests import factories
from tests.fakes.sources import START

SINCE, UNTIL = START, START + timedelta(days=3)
MIDDLE = START + timedelta(days=1)
PAYMENT = factories.payment_id(1)
EUR = Money(10_000, "EUR")


def ours(kind: PostingKind = PostingKind.CAPTURE, amount: Money = EUR, **more: Any) -> Movement:
    given: dict[str, Any] = {
        "payment_id": PAYMENT,
        "booking_id": factories.booking_id(1),
        "reference": "ABC234",
        "gateway": "fake",
        "gateway_reference": "pi_1",
        "at": MIDDLE,
    }
    return Movement(kind=kind, amount=amount, **(given | more))


def theirs(kind: PostingKind = PostingKind.CAPTURE, amount: Money = EUR, **more: Any) -> Posting:
    given: dict[str, Any] = {
        "payment_id": PAYMENT,
        "gateway_reference": "pi_1",
        "at": MIDDLE,
        "own_reference": f"{kind}_1",
    }
    return Posting(kind=kind, amount=amount, **(given | more))


def found(our: list[Movement], their: list[Posting]) -> list[Finding]:
    return list(differences("fake", our, their, since=SINCE, until=UNTIL))


BACK = PostingKind.REFUND
CASES: list[tuple[FindingKind, list[Movement], list[Posting]]] = [
    (FindingKind.UNKNOWN_TO_US, [], [theirs()]),
    (FindingKind.UNKNOWN_TO_US, [], [theirs(payment_id=None)]),
    (FindingKind.UNKNOWN_TO_GATEWAY, [ours()], []),
    (FindingKind.AMOUNT_DIFFERS, [ours()], [theirs(amount=Money(9_999, "EUR"))]),
    (FindingKind.CAPTURED_TWICE, [ours()], [theirs(), theirs(own_reference="ch_2")]),
    (FindingKind.REFUND_MISSING, [ours(), ours(BACK)], [theirs()]),
    (FindingKind.REFUND_UNKNOWN, [ours()], [theirs(), theirs(BACK)]),
    (
        FindingKind.REFUND_MISSING,
        [ours(), ours(BACK)],
        [theirs(), theirs(BACK), theirs(PostingKind.REFUND_FAILED)],
    ),
]


@pytest.mark.parametrize(("kind", "our", "their"), CASES)
def test_each_difference_has_its_name(kind: FindingKind, our: list[Movement], their: list[Posting]) -> None:
    [finding] = found(our, their)

    assert finding.kind is kind
    assert finding.gateway_reference == "pi_1"
    assert TO_DO[kind] in finding.told


def test_what_both_say_is_no_difference() -> None:
    our = [ours(), ours(BACK), ours(PostingKind.REFUND_FAILED)]
    their = [theirs(), theirs(BACK), theirs(PostingKind.REFUND_FAILED)]

    assert found(our, their) == []


def test_what_the_gateway_calls_it_may_have_grown_since() -> None:
    assert (
        found([ours(gateway_reference="o_1/a_1/c_1")], [theirs(payment_id=None, gateway_reference="o_1")])
        == []
    )


def test_amounts_in_two_currencies_are_two_differences() -> None:
    kinds = {finding.kind for finding in found([ours()], [theirs(amount=Money(10_000, "USD"))])}

    assert kinds == {FindingKind.UNKNOWN_TO_GATEWAY, FindingKind.UNKNOWN_TO_US}


@pytest.mark.parametrize("edge", [SINCE, UNTIL])
def test_a_second_on_another_side_of_the_edge_is_no_difference(edge: Any) -> None:
    """Both sides are read beyond the edges."""
    second = timedelta(seconds=1)

    assert found([ours(at=edge - second)], [theirs(at=edge + second)]) == []


def test_what_is_outside_is_not_judged() -> None:
    assert found([ours(at=UNTIL + timedelta(hours=1))], []) == []


amounts = st.integers(min_value=1, max_value=10**9)


@given(
    st.sampled_from(sorted(EXPONENTS)),
    st.lists(st.tuples(amounts, st.integers(min_value=0, max_value=10**9)), min_size=1, max_size=5),
    st.randoms(use_true_random=False),
)
def test_equal_books_agree_in_every_currency_and_order(
    currency: str, payments: list[tuple[int, int]], chance: Any
) -> None:
    our: list[Movement] = []
    their: list[Posting] = []
    for number, (captured, back) in enumerate(payments, start=1):
        payment_id = PaymentId(factories.payment_id(number))
        name = {"payment_id": payment_id, "gateway_reference": f"pi_{number}"}
        moves = [(PostingKind.CAPTURE, captured), *([(BACK, back)] if back else [])]
        our += [ours(kind, Money(amount, currency), **name) for kind, amount in moves]
        their += [theirs(kind, Money(amount, currency), **name) for kind, amount in moves]
    chance.shuffle(our)
    chance.shuffle(their)

    assert found(our, their) == []
    assert len(found(our[1:], their)) == 1
