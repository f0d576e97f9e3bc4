"""Webhooks are believed only when PayPal's own certificate signed them, for us, and not long ago."""

import asyncio
import base64
import json
import ssl
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from bookingd.domain.ids import PaymentId
from bookingd.gateways.paypal import PayPalGateway
from bookingd.gateways.paypal_certificates import FAILURES
from bookingd.gateways.paypal_notices import NOTICES
from bookingd.gateways.port import GatewayNotice, GatewayStatus, InvalidNotice
from bookingd.outcomes import Refused, Unavailable
from tests.fakes.sources import ManualClock
from tests.gateways import paypal_script as script
from tests.gateways.paypal_script import CAPTURE, ORDER, Say, scripted
from tests.vendor_specs import DIRECTORY, description

PAYMENT = PaymentId(UUID(int=7))
WEBHOOK, MERCHANT = "0EH40505U7160970P", "XJR76XKQFKKDE"
LIVE, SANDBOX = "https://api-m.paypal.com", "https://api-m.sandbox.paypal.com"
SIGNER, SANDBOX_SIGNER = "messageverificationcerts.paypal.com", "messageverificationcerts.sandbox.paypal.com"
CERTIFICATES = "/v1/notifications/certs/"
CERTIFICATE_URL = f"https://api.paypal.com{CERTIFICATES}CERT-360caa42-fca2a594-a5cafa77"

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
KEYS: dict[str, Key] = {
    name: rsa.generate_private_key(65537, 2048) for name in ("root", "middle", "leaf", "stranger")
}
KEYS["curve"] = ec.generate_private_key(ec.SECP256R1())


def certificate(
    name: str,
    key: str,
    issuer: str,
    *,
    signed_by: str,
    authority: bool = False,
    year: int = 2026,
) -> x509.Certificate:
    public = KEYS[key].public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(year, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(year + 1, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(KEYS[signed_by].public_key()), critical=False
        )
        .add_extension(_usage(authority=authority), critical=True)
    )
    if not authority:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False
        ).add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return builder.sign(KEYS[signed_by], hashes.SHA256())


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


ROOT = certificate("Root", "root", "Root", signed_by="root", authority=True)
MIDDLE = certificate("Middle", "middle", "Root", signed_by="root", authority=True)
LEAF = certificate(SIGNER, "leaf", "Middle", signed_by="middle")


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates)


def event(kind: str = "PAYMENT.CAPTURE.COMPLETED", **changes: Any) -> bytes:
    resource = {
        "id": CAPTURE,
        "status": "COMPLETED",
        "custom_id": str(PAYMENT),
        "supplementary_data": {"related_ids": {"order_id": ORDER}},
        "payee": {"merchant_id": MERCHANT},
        **changes,
    }
    return json.dumps({"id": "WH-1", "event_type": kind, "resource": resource}).encode()


@dataclass(kw_only=True)
class Bench:
    """Adapters for which PayPal's addresses hold what a test puts there."""

    clock: ManualClock
    there: dict[str, bytes] = field(default_factory=lambda: {CERTIFICATE_URL: pem(LEAF, MIDDLE)})
    fetched: list[str] = field(default_factory=list)
    away: bool = False
    slow: asyncio.Event | None = None
    gateways: list[PayPalGateway] = field(default_factory=list)

    def gateway(self, **changes: Any) -> PayPalGateway:
        given: dict[str, Any] = {
            "base_url": LIVE,
            "client_id": "c",
            "client_secret": "hunter2",
            "webhook_id": WEBHOOK,
            "merchant_id": MERCHANT,
            "anchors": lambda: pem(ROOT),
            "clock": self.clock,
            **changes,
        }
        made = PayPalGateway(**given)
        made._certificates._fetch = self._fetch
        self.gateways.append(made)
        return made

    async def _fetch(self, url: str) -> bytes:
        self.fetched.append(url)
        await (self.slow.wait() if self.slow else asyncio.sleep(0))
        if self.away:
            raise Unavailable("away")
        if url not in self.there:
            raise Refused("not_found", "nothing there")
        return self.there[url]

    def signed(
        self,
        body: bytes,
        *,
        key: str = "leaf",
        webhook: str = WEBHOOK,
        age: timedelta = timedelta(0),
        **changes: Any,
    ) -> dict[str, str]:
        at = (self.clock.now() - age).strftime("%Y-%m-%dT%H:%M:%SZ")
        told = f"T-1|{at}|{webhook}|{zlib.crc32(body)}".encode()
        signer = KEYS[key]
        if isinstance(signer, rsa.RSAPrivateKey):
            signature = signer.sign(told, padding.PKCS1v15(), hashes.SHA256())
        else:
            signature = signer.sign(told, ec.ECDSA(hashes.SHA256()))
        headers = {
            "PAYPAL-TRANSMISSION-ID": "T-1",
            "PAYPAL-TRANSMISSION-TIME": at,
            "PAYPAL-TRANSMISSION-SIG": base64.b64encode(signature).decode(),
            "PAYPAL-CERT-URL": CERTIFICATE_URL,
            "PAYPAL-AUTH-ALGO": "SHA256withRSA",
        }
        return headers | {name.replace("_", "-").upper(): value for name, value in changes.items()}


