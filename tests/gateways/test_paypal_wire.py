"""How calls to PayPal end, and what is known then: tokens, refusals, broken answers, silence."""

import asyncio
import gzip
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from bookingd.domain.money import Money
from bookingd.gateways.paypal import PayPalGateway
from bookingd.gateways.paypal_outcomes import NotPermitted
from bookingd.gateways.port import CredentialsRejected, GatewayStatus
from bookingd.outcomes import OutsideError, Refused, Unavailable, UnknownOutcome
from tests.fakes.sources import ManualClock
from tests.gateways import paypal_script as script
from tests.gateways.arrange import a_request, an_intent
from tests.gateways.paypal_script import AUTHORISATION, ORDER, Say, Script, fault, held, order, scripted

ANY_ORDER = "GET /v2/checkout/orders/.*"
CREATE = "POST /v2/checkout/orders"
TAKE = "POST /v2/payments/authorizations/.*/capture"
REFERENCE = f"{ORDER}/{AUTHORISATION}"
ALL = Money.of("123.45", "EUR")

DONE = Say(body=order(authorizations=[held()]))


@dataclass(kw_only=True)
class Bench:
    """The adapter before a script."""

    script: Script
    clock: ManualClock
    gateways: list[PayPalGateway] = field(default_factory=list)

    def gateway(self, **changes: Any) -> PayPalGateway:
        given: dict[str, Any] = {
            "base_url": self.script.url,
            "client_id": script.CLIENT_ID,
            "client_secret": script.CLIENT_SECRET,
            "webhook_id": "W1",
            "anchors": lambda: b"",
            "clock": self.clock,
            "timeout": 5.0,
            **changes,
        }
        made = PayPalGateway(**given)
        self.gateways.append(made)
        return made


@pytest.fixture
async def bench(clock: ManualClock) -> AsyncIterator[Bench]:
    async with scripted() as made:
        found = Bench(script=made, clock=clock)
        yield found
        for gateway in found.gateways:
            await gateway.close()


# Tokens


async def test_one_token_is_asked_for_by_all_who_call_at_once(bench: Bench) -> None:
    bench.script.on(ANY_ORDER, DONE)
    gateway = bench.gateway()

    await asyncio.gather(*(gateway.retrieve(ORDER) for _ in range(20)))

    assert bench.script.granted == 1
    assert {one.headers["Authorization"] for one in bench.script.sent()} == {"Bearer A21-1"}


async def test_a_token_is_renewed_before_it_ends(bench: Bench) -> None:
    bench.script.on(ANY_ORDER, DONE)
    gateway = bench.gateway()
    used = []
    for wait in (timedelta(0), timedelta(seconds=32_400 - 301), timedelta(seconds=2)):
        bench.clock.advance(wait)
        await gateway.retrieve(ORDER)
        used.append(bench.script.granted)

    assert used == [1, 1, 2]


async def test_a_token_that_is_good_for_nothing_any_more_is_renewed_once(bench: Bench) -> None:
    bench.script.on(
        TAKE, fault(401, name="AUTHENTICATION_FAILURE"), Say(status=201, body=script.thing("C", "COMPLETED"))
    )
    bench.script.on(ANY_ORDER, DONE)

    await bench.gateway().capture(REFERENCE, amount=ALL, key=an_intent())

    first, second = bench.script.sent(TAKE)
    assert bench.script.granted == 2
    assert first.headers["PayPal-Request-Id"] == second.headers["PayPal-Request-Id"]


async def test_a_client_that_paypal_does_not_know_is_told_to_operators(bench: Bench) -> None:
    bench.script.on(CREATE, fault(401, name="AUTHENTICATION_FAILURE"))

    with pytest.raises(CredentialsRejected) as rejected:
        await bench.gateway().authorise(a_request(""), key=an_intent())

    assert bench.script.granted == 2
    assert "paypal.client_id" in str(rejected.value)


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (Say(status=401, body={"error": "invalid_client"}), CredentialsRejected),
        (Say(status=503), Unavailable),
        (Say(body="<html>"), Unavailable),
        (Say(body={"access_token": 7, "expires_in": 1}), Unavailable),
        (Say(body={"access_token": "A21é", "expires_in": 1}), Unavailable),
        (Say(body={}), Unavailable),
    ],
)
async def test_without_a_token_nothing_was_done(bench: Bench, said: Say, outcome: type[OutsideError]) -> None:
    bench.script.tokens.append(said)

    with pytest.raises(Unavailable) as raised:
        await bench.gateway().authorise(a_request(""), key=an_intent())

    assert type(raised.value) is outcome
    assert bench.script.sent() == []


