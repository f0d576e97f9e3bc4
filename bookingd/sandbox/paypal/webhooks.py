"""How an event travels to an endpoint: as JSON, signed, with the address of the certificate for that."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from bookingd.sandbox.courier import Letter
from bookingd.sandbox.paypal import render
from bookingd.sandbox.paypal.authority import Authority
from bookingd.sandbox.paypal.records import Event
from bookingd.sources import Ids

ALGORITHM = "SHA256withRSA"


def certificate_path(authority: Authority) -> str:
    return f"/v1/notifications/certs/{authority.name}"


def writer(
    authority: Callable[[], Authority], webhook_id: str, ids: Ids
) -> Callable[[Event, datetime], Letter]:
    """What writes and signs an event as of a time; the authority is asked for when there is one."""

    def compose(event: Event, at: datetime) -> Letter:
        signer = authority()
        body = msgspec.json.encode(render.event(event))
        transmission, time = str(ids.new()), render.time(at)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "PayPal/AUHD-1.0-1",
            "PAYPAL-TRANSMISSION-ID": transmission,
            "PAYPAL-TRANSMISSION-TIME": time,
            "PAYPAL-TRANSMISSION-SIG": signer.sign(transmission, time, webhook_id, body),
            "PAYPAL-CERT-URL": event.origin + certificate_path(signer),
            "PAYPAL-AUTH-ALGO": ALGORITHM,
        }
        return body, headers

    return compose