@pytest.fixture
async def bench(clock: ManualClock) -> AsyncIterator[Bench]:
    found = Bench(clock=clock)
    yield found
    for gateway in found.gateways:
        await gateway.close()


async def read(bench: Bench, body: bytes, **changes: Any) -> GatewayNotice | None:
    return await bench.gateway(**changes).read_notice(bench.signed(body), body)


# What is believed


async def test_a_webhook_that_paypal_signed_is_read(bench: Bench) -> None:
    assert await read(bench, event()) == GatewayNotice(
        event_id="WH-1",
        kind="PAYMENT.CAPTURE.COMPLETED",
        gateway_reference=ORDER,
        payment_id=PAYMENT,
        status=GatewayStatus.CAPTURED,
    )


async def test_names_of_headers_are_read_in_any_case(bench: Bench) -> None:
    body = event()
    headers = {name.lower(): value for name, value in bench.signed(body).items()}

    assert await bench.gateway().read_notice(headers, body) is not None


async def test_a_certificate_is_fetched_once(bench: Bench) -> None:
    gateway, body = bench.gateway(), event()
    headers = bench.signed(body)

    await asyncio.gather(*(gateway.read_notice(headers, body) for _ in range(20)))

    assert bench.fetched == [CERTIFICATE_URL]


@pytest.mark.parametrize(
    ("age", "believed"),
    [
        (timedelta(0), True),
        (timedelta(days=3), True),
        (timedelta(days=3, hours=1, seconds=2), False),
        (timedelta(minutes=-4), True),
        (timedelta(minutes=-6), False),
    ],
)
async def test_a_webhook_may_be_as_old_as_paypal_repeats_it(
    bench: Bench, age: timedelta, believed: bool
) -> None:
    body = event()
    headers = bench.signed(body, age=age)
    if believed:
        assert await bench.gateway().read_notice(headers, body) is not None
    else:
        with pytest.raises(InvalidNotice, match="transmitted"):
            await bench.gateway().read_notice(headers, body)
        assert bench.fetched == []


# What is not


async def refused(bench: Bench, headers: dict[str, str], body: bytes, **changes: Any) -> str:
    with pytest.raises(InvalidNotice) as raised:
        await bench.gateway(**changes).read_notice(headers, body)
    return str(raised.value)


async def test_another_body_another_webhook_and_another_time_are_not_what_was_signed(bench: Bench) -> None:
    body = event()
    sooner = (bench.clock.now() - timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")

    for headers, told in (
        (bench.signed(body), event(id="OTHER")),
        (bench.signed(body, webhook="ANOTHER0WEBHOOK"), body),
        (bench.signed(body, key="stranger"), body),
        (bench.signed(body, paypal_transmission_id="T-2"), body),
        (bench.signed(body, paypal_transmission_time=sooner), body),
    ):
        assert "did not sign" in await refused(bench, headers, told)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/v1/notifications/certs/CERT-1",
        "http://api.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com.evil.example/v1/notifications/certs/CERT-1",
        "https://api.paypal.com@evil.example/v1/notifications/certs/CERT-1",
        "https://api.paypal.com:8443/v1/notifications/certs/CERT-1",
        "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1",
        "https://169.254.169.254/v1/notifications/certs/CERT-1",
        "https://api.paypal.com/v1/notifications/certs/../../../CERT-1",
        "https://api.paypal.com/v1/notifications/certs/CERT-1?x=1",
        "https://api.paypal.com/v1/notifications/certs/CERT-1#x",
        "https://api.paypal.com/v1/notifications/certs/",
        "https://api.paypal.com/v1/notifications/certs/%2e%2e",
        "https://api.paypal.com/v1/notifications/certs/é",
        "https://api.paypal.com/v1/notifications/certs/" + "x" * 500,
        "https://API.PAYPAL.COM/v1/notifications/certs/CERT-1",
        "file:///etc/passwd",
        "",
    ],
)
async def test_a_certificate_elsewhere_is_not_even_fetched(bench: Bench, url: str) -> None:
    bench.there[url] = pem(LEAF, MIDDLE)
    body = event()

    assert "not at PayPal's address" in await refused(bench, bench.signed(body, paypal_cert_url=url), body)
    assert bench.fetched == []


