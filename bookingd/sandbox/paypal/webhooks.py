"""How an event travels to an endpoint: as JSON, signed, with the address of the certificate for that."""

from collections.abc import Callable

import msgspec

from bookingd.sandbox.courier import Letter
from bookingd.sandbox.paypal import render
from bookingd.sandbox.paypal.authority import Authority
from bookingd.sandbox.paypal.records import Event
from bookingd.sources import Clock, Ids

ALGORITHM = "SHA256withRSA"


def body(event: Event) -> bytes:
    """An event as it is sent, to the byte."""
    return msgspec.json.encode(render.event(event))


def certificate_path(authority: Authority) -> str:
    return f"/v1/notifications/certs/{authority.name}"


def writer(
    authority: Callable[[], Authority], webhook_id: str, *, ids: Ids, clock: Clock
) -> Callable[[Event], Letter]:
    """What writes and signs an event; the authority is asked for when there is one.

    It is sent at the time of `clock`, whatever the stand-in takes for the time: its clock can be put forward,
    that of who checks the signature cannot.
    """

    def compose(event: Event) -> Letter:
        signer, written = authority(), body(event)
        transmission, time = str(ids.new()), render.time(clock.now())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "PayPal/AUHD-1.0-1",
            "PAYPAL-TRANSMISSION-ID": transmission,
            "PAYPAL-TRANSMISSION-TIME": time,
            "PAYPAL-TRANSMISSION-SIG": signer.sign(transmission, time, webhook_id, written),
            "PAYPAL-CERT-URL": event.origin + certificate_path(signer),
            "PAYPAL-AUTH-ALGO": ALGORITHM,
        }
        return written, headers

    return compose
