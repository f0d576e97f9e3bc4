"""PayPal's own books in our words: disputes, and pages of transactions."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from bookingd.domain.ids import PaymentId
from bookingd.domain.money import Money
from bookingd.gateways.paypal import PayPalGateway
from bookingd.gateways.paypal_books import dispute, postings, ranges
from bookingd.gateways.port import DisputeStatus, Posting, PostingKind
from bookingd.outcomes import Refused, Unavailable
from tests.fakes.sources import ManualClock
from tests.gateways import paypal_script as script
from tests.gateways.paypal_script import Say, Script, fault, money, scripted

PAYMENT = PaymentId(UUID(int=7))
SEARCH = "GET /v1/reporting/transactions"
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


def transaction(number: int = 1, code: str = "T0006", **changes: Any) -> dict[str, Any]:
    told = {
        "transaction_id": f"T{number}",
        "paypal_reference_id": "PARENT",
        "transaction_event_code": code,
        "transaction_initiation_date": AT.strftime("%Y-%m-%dT%H:%M:%S+0000"),
        "transaction_amount": money("100.00"),
        "transaction_status": "S",
        "custom_field": str(PAYMENT),
        **changes,
    }
    return {"transaction_info": told}


@pytest.mark.parametrize(
    ("code", "kind", "reference"),
    [
        ("T0006", PostingKind.CAPTURE, "T1"),
        ("T1107", PostingKind.REFUND, "PARENT"),
        ("T1106", PostingKind.DISPUTE, "PARENT"),
        ("T1201", PostingKind.DISPUTE, "PARENT"),
        ("T1202", PostingKind.DISPUTE_WON, "PARENT"),
    ],
)
def test_what_moved_is_told_by_its_code(code: str, kind: PostingKind, reference: str) -> None:
    amount = money("100.00" if kind is PostingKind.CAPTURE else "-100.00")

    assert postings(transaction(code=code, transaction_amount=amount)) == [
        Posting(
            kind=kind,
            gateway_reference=reference,
            payment_id=PAYMENT,
            amount=Money.of("100.00", "EUR"),
            at=AT,
            own_reference="T1",
        )
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"code": "T0400"},
        {"transaction_status": "P"},
        {"transaction_status": "D"},
        {"transaction_amount": money("100.000", "KWD")},
        {"transaction_amount": money("0.00")},
        {"transaction_initiation_date": None},
    ],
)
def test_what_moves_no_payment_is_left_out(changes: dict[str, Any]) -> None:
    assert postings(transaction(**changes)) == []


def test_a_fee_stands_beside_what_it_was_kept_of() -> None:
    captured, fee = postings(transaction(fee_amount=money("-3.84")))

    assert (captured.kind, fee.kind) == (PostingKind.CAPTURE, PostingKind.FEE)
    assert (fee.amount, fee.payment_id) == (Money.of("3.84", "EUR"), PAYMENT)


def test_a_long_time_is_searched_in_pieces_that_meet() -> None:
    until = AT + timedelta(days=70)
    pieces = list(ranges(AT, until))

    assert [end - begin for begin, end in pieces] == [timedelta(days=31)] * 2 + [timedelta(days=8)]
    assert [begin for begin, _ in pieces] == [AT, *(end for _, end in pieces[:-1])]
    assert list(ranges(AT, AT)) == []


@pytest.mark.parametrize(
    ("status", "outcome", "ours"),
    [
        ("OPEN", None, DisputeStatus.NEEDS_RESPONSE),
        ("WAITING_FOR_SELLER_RESPONSE", None, DisputeStatus.NEEDS_RESPONSE),
        ("WAITING_FOR_BUYER_RESPONSE", None, DisputeStatus.UNDER_REVIEW),
        ("UNDER_REVIEW", None, DisputeStatus.UNDER_REVIEW),
        ("OTHER", None, DisputeStatus.UNDER_REVIEW),
        ("RESOLVED", "RESOLVED_BUYER_FAVOUR", DisputeStatus.LOST),
        ("RESOLVED", "ACCEPTED", DisputeStatus.LOST),
        ("RESOLVED", "RESOLVED_SELLER_FAVOUR", DisputeStatus.WON),
        ("RESOLVED", "RESOLVED_WITH_PAYOUT", DisputeStatus.WON),
        ("RESOLVED", "CANCELED_BY_BUYER", DisputeStatus.WON),
        ("RESOLVED", "DENIED", DisputeStatus.WON),
    ],
)
def test_a_dispute_in_our_words(status: str, outcome: str | None, ours: DisputeStatus) -> None:
    told = dispute(
        {
            "dispute_id": "PP-D-1",
            "dispute_amount": money("50.00"),
            "reason": "UNAUTHORISED",
            "status": status,
            "seller_response_due_date": "2026-12-02T12:00:00.000Z",
            **({"dispute_outcome": {"outcome_code": outcome}} if outcome else {}),
        }
    )

    assert (told.status, told.amount, told.reason) == (ours, Money.of("50.00", "EUR"), "unauthorised")
    assert told.respond_by == datetime(2026, 12, 2, 12, tzinfo=UTC)


# Over the wire


@pytest.fixture
async def said() -> AsyncIterator[Script]:
    async with scripted() as made:
        yield made


@pytest.fixture
async def gateway(said: Script, clock: ManualClock) -> AsyncIterator[PayPalGateway]:
    made = at(said, clock)
    yield made
    await made.close()


def at(said: Script, clock: ManualClock, **changes: Any) -> PayPalGateway:
    return PayPalGateway(
        base_url=said.url,
        client_id=script.CLIENT_ID,
        client_secret=script.CLIENT_SECRET,
        webhook_id="W",
        anchors=lambda: b"",
        clock=clock,
        **changes,
    )


async def read(gateway: PayPalGateway, *, days: int = 1) -> list[str]:
    begin = AT - timedelta(days=days)
    found = gateway.statement(since=begin, until=AT + timedelta(seconds=1))
    return [one.own_reference async for one in found]


def page(*numbers: int, of: int = 1) -> Say:
    return Say(body={"transaction_details": [transaction(one) for one in numbers], "total_pages": of})


async def test_all_pages_are_read(gateway: PayPalGateway, said: Script) -> None:
    said.on(SEARCH, page(1, 2, of=3), page(3, of=3), page(4, of=3))

    assert await read(gateway) == ["T1", "T2", "T3", "T4"]
    assert [one.query["page"] for one in said.sent()] == ["1", "2", "3"]
    assert {one.query["start_date"] for one in said.sent()} == {"2026-11-21T12:00:00+00:00"}


@pytest.mark.parametrize(
    ("listed", "own"),
    [
        (Say(body={"items": [{"dispute_id": "PP-D-1"}]}), "PP-D-1"),
        (Say(body={"items": []}), "T1"),
        (fault(403, name="NOT_AUTHORIZED"), "T1"),
    ],
)
async def test_what_a_dispute_took_is_named_by_the_dispute(
    gateway: PayPalGateway, said: Script, listed: Say, own: str
) -> None:
    said.on(SEARCH, Say(body={"transaction_details": [transaction(code="T1106")], "total_pages": 1}))
    said.on("GET /v1/customer/disputes", listed)

    assert await read(gateway) == [own]
    assert said.sent()[-1].query == {"disputed_transaction_id": "PARENT"}


async def test_nothing_moved(gateway: PayPalGateway, said: Script) -> None:
    said.on(SEARCH, Say(body={"transaction_details": [], "total_pages": 0}))

    assert await read(gateway) == []


async def test_too_much_at_once_is_searched_in_halves(gateway: PayPalGateway, said: Script) -> None:
    said.on(SEARCH, fault(400, "RESULTSET_TOO_LARGE", name="INVALID_REQUEST"), page(1), page(2))

    assert await read(gateway) == ["T1", "T2"]
    _, first, second = said.sent()
    assert first.query["end_date"] == second.query["start_date"]


async def test_what_is_too_much_in_minutes_is_an_error(gateway: PayPalGateway, said: Script) -> None:
    said.on(SEARCH, fault(400, "RESULTSET_TOO_LARGE", name="INVALID_REQUEST"))

    with pytest.raises(Refused, match="resultset_too_large"):
        await read(gateway)


async def test_a_search_that_breaks_off_can_be_made_again(gateway: PayPalGateway, said: Script) -> None:
    said.on(SEARCH, page(1, of=2), Say(status=500), page(1))

    with pytest.raises(Unavailable):
        await read(gateway)
    assert await read(gateway) == ["T1"]


async def test_what_the_account_may_not_is_said(gateway: PayPalGateway, said: Script) -> None:
    said.on(SEARCH, fault(403, name="NOT_AUTHORIZED"))
    said.on("GET /v1/customer/disputes", fault(403, name="NOT_AUTHORIZED"))
    capture = script.thing(script.CAPTURE, "COMPLETED")
    said.on("GET /v2/checkout/orders/.*", Say(body=script.order(captures=[capture])))

    with pytest.raises(Refused, match=r"not_permitted: .*paypal\.transaction_search = false"):
        await read(gateway)
    with pytest.raises(Refused, match="not_permitted"):
        await gateway.disputes(script.ORDER)


async def test_a_search_that_is_switched_off_asks_nobody(said: Script, clock: ManualClock) -> None:
    gateway = at(said, clock, transaction_search=False)

    with pytest.raises(Refused, match=r"not_supported: paypal\.transaction_search is off"):
        await read(gateway)
    assert said.requests == []