@pytest.mark.parametrize(
    ("base_url", "url", "signer", "believed"),
    [
        (LIVE, "https://api-m.paypal.com", SIGNER, True),
        (LIVE, "https://api.paypal.com", SANDBOX_SIGNER, False),
        (SANDBOX, "https://api.sandbox.paypal.com", SIGNER, True),
        (SANDBOX, "https://api.sandbox.paypal.com", SANDBOX_SIGNER, True),
        (SANDBOX, "https://api.paypal.com", SIGNER, False),
        (LIVE, "https://api.paypal.com", "evil.paypal.com", False),
        ("http://127.0.0.1:8081/paypal", "http://127.0.0.1:8081/paypal", SIGNER, True),
        ("http://127.0.0.1:8081/paypal", "http://127.0.0.1:8082/paypal", SIGNER, False),
    ],
)
async def test_each_installation_of_paypal_has_its_own_addresses_and_signers(
    bench: Bench, base_url: str, url: str, signer: str, believed: bool
) -> None:
    address, body = f"{url}{CERTIFICATES}CERT-1", event()
    bench.there[address] = pem(certificate(signer, "leaf", "Middle", signed_by="middle"), MIDDLE)
    gateway = bench.gateway(base_url=base_url)
    headers = bench.signed(body, paypal_cert_url=address)

    if believed:
        assert await gateway.read_notice(headers, body) is not None
    else:
        with pytest.raises(InvalidNotice):
            await gateway.read_notice(headers, body)


FORGED = certificate(SIGNER, "leaf", SIGNER, signed_by="leaf")


@pytest.mark.parametrize(
    "served",
    [
        pem(FORGED),
        pem(FORGED, ROOT),
        pem(LEAF),
        pem(MIDDLE),
        pem(LEAF, certificate("Middle", "middle", "Root", signed_by="stranger", authority=True)),
        pem(LEAF, certificate("Middle", "middle", "Root", signed_by="root", authority=False)),
        pem(LEAF, certificate("Middle", "middle", "Root", signed_by="root", authority=True, year=2020)),
        pem(certificate(SIGNER, "leaf", "Middle", signed_by="middle", year=2020), MIDDLE),
        pem(certificate("evil.example", "leaf", "Middle", signed_by="middle"), MIDDLE),
        b"",
        b"<html>",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ],
    ids=[
        "self-signed",
        "self-signed beside our root",
        "no middle",
        "no leaf",
        "a middle of nobody's",
        "a middle that is no authority",
        "a middle that has ended",
        "a leaf that has ended",
        "another's name",
        "nothing",
        "a page",
        "rubbish",
    ],
)
async def test_a_certificate_that_nobody_vouches_for_is_not_believed(bench: Bench, served: bytes) -> None:
    bench.there[CERTIFICATE_URL] = served
    body = event()

    assert "no certificate of PayPal's" in await refused(bench, bench.signed(body), body)


async def test_a_certificate_is_good_until_it_ends(bench: Bench) -> None:
    gateway, body = bench.gateway(), event()
    await gateway.read_notice(bench.signed(body), body)
    bench.clock.advance(LEAF.not_valid_after_utc - bench.clock.now() + timedelta(seconds=1))

    with pytest.raises(InvalidNotice, match="expired"):
        await gateway.read_notice(bench.signed(body), body)


async def test_another_kind_of_key_signs_nothing(bench: Bench) -> None:
    bench.there[CERTIFICATE_URL] = pem(certificate(SIGNER, "curve", "Middle", signed_by="middle"), MIDDLE)
    body = event()

    assert "not one of RSA" in await refused(bench, bench.signed(body, key="curve"), body)


