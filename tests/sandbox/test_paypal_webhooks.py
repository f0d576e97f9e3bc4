"""Webhooks: what is sent, signed how, and until when."""

import base64
import zlib
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.verification import PolicyBuilder, Store

from bookingd.sandbox.paypal.authority import SIGNS
from bookingd.sandbox.paypal.sandbox import WEBHOOK_ID
from tests.sandbox.conftest import Delivery, Endpoint, WatchedClock
from tests.sandbox.paypal_client import Client


async def _proof(client: Client, delivery: Delivery) -> list[x509.Certificate]:
    async with client.session.get(delivery.headers["PAYPAL-CERT-URL"]) as answer:
        return x509.load_pem_x509_certificates(await answer.read())


async def test_each_step_of_a_payment_is_told(telling_paypal: Client, paypal_endpoint: Endpoint) -> None:
    held = await telling_paypal.authorised()
    taken = await telling_paypal.take(held["id"], "60.00")
    await telling_paypal.refund(taken.body["id"], "10.00")
    await telling_paypal.post(f"/v2/payments/authorizations/{held['id']}/void")
    told = {(await paypal_endpoint.next()).event["event_type"] for _ in range(5)}

    assert told == {
        "CHECKOUT.ORDER.APPROVED",
        "PAYMENT.AUTHORIZATION.CREATED",
        "PAYMENT.CAPTURE.COMPLETED",
        "PAYMENT.CAPTURE.REFUNDED",
        "PAYMENT.AUTHORIZATION.VOIDED",
    }


async def test_the_signature_proves_the_body(telling_paypal: Client, paypal_endpoint: Endpoint) -> None:
    await telling_paypal.authorised()
    delivery = await paypal_endpoint.next()
    leaf = (await _proof(telling_paypal, delivery))[0]
    key, headers = leaf.public_key(), delivery.headers
    assert isinstance(key, rsa.RSAPublicKey)

    told = "|".join(
        [
            headers["PAYPAL-TRANSMISSION-ID"],
            headers["PAYPAL-TRANSMISSION-TIME"],
            WEBHOOK_ID,
            str(zlib.crc32(delivery.body)),
        ]
    )
    signature = base64.b64decode(headers["PAYPAL-TRANSMISSION-SIG"])
    key.verify(signature, told.encode(), padding.PKCS1v15(), hashes.SHA256())
    assert headers["PAYPAL-AUTH-ALGO"] == "SHA256withRSA"


async def test_the_certificate_is_vouched_for_by_the_root_that_lies_in_a_file(
    telling_paypal: Client, paypal_endpoint: Endpoint, clock: WatchedClock, tmp_path: Path
) -> None:
    await telling_paypal.authorised()
    leaf, *between = await _proof(telling_paypal, await paypal_endpoint.next())
    root = x509.load_pem_x509_certificate((tmp_path / "paypal-ca.pem").read_bytes())
    verifier = (
        PolicyBuilder().store(Store([root])).time(clock.now()).build_server_verifier(x509.DNSName(SIGNS))
    )

    assert verifier.verify(leaf, between)[-1] == root


async def test_a_webhook_comes_again_until_it_is_accepted(
    telling_paypal: Client, paypal_endpoint: Endpoint, clock: WatchedClock
) -> None:
    paypal_endpoint.statuses = [500]
    order = await telling_paypal.order()
    await telling_paypal.approve(order.body["id"])
    first = await paypal_endpoint.next()
    await clock.asked_for(0.5)
    clock.advance(0.5)
    second = await paypal_endpoint.next()

    assert first.event["id"] == second.event["id"]
    ids = [each.headers["PAYPAL-TRANSMISSION-ID"] for each in (first, second)]
    assert ids[0] != ids[1]


async def test_an_authorisation_expires_by_itself(
    telling_paypal: Client, paypal_endpoint: Endpoint, clock: WatchedClock
) -> None:
    held = await telling_paypal.authorised()
    await clock.asked_for(timedelta(hours=3).total_seconds())  # until the order is over, before the rest
    clock.advance(timedelta(days=29))
    told = (await paypal_endpoint.next("PAYMENT.AUTHORIZATION.VOIDED")).event["resource"]
    async with Client(telling_paypal.base_url) as later:
        late = await later.take(held["id"])

    assert (told["id"], told["status"]) == (held["id"], "VOIDED")
    assert late.issue == "AUTHORIZATION_EXPIRED"


@pytest.mark.parametrize(
    ("instrument", "then", "status"),
    [
        ("echeck", "PAYMENT.CAPTURE.COMPLETED", "COMPLETED"),
        ("echeck_denied", "PAYMENT.CAPTURE.DENIED", "DECLINED"),
    ],
)
async def test_a_cheque_takes_its_time(
    telling_paypal: Client, paypal_endpoint: Endpoint, instrument: str, then: str, status: str
) -> None:
    held = await telling_paypal.authorised(instrument)
    taken = await telling_paypal.take(held["id"])
    pending = (await paypal_endpoint.next("PAYMENT.CAPTURE.PENDING")).event["resource"]
    await paypal_endpoint.clock.asked_for(2)
    paypal_endpoint.clock.advance(2)
    ended = (await paypal_endpoint.next(then)).event["resource"]

    assert (taken.body["status"], pending["status_details"]["reason"]) == ("PENDING", "ECHECK")
    assert (ended["id"], ended["status"]) == (taken.body["id"], status)
