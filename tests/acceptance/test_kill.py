"""`kill -9` of the daemon at each step between the 2xx and `confirmed` (P2, P4, P5, P9).

Where a step can be held up from outside (the gateway or the mail server takes its time) the kill is exact:
the step has been seen to be under way. The instants between are met by killing again and again at drawn
moments. Whatever was answered 2xx ends right after the next start, once.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

from bookingd.sandbox.mail import Fault, list_mail
from bookingd.sandbox.misbehaviour import HEADER, How
from tests.acceptance import truths
from tests.acceptance.conftest import Agency
from tests.acceptance.daemon import until
from tests.acceptance.guest import Guest

PATIENCE = 150.0
"""Seconds: what was met by several kills is put aside for longer and longer."""


async def _steps(agency: Agency) -> list[tuple[str, str]]:
    """What is being called outside at this moment."""
    async with agency.database.connection() as connection:
        rows = await connection.fetch("SELECT step, state FROM intents ORDER BY id")
    return [(row["step"], row["state"]) for row in rows]


async def _calling(agency: Agency, step: str) -> None:
    async def is_calling() -> bool:
        return (step, "calling") in await _steps(agency)

    await until(is_calling, every=0.005)


async def _captured_once(agency: Agency, guest: Guest, reference: str) -> None:
    """The end of a journey that nothing came between, as far as the traveller can see."""
    booking = await guest.sees(reference, within=30)
    assert booking["state"] == "confirmed"
    await agency.check()
    mails = await truths.check_mail(agency.database, agency.mails.directory)
    assert list(mails) == [(guest.email, "confirmed")]
    [payment] = (await agency.gateway.payments()).values()
    assert payment["captured"] == booking["total"]["amount"]


async def _never(_: Agency) -> None:
    """The very next instant."""


async def _held_at_authorise(agency: Agency) -> None:
    await _calling(agency, "authorise")


async def _authorised_unanswered(agency: Agency) -> None:
    async def done() -> bool:
        return any(payment["authorised"] for payment in (await agency.gateway.payments()).values())

    await until(done, every=0.01)


async def _held_at_capture(agency: Agency) -> None:
    await _calling(agency, "capture")


async def _captured_unanswered(agency: Agency) -> None:
    async def done() -> bool:
        return any(payment["captured"] for payment in (await agency.gateway.payments()).values())

    await until(done, every=0.01)


async def _told_by_webhook(agency: Agency) -> None:
    async def arrived() -> bool:
        async with agency.database.connection() as connection:
            return bool(await connection.fetchval("SELECT count(*) FROM webhook_events"))

    await until(arrived, every=0.005)


STEPS: dict[str, tuple[str, Callable[[Agency], Awaitable[None]]]] = {
    "the payment was answered 202": ("pm_card_visa", _never),
    "the gateway has the authorisation before it": ("pm_sandbox_slow_authorise", _held_at_authorise),
    "the gateway has authorised and not answered": (
        "pm_sandbox_timeout_after_authorise",
        _authorised_unanswered,
    ),
    "the gateway has the capture before it": ("pm_sandbox_slow_capture", _held_at_capture),
    "the gateway has captured and not answered": ("pm_sandbox_timeout_after_capture", _captured_unanswered),
    "a webhook came before the answer": ("pm_sandbox_webhook_before_answer_authorise", _told_by_webhook),
    "a webhook came before the capture's answer": (
        "pm_sandbox_webhook_before_answer_capture",
        _told_by_webhook,
    ),
}


@pytest.mark.parametrize("step", STEPS)
async def test_killed_when(agency: Agency, step: str) -> None:
    method, reached = STEPS[step]
    async with agency.guest() as guest:
        reference = await guest.book((await guest.search(agency.world))[0]["id"])
        await guest.pay(reference, method)
        await reached(agency)

        await agency.daemon.restart()

        await _captured_once(agency, guest, reference)


@pytest.mark.parametrize(
    ("operation", "done"),
    [
        ("capture", _captured_unanswered),
        pytest.param("authorise", _authorised_unanswered, marks=pytest.mark.full),
    ],
)
async def test_killed_when_paypal_has_done_it_and_not_answered(
    agency: Agency, operation: str, done: Callable[[Agency], Awaitable[None]]
) -> None:
    await agency.gateway.misbehave("timeout_after_deed", operation, at="paypal")
    async with agency.guest() as guest:
        reference = await guest.book((await guest.search(agency.world))[0]["id"])
        await _pay_at_paypal(agency, guest, reference)
        await done(agency)

        await agency.daemon.restart()

        await _captured_once(agency, guest, reference)


async def _pay_at_paypal(agency: Agency, guest: Guest, reference: str) -> None:
    """Its payer agrees at once, and does not come back."""
    await guest.persistently(f"/v1/bookings/{reference}/payments", {"gateway": "paypal"}, key=str(uuid4()))
    page = await guest.asked_to_act(reference, within=PATIENCE)
    order = parse_qs(urlsplit(page).query)["token"][0]
    await agency.gateway.tell_paypal(f"/orders/{order}/approve")


async def test_killed_when_the_booking_was_answered_202(agency: Agency) -> None:
    async with agency.guest() as guest:
        offer = (await guest.search(agency.world))[0]
        made = await guest.post("/v1/bookings", guest.order(offer["id"]))

        await agency.daemon.restart()

        await guest.sees(made["reference"], "awaiting_payment")
        await guest.pay(made["reference"])
        await _captured_once(agency, guest, made["reference"])


async def test_killed_when_the_mail_server_has_the_mail_and_has_not_said_so(agency: Agency) -> None:
    agency.mails.misbehave(Fault.SLOW)
    async with agency.guest() as guest:
        reference = await guest.book((await guest.search(agency.world))[0]["id"])
        await guest.pay(reference)

        async def kept() -> bool:
            return bool(await list_mail(agency.mails.directory))

        await until(kept, every=0.01)
        await agency.daemon.restart()

        await _captured_once(agency, guest, reference)
        mails = await truths.check_mail(agency.database, agency.mails.directory)
    assert len(mails[guest.email, "confirmed"]) == 2


@pytest.mark.parametrize("comes_back", [True, False])
async def test_killed_while_the_payer_is_at_the_bank(agency: Agency, comes_back: bool) -> None:
    """Back at our side the browser finds the new daemon, or its payer has gone, and a webhook tells."""
    async with agency.guest() as guest:
        reference = await guest.book((await guest.search(agency.world))[0]["id"])
        await guest.pay(reference, "pm_card_authenticationRequired")
        page = await guest.asked_to_act(reference)

        await asyncio.to_thread(agency.daemon.kill)
        unheard = {HEADER: How.WEBHOOK_NEVER.value} if comes_back else None
        back = await guest.authenticate(page, headers=unheard)
        await agency.daemon.start()
        if comes_back:
            await guest.come_back(back)

        await _captured_once(agency, guest, reference)


async def test_the_same_request_after_a_kill_gets_the_same_booking(agency: Agency) -> None:
    async with agency.guest() as guest:
        order, key = guest.order((await guest.search(agency.world))[0]["id"]), str(uuid4())
        first = await guest.post("/v1/bookings", order, key=key)

        await agency.daemon.restart()

        assert (await guest.post("/v1/bookings", order, key=key))["reference"] == first["reference"]
        await guest.sees(first["reference"], "awaiting_payment")
        await guest.call_off(first["reference"])
        await guest.sees(first["reference"])
    assert len(await agency.check()) == 1


async def _journey(agency: Agency, offer_id: str, begin: asyncio.Event, *, by_paypal: bool) -> str:
    """A buyer who repeats what was not answered, with the same key, until it is."""
    async with agency.guest() as guest:
        await begin.wait()
        order = guest.order(offer_id)
        made = await guest.persistently("/v1/bookings", order, key=str(uuid4()))
        reference: str = made["reference"]
        await guest.sees(reference, "awaiting_payment", within=PATIENCE)
        if by_paypal:
            await _pay_at_paypal(agency, guest, reference)
        else:
            payment = {"gateway": "stripe", "payment_method": "pm_card_visa"}
            await guest.persistently(f"/v1/bookings/{reference}/payments", payment, key=str(uuid4()))
        return str((await guest.sees(reference, within=PATIENCE))["state"])


async def _kill_at_drawn_moments(agency: Agency, *, buyers: int, kills: int, seed: int) -> None:
    drawn = random.Random(seed)
    async with agency.guest() as guest:
        offer = (await guest.search(agency.world))[0]
    begin = asyncio.Event()
    journeys = [
        asyncio.create_task(_journey(agency, offer["id"], begin, by_paypal=number % 3 == 0))
        for number in range(buyers)
    ]
    await asyncio.sleep(0.5)
    begin.set()
    for _ in range(kills):
        await asyncio.sleep(drawn.uniform(0.02, 0.6))
        await agency.daemon.restart()
    ended = await asyncio.gather(*journeys)

    found = await agency.check(within=PATIENCE)
    assert ended == ["confirmed"] * buyers
    assert [one.state for one in found.values()] == ["confirmed"] * buyers
    mails = await truths.check_mail(agency.database, agency.mails.directory)
    assert len(mails) == buyers


@pytest.mark.alone
async def test_killed_at_drawn_moments_with_a_dozen_journeys_under_way(agency: Agency) -> None:
    await _kill_at_drawn_moments(agency, buyers=12, kills=3, seed=1)


@pytest.mark.full
@pytest.mark.alone
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(2, 4))
async def test_killed_at_many_more_drawn_moments(agency: Agency, seed: int) -> None:
    await _kill_at_drawn_moments(agency, buyers=40, kills=8, seed=seed)