@pytest.mark.parametrize(
    "changes",
    [
        {"paypal_auth_algo": "SHA1withRSA"},
        {"paypal_auth_algo": "none"},
        {"paypal_auth_algo": "sha256withrsa"},
        {"paypal_transmission_sig": ""},
        {"paypal_transmission_sig": "not base64!"},
        {"paypal_transmission_sig": "é"},
        {"paypal_transmission_sig": base64.b64encode(b"x" * 256).decode()},
        {"paypal_transmission_time": "yesterday"},
        {"paypal_transmission_time": "2026-11-22T12:00:00"},
        {"paypal_transmission_time": ""},
        {"paypal_transmission_id": "T-\udcff"},
    ],
)
async def test_headers_that_make_no_sense_are_not_believed(bench: Bench, changes: dict[str, Any]) -> None:
    body = event()

    await refused(bench, bench.signed(body, **changes), body)


async def test_a_webhook_without_one_of_its_headers_is_not_believed(bench: Bench) -> None:
    body = event()
    whole = bench.signed(body)
    for missing in whole:
        headers = {name: value for name, value in whole.items() if name != missing}

        assert missing.lower() in await refused(bench, headers, body)


async def test_without_the_id_of_our_webhook_nothing_is_believed(bench: Bench) -> None:
    body = event()

    assert "webhook_id" in await refused(bench, bench.signed(body, webhook=""), body, webhook_id="")


@pytest.mark.parametrize(
    ("kind", "resource"),
    [
        ("PAYMENT.CAPTURE.COMPLETED", {"payee": {"merchant_id": "ANOTHER"}}),
        (
            "CHECKOUT.ORDER.APPROVED",
            {"purchase_units": [{"payee": {"merchant_id": "ANOTHER"}}], "payee": None},
        ),
        ("CUSTOMER.DISPUTE.CREATED", {"disputed_transactions": [{"seller": {"merchant_id": "ANOTHER"}}]}),
    ],
)
async def test_another_merchants_event_is_refused(bench: Bench, kind: str, resource: dict[str, Any]) -> None:
    body = event(kind, **resource)

    assert "another merchant" in await refused(bench, bench.signed(body), body)
    assert await read(bench, body, merchant_id="") is not None


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b"null",
        b"not json",
        b"\xff",
        b"[" * 9999,
        b'{"id": "WH-1", "event_type": "PAYMENT.CAPTURE.COMPLETED"}',
        b'{"id": "WH-1", "event_type": "PAYMENT.CAPTURE.COMPLETED", "resource": []}',
        b'{"id": "WH-1", "event_type": "PAYMENT.CAPTURE.COMPLETED", "resource": {"purchase_units": [7]}}',
        b'{"id": "WH-1", "event_type": "PAYMENT.CAPTURE.COMPLETED", "resource": {"purchase_units": 7}}',
        b'{"id": "WH-\\u0000", "event_type": "PAYMENT.CAPTURE.COMPLETED", "resource": {}}',
        b'{"id": 7, "event_type": "PAYMENT.CAPTURE.COMPLETED", "resource": {}}',
        b'{"id": "WH-1", "event_type": null, "resource": {}}',
        b'{"id": "WH-1", "event_type": "CHECKOUT.ORDER.APPROVED", "resource": {"id": "\\u0000"}}',
        b'{"id": "WH-1", "event_type": "CHECKOUT.ORDER.APPROVED", "resource": {"id": ["X"]}}',
        b'{"id": "WH-1", "event_type": "CUSTOMER.DISPUTE.CREATED", "resource": {"dispute_id": 7}}',
        b'{"id": "WH-1", "event_type": "PAYMENT.CAPTURE.COMPLETED", "resource": {"links": [7]}}',
        b'{"id": "WH-1", "event_type": "PAYMENT.CAPTURE.COMPLETED", "resource": {"supplementary_data": 7}}',
    ],
)
async def test_what_is_signed_but_no_event_is_not_believed(bench: Bench, body: bytes) -> None:
    assert "signed, but" in await refused(bench, bench.signed(body), body)


# Away


async def test_while_the_certificate_cannot_be_had_paypal_is_to_send_again(bench: Bench) -> None:
    gateway, body = bench.gateway(), event()
    bench.away = True
    for _ in range(3):
        with pytest.raises(Unavailable):
            await gateway.read_notice(bench.signed(body), body)
    assert len(bench.fetched) == 1, "it is left alone for a while"

    bench.away = False
    bench.clock.advance(timedelta(minutes=2))

    assert await gateway.read_notice(bench.signed(body), body) is not None


