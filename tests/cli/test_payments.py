"""`bookingd payments`, as an operator runs it."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from importlib import import_module

import pytest

from bookingd.config import Settings
from bookingd.domain import ledger
from bookingd.domain.booking.state import PaymentState
from bookingd.domain.money import Money
from bookingd.gateways.port import DisputeStatus, Gateway, Posting, PostingKind
from bookingd.reconciliation.reconciler import Reconciler
from bookingd.sources import Sources, SystemClock, SystemIds
from bookingd.storage import bookings, disputes, payments
from bookingd.storage import ledger as books
from bookingd.storage.database import Connection, Database
from bookingd.storage.disputes import DisputeRow
from bookingd.storage.payments import PaymentRow, PaymentStatus
from tests import factories
from tests.cli.conftest import Run, trail
from tests.fakes.gateway import FakeGateway

BOOKING = factories.booking()
PAYMENT = factories.payment_id(1)
TOTAL = BOOKING.total
NOW = SystemClock().now()
THEN = NOW - timedelta(hours=30)


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> FakeGateway:
    """Whom the command asks."""
    asked = FakeGateway(SystemClock())
    gateways: Mapping[str, Gateway] = {"fake": asked}

    @asynccontextmanager
    async def open_reconciler(_: Settings, database: Database, sources: Sources) -> AsyncIterator[Reconciler]:
        yield Reconciler(gateways=gateways, database=database, sources=sources)

    module = import_module("bookingd.cli.payments.command")
    monkeypatch.setattr(module, "open_reconciler", open_reconciler)
    return asked


def posting(amount: Money = TOTAL) -> Posting:
    return Posting(
        kind=PostingKind.CAPTURE,
        gateway_reference="fake_1",
        payment_id=PAYMENT,
        amount=amount,
        at=THEN,
        own_reference="ch_1",
    )


async def captured(connection: Connection) -> None:
    """A payment that is taken, of a booking that says so too."""
    payment = factories.payment(1, PaymentState.CAPTURED)
    booking = factories.booking(payments=(payment,))
    await bookings.insert(connection, bookings=[factories.new_booking(booking)], now=THEN)
    row = PaymentRow(
        id=PAYMENT,
        booking_id=BOOKING.id,
        gateway="fake",
        gateway_reference="fake_1",
        state=PaymentStatus.CAPTURED,
        amount=TOTAL,
        captured=TOTAL,
        refunded=Money.zero(TOTAL.currency),
        means_label="Visa ending in 4242",
    )
    await payments.save(connection, rows=[row], now=THEN)
    entry = ledger.captured(
        journal=PAYMENT, booking_id=BOOKING.id, payment_id=PAYMENT, gateway="fake", amount=TOTAL
    )
    await books.post(connection, entries=[entry], ids=SystemIds(), now=THEN)


async def test_books_that_agree_exit_0(run: Run, connection: Connection, gateway: FakeGateway) -> None:
    await captured(connection)
    gateway.postings.append(posting())

    done = await run("payments", "reconcile")

    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[1:] == ["fake: 1 movements", "Everything agrees"]
    (entry,) = [one for one in await trail(connection) if one["action"] == "payments.reconciled"]
    assert entry["principal"].startswith("operator:")


async def test_a_difference_exits_1_and_says_what_to_do(
    run: Run, connection: Connection, gateway: FakeGateway
) -> None:
    await captured(connection)
    gateway.postings.append(posting(TOTAL - Money(1, "EUR")))

    done = await run("payments", "reconcile", COLUMNS="200")
    data = json.loads((await run("payments", "reconcile", "--json")).stdout)

    assert done.exit_code == 1
    assert "amount_differs" in done.stdout
    assert "bookingd payments show" in done.stdout
    assert done.stdout.splitlines()[-1] == "1 difference"
    [finding] = data["findings"]
    assert (finding["kind"], finding["ours"]["amount"], finding["theirs"]["amount"]) == (
        "amount_differs",
        TOTAL.amount,
        TOTAL.amount - 1,
    )
    assert await connection.fetchval("SELECT count(*) FROM attention") == 0


async def test_a_gateway_that_cannot_be_asked_exits_2(run: Run, gateway: FakeGateway) -> None:
    gateway.be_unavailable("statement")

    done = await run("payments", "reconcile")

    assert done.exit_code == 2
    assert "fake: COULD NOT BE ASKED: statement: away" in done.stdout
    assert "Nothing is proven" in done.stdout


async def test_a_database_that_is_away_exits_2(run: Run) -> None:
    done = await run("payments", "reconcile", BOOKINGD_DATABASE__URL="postgresql://nobody@127.0.0.1:1/none")

    assert done.exit_code == 2
    assert done.stderr.startswith("Error: ")


@pytest.mark.parametrize(
    "wrong", [["--since", "yesterday"], ["--since", "2026-11-30", "--until", "2026-11-30"]]
)
async def test_wrong_times_exit_2(run: Run, wrong: list[str]) -> None:
    done = await run("payments", "reconcile", *wrong)

    assert done.exit_code == 2
    assert "since" in done.stderr


async def test_only_what_is_asked_for_is_compared(
    run: Run, connection: Connection, gateway: FakeGateway
) -> None:
    await captured(connection)
    days = [
        "--since",
        f"{NOW - timedelta(days=9):%Y-%m-%d}",
        "--until",
        f"{NOW - timedelta(days=8):%Y-%m-%d}",
    ]

    assert (await run("payments", "reconcile", *days)).exit_code == 0
    assert (await run("payments", "reconcile")).exit_code == 1


async def test_payments_are_listed(run: Run, connection: Connection) -> None:
    await captured(connection)

    listed = await run("payments", "list", COLUMNS="200")
    none = await run("payments", "list", "--state", "failed")
    data = json.loads((await run("payments", "list", "--json")).stdout)

    assert str(PAYMENT) in listed.stdout
    assert BOOKING.reference in listed.stdout
    assert none.stdout == "There are no such payments.\n"
    assert [one["captured"] for one in data["payments"]] == [TOTAL.amount]


async def test_a_payment_is_shown_with_its_dispute_and_books(run: Run, connection: Connection) -> None:
    await captured(connection)
    dispute = DisputeRow(
        id=BOOKING.id,
        payment_id=PAYMENT,
        booking_id=BOOKING.id,
        gateway="fake",
        gateway_reference="dp_1",
        amount=TOTAL,
        reason="fraudulent",
        status=DisputeStatus.NEEDS_RESPONSE,
        respond_by=NOW,
        opened_at=THEN,
    )
    await disputes.save(connection, dispute=dispute, now=THEN)
    await disputes.find_evidence(connection, dispute_id=BOOKING.id, booking_id=BOOKING.id, tickets=["220-1"])

    done = await run("payments", "show", str(PAYMENT), COLUMNS="120")
    data = json.loads((await run("payments", "show", str(PAYMENT), "--json")).stdout)

    assert done.exit_code == 0, done.output
    for told in ("Visa ending in 4242", "dp_1", "fraudulent", "220-1", "gateway:fake"):
        assert told in done.stdout
    assert [one["reference"] for one in data["disputes"][0]["evidence"]] == ["220-1"]
    assert [one["action"] for one in await trail(connection)].count("payment.read") == 2


@pytest.mark.parametrize("unknown", ["pi_1", "00000000-0000-7000-8000-00000000dead"])
async def test_a_payment_that_is_none_exits_2(run: Run, unknown: str) -> None:
    done = await run("payments", "show", unknown)

    assert done.exit_code == 2
    assert unknown in done.stderr
