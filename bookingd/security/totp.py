"""Codes of authenticator apps: TOTP (RFC 6238) as every app has it, SHA-1, six digits, thirty seconds.

The one rule: a code is taken once. Whoever checks one keeps its step, and hands it in at the next check.
"""

import base64
import hmac
from datetime import datetime
from urllib.parse import quote, urlencode

from bookingd.sources import Chance

SECRET_BYTES = 20
"""RFC 4226, 4: 160 bits."""

PERIOD = 30
DIGITS = 6

DRIFT = 1
"""Steps by which a telephone's clock, or who types, may be off (RFC 6238, 5.2)."""


def new_secret(chance: Chance) -> bytes:
    """What the app and we share."""
    return chance.token(SECRET_BYTES)


def spelled(secret: bytes) -> str:
    """The secret as a person types it into an app: base32."""
    return base64.b32encode(secret).decode()


def provisioning_uri(secret: bytes, *, address: str, issuer: str) -> str:
    """What the QR code for the app holds (the Key URI format of Google Authenticator)."""
    label = f"{quote(issuer, safe='')}:{quote(address, safe='@')}"
    told = {
        "secret": spelled(secret),
        "issuer": issuer,
        "algorithm": "SHA1",
        "digits": DIGITS,
        "period": PERIOD,
    }
    return f"otpauth://totp/{label}?{urlencode(told, quote_via=quote)}"


def step_at(moment: datetime) -> int:
    """The number of the code that apps show at the moment."""
    return int(moment.timestamp()) // PERIOD


def code_at(secret: bytes, step: int) -> str:
    """The code of that step (RFC 4226, 5.3)."""
    mac = hmac.digest(secret, step.to_bytes(8), "sha1")
    start = mac[-1] & 0xF
    number = int.from_bytes(mac[start : start + 4]) & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def step_of(code: str, secret: bytes, *, now: datetime, after: int) -> int | None:
    """The step that the code is of, if it may be taken now: not long over, and behind the last one taken.

    Spaces in it do not count: apps show them.
    """
    given, present = "".join(code.split()), step_at(now)
    if not (len(given) == DIGITS and given.isascii() and given.isdigit()):
        return None
    steps = range(max(present - DRIFT, after + 1), present + DRIFT + 1)
    return next((step for step in steps if hmac.compare_digest(given, code_at(secret, step))), None)