async def test_a_flood_of_made_up_certificates_does_not_become_one_of_ours(bench: Bench) -> None:
    gateway, body = bench.gateway(), event()
    await gateway.read_notice(bench.signed(body), body)
    for number in range(100):
        url = f"https://api.paypal.com{CERTIFICATES}CERT-{number}"
        with pytest.raises((InvalidNotice, Unavailable)):
            await gateway.read_notice(bench.signed(body, paypal_cert_url=url), body)

    assert len(bench.fetched) == 1 + FAILURES
    assert await gateway.read_notice(bench.signed(body), body) is not None


async def test_who_has_a_good_certificate_waits_for_nobodys_bad_one(bench: Bench) -> None:
    """PayPal's own address may be slow, and anybody can have it asked for what is not there."""
    gateway, body = bench.gateway(), event()
    await gateway.read_notice(bench.signed(body), body)
    bench.slow = asyncio.Event()
    url = f"https://api.paypal.com{CERTIFICATES}CERT-1"
    stranger = asyncio.ensure_future(gateway.read_notice(bench.signed(body, paypal_cert_url=url), body))
    await asyncio.sleep(0.01)

    async with asyncio.timeout(5):
        assert await gateway.read_notice(bench.signed(body), body) is not None

    bench.slow.set()
    with pytest.raises(InvalidNotice):
        await stranger


async def test_trust_anchors_that_cannot_be_read_are_told(bench: Bench) -> None:
    def gone() -> bytes:
        raise FileNotFoundError("no such file: ca.pem")

    body = event()
    with pytest.raises(Unavailable, match=r"ca\.pem"):
        await read(bench, body, anchors=gone)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (Say(body=pem(LEAF, MIDDLE)), None),
        (Say(status=302, headers={"Location": "/elsewhere"}, body=pem(LEAF, MIDDLE)), Unavailable),
        (Say(status=404), InvalidNotice),
        (Say(status=500), Unavailable),
        (Say(body=b"x" * 100_000), Unavailable),
        (Say(body=pem(LEAF, MIDDLE), cut=True), Unavailable),
        (Say(silent=True), Unavailable),
    ],
)
async def test_a_certificate_comes_over_the_wire(
    bench: Bench, said: Say, error: type[Exception] | None
) -> None:
    async with scripted() as made:
        made.on(f"GET {CERTIFICATES}CERT-1", said)
        made.on("GET /elsewhere", Say(body=pem(LEAF, MIDDLE)))
        gateway = bench.gateway(base_url=made.url, timeout=0.5)
        gateway._certificates._fetch = gateway._fetch_certificate
        body = event()
        headers = bench.signed(body, paypal_cert_url=f"{made.url}{CERTIFICATES}CERT-1")
        if error is None:
            assert await gateway.read_notice(headers, body) is not None
        else:
            with pytest.raises(error):
                await gateway.read_notice(headers, body)

        assert [one.path for one in made.sent()] == [f"{CERTIFICATES}CERT-1"]
        assert "Authorization" not in made.sent()[0].headers


# What they are about


def order_resource(**changes: Any) -> dict[str, Any]:
    unit = {"reference_id": "default", "custom_id": str(PAYMENT)}
    return {"custom_id": None, "supplementary_data": None, "id": ORDER, "purchase_units": [unit], **changes}


@pytest.mark.parametrize(
    ("kind", "resource", "reference", "status"),
    [
        ("CHECKOUT.ORDER.APPROVED", order_resource(status="APPROVED"), ORDER, None),
        ("CHECKOUT.PAYMENT-APPROVAL.REVERSED", order_resource(id=None, order_id=ORDER), ORDER, None),
        ("PAYMENT.AUTHORIZATION.CREATED", {"status": "CREATED"}, ORDER, GatewayStatus.AUTHORISED),
        ("PAYMENT.AUTHORIZATION.CREATED", {"status": "PENDING"}, ORDER, None),
        ("PAYMENT.AUTHORIZATION.VOIDED", {"status": "VOIDED"}, ORDER, None),
        ("PAYMENT.CAPTURE.PENDING", {"status": "PENDING"}, ORDER, None),
        ("PAYMENT.CAPTURE.DENIED", {"status": "DECLINED"}, ORDER, None),
        ("PAYMENT.CAPTURE.REFUNDED", {"custom_id": f"{PAYMENT}.{UUID(int=8)}"}, ORDER, None),
        (
            "PAYMENT.CAPTURE.COMPLETED",
            {"supplementary_data": {"related_ids": []}},
            None,
            GatewayStatus.CAPTURED,
        ),
    ],
)
async def test_an_event_tells_its_payment(
    bench: Bench, kind: str, resource: dict[str, Any], reference: str | None, status: GatewayStatus | None
) -> None:
    notice = await read(bench, event(kind, **resource))

    assert notice is not None
    assert (notice.payment_id, notice.gateway_reference, notice.status) == (PAYMENT, reference, status)