async def test_a_token_that_hardly_lasts_is_not_asked_for_with_every_call(bench: Bench) -> None:
    bench.script.lasts = 60
    bench.script.on(ANY_ORDER, DONE)
    gateway = bench.gateway()

    for _ in range(3):
        await gateway.retrieve(ORDER)

    assert bench.script.granted == 1


# Outcomes


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (fault(422, "AUTHORIZATION_VOIDED"), Refused("authorization_voided", "")),
        (fault(422, "AUTHORIZATION_ALREADY_CAPTURED"), Refused("authorization_already_captured", "")),
        (fault(422, "TRANSACTION_REFUSED"), Refused("transaction_refused", "")),
        (
            fault(400, "INVALID_PARAMETER_VALUE", name="INVALID_REQUEST"),
            Refused("invalid_parameter_value", ""),
        ),
        (fault(400, name="INVALID_REQUEST"), Refused("invalid_request", "")),
        (script.not_found(), Refused("not_found", "")),
        (fault(403, "PERMISSION_DENIED", name="NOT_AUTHORIZED"), NotPermitted("")),
        (Say(status=403, body="<html>Access Denied"), Unavailable("")),
        (fault(409, "PREVIOUS_REQUEST_IN_PROGRESS"), Unavailable("")),
        (fault(429, name="RATE_LIMIT_REACHED"), Unavailable("")),
        (fault(500, name="INTERNAL_SERVER_ERROR"), UnknownOutcome("")),
        (Say(status=502, body="<html>Bad gateway"), UnknownOutcome("")),
        (Say(status=503), UnknownOutcome("")),
        (Say(status=400, body="<html>"), UnknownOutcome("")),
        (Say(status=302, headers={"Location": "http://169.254.169.254/"}), UnknownOutcome("")),
        (Say(status=201, body="<html>Welcome"), UnknownOutcome("")),
        (Say(status=201), UnknownOutcome("")),
        (Say(status=201, body="[]"), UnknownOutcome("")),
        (Say(status=201, body="[" * 50_000), UnknownOutcome("")),
        (Say(status=201, body=b"\xff\xfe"), UnknownOutcome("")),
        (Say(status=201, body=order(authorizations=[held()]), cut=True), UnknownOutcome("")),
        (Say(status=201, body=b"x" * 5_000_000), UnknownOutcome("")),
        (Say(status=201, body=b"not gzip", headers={"Content-Encoding": "gzip"}), UnknownOutcome("")),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_what_is_known_after_an_answer(bench: Bench, said: Say, outcome: OutsideError) -> None:
    """Of a deed; what only reads can be read again."""
    bench.script.on(TAKE, said)
    bench.script.on(ANY_ORDER, said)
    gateway = bench.gateway()

    with pytest.raises(OutsideError) as deed:
        await gateway.capture(REFERENCE, amount=ALL, key=an_intent())
    with pytest.raises(OutsideError) as read:
        await gateway.retrieve(ORDER)

    assert type(deed.value) is type(outcome)
    assert type(read.value) is (Unavailable if isinstance(outcome, UnknownOutcome) else type(outcome))
    if isinstance(outcome, Refused):
        assert isinstance(deed.value, Refused)
        assert deed.value.code == outcome.code
    assert len(bench.script.sent(TAKE)) == 1, "a call is made once"


async def test_a_refusal_tells_paypals_own_words_and_the_number_of_the_request(bench: Bench) -> None:
    bench.script.on(TAKE, fault(422, "PAYER_CANNOT_PAY"))

    with pytest.raises(Refused) as refused:
        await bench.gateway().capture(REFERENCE, amount=ALL, key=an_intent())

    assert str(refused.value) == "payer_cannot_pay: In words: PAYER_CANNOT_PAY. (b1d1f06c7246c)"


@pytest.mark.parametrize(("given", "seconds"), [("7", 7.0), ("0.5", 0.5), ("soon", None), ("", None)])
async def test_who_is_too_fast_is_told_when_to_come_again(
    bench: Bench, given: str, seconds: float | None
) -> None:
    bench.script.on(TAKE, fault(429, name="RATE_LIMIT_REACHED", Retry_After=given))

    with pytest.raises(Unavailable) as unavailable:
        await bench.gateway().capture(REFERENCE, amount=ALL, key=an_intent())

    assert unavailable.value.retry_after == seconds


