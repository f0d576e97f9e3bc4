"""What an operator does beside a running daemon takes effect, and what is told of it is so."""

import json
from typing import Any

from bookingd.domain.booking.facts import CallOff
from bookingd.domain.ids import BookingId, MessageId, Reference
from bookingd.messages import codec
from bookingd.messages.catalogue import CATALOGUE
from bookingd.messages.envelope import Origin
from bookingd.sources import Sources
from bookingd.storage import bookings, dead_letters, inbox
from bookingd.storage.dead_letters import DeadLetter
from bookingd.storage.transactions import Transactions
from tests.acceptance.conftest import Agency
from tests.acceptance.daemon import until


async def bury_call_off(agency: Agency, booking_id: BookingId) -> str:
    """As if the booking actor could not handle that the traveller calls off; the letter's id."""
    sources = Sources.system()
    envelope = codec.seal(
        CallOff(booking_id=booking_id),
        catalogue=CATALOGUE,
        id=MessageId(sources.ids.new()),
        origin=Origin(principal="system", correlation_id=sources.ids.new()),
        now=sources.clock.now(),
    )
    letter = DeadLetter(
        id=sources.ids.new(),
        actor="booking",
        envelope=envelope,
        reason="a defect of an earlier release",
        trace="",
        died_at=sources.clock.now(),
    )
    transactions = Transactions(database=agency.database, sources=sources, catalogue=CATALOGUE)
    async with transactions.begin() as transaction:
        await inbox.take(transaction.connection, actor="booking", envelopes=[envelope])
        await dead_letters.bury(transaction.connection, letter=letter)
        await transaction.need_attention(
            kind="dead_letter", subject=letter.id, reason="dead_letter", detail="booking.call_off"
        )
    return str(letter.id)


async def status(agency: Agency) -> tuple[int, dict[str, Any]]:
    ended, output, _ = await agency.daemon.command("status", "--json", "--config", str(agency.daemon.config))
    return ended, json.loads(output)


async def test_a_dead_letter_that_is_replayed_beside_the_daemon_takes_effect(agency: Agency) -> None:
    config = ("--config", str(agency.daemon.config))
    async with agency.guest() as guest:
        [offer, *_] = await guest.search(agency.world)
        reference = await guest.book(offer["id"])
        await guest.sees(reference, "awaiting_payment")
        async with agency.database.connection() as connection:
            view = await bookings.by_reference(connection, reference=Reference(reference))
        letter = await bury_call_off(agency, view.booking.id)
        ended, found = await status(agency)
        assert (ended, [one["code"] for one in found["problems"]]) == (1, ["dead_letters"])

        ended, output, errors = await agency.daemon.command("dead-letters", "replay", letter, *config)

        assert (ended, errors) == (0, "")
        assert f"replayed  {letter}  booking.call_off to booking" in output
        await guest.sees(reference, "cancelled")
        ended, shown, _ = await agency.daemon.command("bookings", "show", reference, *config)
        assert ended == 0
        assert f"Booking {reference}  cancelled" in shown
        assert "booking.call_off" in shown

    async def is_well() -> bool:
        return (await status(agency))[0] == 0

    await until(is_well, 20, every=0.5)  # the audit trail is chained, mails are sent


async def test_a_daemon_is_seen_while_it_runs_and_takes_its_leave(agency: Agency) -> None:
    async def is_well() -> bool:
        """A process says that it starts before it says that it is ready, and what it sees waiting."""
        ended, found = await status(agency)
        return ended == 0 and bool(found["queues"]) and all(one["ready"] for one in found["processes"])

    await until(is_well, 20, every=0.5)
    _, found = await status(agency)
    serving = [one["http_address"] for one in found["processes"] if one["http_address"]]
    assert serving == [f"127.0.0.1:{agency.daemon.port}"]
    assert {len(one["processes"]) for one in found["actors"]} == {1}
    assert {queue["consumers"] for queue in found["queues"]} == {1}

    assert await agency.daemon.stop() == 0

    ended, found = await status(agency)
    assert (ended, found["processes"]) == (1, [])
    assert [one["code"] for one in found["problems"]] == ["no_daemon"]