async def test_what_is_not_ours_is_read_without_our_id(bench: Bench) -> None:
    notice = await read(bench, event(custom_id="another shop's"))

    assert notice is not None
    assert notice.payment_id is None


async def test_an_event_that_we_do_not_follow_tells_nothing(bench: Bench) -> None:
    assert await read(bench, event("BILLING.PLAN.CREATED")) is None


@pytest.mark.parametrize("custom", [str(PAYMENT), None])
async def test_a_dispute_is_about_the_payment_of_its_capture(bench: Bench, custom: str | None) -> None:
    """PayPal's own id of the capture is always there; ours is read from that where it is not told."""
    disputed = {"seller_transaction_id": CAPTURE, "custom": custom}
    body = event(
        "CUSTOMER.DISPUTE.CREATED",
        custom_id=None,
        dispute_id="PP-D-4012",
        disputed_transactions=[disputed],
    )
    async with scripted() as made:
        made.on(f"GET /v2/payments/captures/{CAPTURE}", Say(body={"id": CAPTURE, "custom_id": str(PAYMENT)}))
        url = f"{made.url}{CERTIFICATES}CERT-1"
        bench.there[url] = pem(LEAF, MIDDLE)
        gateway = bench.gateway(base_url=made.url)
        notice = await gateway.read_notice(bench.signed(body, paypal_cert_url=url), body)

    assert notice is not None
    assert (notice.payment_id, notice.dispute) == (PAYMENT, "PP-D-4012")
    assert len(made.sent()) == (custom is None)


async def test_a_dispute_of_a_capture_that_is_not_ours_tells_no_payment(bench: Bench) -> None:
    disputed = [{"seller_transaction_id": "../x"}]
    body = event("CUSTOMER.DISPUTE.CREATED", custom_id=None, dispute_id="D", disputed_transactions=disputed)

    notice = await read(bench, body)

    assert notice is not None
    assert notice.payment_id is None


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("webhook.CheckoutPaymentApprovalReversed.json", "5O190127TN364715T"),
        ("webhook.PaymentAuthorizationVoided.json", "9RC99380MW614700D"),
        ("webhook.PaymentCaptureDeclined.json", "48R416400V564864N"),
        ("webhook.PaymentCaptureRefunded.json", None),
    ],
)
async def test_paypals_own_events_are_read(bench: Bench, name: str, reference: str | None) -> None:
    if description("paypal/notifications_webhooks_v1.json") is None:
        return
    body = (DIRECTORY / "paypal" / "examples" / name).read_bytes()

    notice = await read(bench, body)

    assert notice is not None
    assert notice.kind in NOTICES
    assert (notice.gateway_reference, notice.payment_id) == (reference, None)


async def test_nobody_poses_as_paypal_to_us(bench: Bench, tmp_path: Path) -> None:
    """Secrets are given to nobody whom no authority of this host vouches for."""
    key = KEYS["stranger"].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    forged = certificate("localhost", "stranger", "localhost", signed_by="stranger")
    (tmp_path / "forged.pem").write_bytes(key + pem(forged))
    posing = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    posing.load_cert_chain(tmp_path / "forged.pem")
    async with scripted(tls=posing) as made:
        gateway = bench.gateway(base_url=made.url)
        with pytest.raises(Unavailable, match="cannot be reached"):
            await gateway.retrieve(ORDER)

        assert made.requests == []


async def test_no_secret_shows(bench: Bench) -> None:
    assert "hunter2" not in repr(bench.gateway())
    assert script.CLIENT_SECRET not in repr(bench.gateway()._wire)
