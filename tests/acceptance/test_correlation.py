"""One user action can be followed by one id, from the request over every message to the mail."""

import json
from typing import Any
from uuid import UUID

from bookingd.sandbox.mail import read_mail
from tests.acceptance import truths
from tests.acceptance.conftest import Open
from tests.acceptance.daemon import SplitDaemon

ACTION = UUID("0199beef-0000-7000-8000-00000000beef")

HANDLED = {
    ("booking", "booking.start_payment"),
    ("payment", "payment.authorise"),
    ("booking", "payment.authorised"),
    ("payment", "payment.capture"),
    ("booking", "payment.captured"),
    ("notify", "booking.confirmed"),
}
"""Which actor handles what from a card being given to a trip being confirmed."""


def lines_about(log: str, action: UUID) -> list[dict[str, Any]]:
    """Those of a JSON log that name the action; what `bookingd run` tells its user is no JSON."""
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    return [line for line in lines if line["correlation_id"] == str(action)]


async def test_a_payment_is_followed_by_one_id_from_the_request_over_every_actor_to_the_mail(
    agency_of: Open,
) -> None:
    agency = await agency_of(10, log={"format": "json"})
    for operation in ("authorise", "capture"):  # a webhook is a request of its own, with an id of its own
        await agency.gateway.misbehave("webhook_never", operation)
    async with agency.guest() as guest:
        offer = (await guest.search(agency.world))[0]
        reference = await guest.book(offer["id"])
        guest.http.headers["X-Correlation-Id"] = str(ACTION)
        await guest.pay(reference)
        del guest.http.headers["X-Correlation-Id"]
        await guest.sees(reference, "confirmed")

    await agency.check()
    lines = lines_about(agency.daemon.log, ACTION)
    [request] = [line for line in lines if line["logger"] == "handlers.middlewares"]
    assert request["message"].startswith(f"POST /v1/bookings/{reference}/payments 202 ")
    assert "actor" not in request
    handled = {(line["actor"], line["message_name"]) for line in lines if "actor" in line}
    assert handled >= HANDLED
    processes = {line["instance"] for line in lines}
    assert len(processes) == (4 if isinstance(agency.daemon, SplitDaemon) else 1)  # HTTP and the actors above
    mails = await truths.check_mail(agency.database, agency.mails.directory)
    [mail] = mails[guest.email, "confirmed"]
    written = await read_mail(agency.mails.directory, mail.name)
    assert written is not None
    assert written["X-Correlation-Id"] == str(ACTION)