async def test_an_answer_may_be_packed(bench: Bench) -> None:
    packed = gzip.compress(json.dumps(order("APPROVED")).encode())
    bench.script.on(ANY_ORDER, Say(body=packed, headers={"Content-Encoding": "gzip"}))

    assert (await bench.gateway().retrieve(ORDER)).status is GatewayStatus.APPROVED


async def test_a_packed_answer_that_unfolds_without_end_is_cut_short(bench: Bench) -> None:
    packed = gzip.compress(b" " * 50_000_000)
    bench.script.on(ANY_ORDER, Say(body=packed, headers={"Content-Encoding": "gzip"}))

    with pytest.raises(Unavailable):
        await bench.gateway().retrieve(ORDER)


async def test_silence_is_no_refusal(bench: Bench) -> None:
    bench.script.on(CREATE, Say(silent=True))
    bench.script.on(ANY_ORDER, Say(silent=True))
    gateway = bench.gateway(timeout=0.2)

    with pytest.raises(UnknownOutcome, match="authorise: no usable answer from PayPal \\(timeout\\)"):
        await gateway.authorise(a_request(""), key=an_intent())
    with pytest.raises(Unavailable):
        await gateway.retrieve(ORDER)


async def test_nothing_was_done_where_nobody_listens(bench: Bench) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        gateway = bench.gateway(base_url=f"http://127.0.0.1:{taken.getsockname()[1]}")

        with pytest.raises(Unavailable, match="cannot be reached"):
            await gateway.authorise(a_request(""), key=an_intent())


async def test_a_deed_that_cannot_be_read_after_is_looked_up(bench: Bench) -> None:
    """It was done: "did not begin" would have it done again."""
    bench.script.on(TAKE, Say(status=201, body=script.thing("C", "COMPLETED")))
    bench.script.on(ANY_ORDER, Say(status=503))

    with pytest.raises(UnknownOutcome, match="capture: done, and not to be read"):
        await bench.gateway().capture(REFERENCE, amount=ALL, key=an_intent())


@pytest.mark.parametrize(
    "body",
    [
        {"id": "X"},
        {"id": "X", "purchase_units": []},
        {
            "id": "X",
            "status": "CREATED",
            "purchase_units": [{"amount": {"currency_code": "EUR", "value": "1.234"}}],
        },
        {
            "id": "X",
            "status": "CREATED",
            "purchase_units": [{"amount": {"currency_code": "EURO", "value": "1"}}],
        },
        {"id": "X", "status": "CREATED", "purchase_units": [{"amount": "1.00 EUR"}]},
        order(authorizations=[{"id": "A"}]),
        order(authorizations=[held(at="yesterday")]),
    ],
)
async def test_an_answer_that_makes_no_sense_is_none(bench: Bench, body: Any) -> None:
    bench.script.on(ANY_ORDER, Say(body=body))
    bench.script.on(CREATE, Say(status=201, body=body))

    with pytest.raises(Unavailable):
        await bench.gateway().retrieve(ORDER)
    with pytest.raises(UnknownOutcome):
        await bench.gateway().authorise(a_request(""), key=an_intent())


@pytest.mark.parametrize(
    "reference", ["../../v1/oauth2/token", "X?y=1", "X#y", "X/../../admin", "é", "a/b/c/d/e", "", "%2e%2e"]
)
async def test_a_reference_leads_to_orders_and_payments_only(bench: Bench, reference: str) -> None:
    with pytest.raises(Refused, match="not_found"):
        await bench.gateway().retrieve(reference)

    for one in bench.script.sent():
        assert one.path.startswith(("/v2/checkout/orders/", "/v2/payments/"))
        assert one.path.rpartition("/")[2].isalnum()
        assert one.query == {}


async def test_no_secret_gets_out(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    echo = {
        "name": "AUTHENTICATION_FAILURE",
        "message": f"{script.CLIENT_SECRET} A21-1",
        "debug_id": "A21-1 x",
    }
    said = [Say(status=status, body=echo) for status in (401, 403, 500)] + [Say(silent=True)]
    bench.script.on(TAKE, *(one for each in said for one in (each, each)))
    gateway = bench.gateway(timeout=0.3)
    told = [repr(gateway)]
    for _ in said:
        with pytest.raises(OutsideError) as raised:
            await gateway.capture(REFERENCE, amount=ALL, key=an_intent())
        told += [str(raised.value), repr(raised.value), str(raised.value.__cause__)]

    for text in (*told, caplog.text):
        assert script.CLIENT_SECRET not in text
        assert "A21" not in text
