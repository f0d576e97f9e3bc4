"""Who pays at the stand-in, and what their way of paying does.

The one rule: what goes wrong is told by the tag in the buyer's address, `anna+declined@example.org`, so that
the page, a test and a person ask for the same thing in the same words.
"""

import hashlib
import re
from collections.abc import Mapping

from bookingd.sandbox.misbehaviour import How
from bookingd.sandbox.paypal.records import Buyer

GOOD = "balance"

INSTRUMENTS: Mapping[str, str] = {
    GOOD: "pays",
    "declined": "declined: choose another one",
    "payer_action": "asked to come back once more",
    "denied": "the authorisation is denied",
    "review": "in review for a moment, then accepted",
    "review_denied": "in review for a moment, then denied",
    "echeck": "the capture is pending for a moment, then completed",
    "echeck_denied": "the capture is pending for a moment, then denied",
    "capture_declined": "the capture is declined",
    "capture_refused": "the capture is refused with an error",
    "lapsing": "no money after three days, until it is authorised again",
    "refund_pending": "a refund is pending for a moment, then completed",
    "refund_failed": "a refund is pending for a moment, then fails",
    "refund_no_funds": "a refund is refused: no money in the merchant's account",
    "dispute": "disputed a moment after the capture",
}
"""What a way of paying does, by its tag."""

SOMEBODY = "anna.vogel@example.org"
"""Who approves where nobody says otherwise."""

MISBEHAVING = ("authorise", "capture", "cancel", "reauthorise", "refund")

_ADDRESS = re.compile(r"([^@+\s]{1,64})(?:\+([a-z_]{1,64}))?@([A-Za-z0-9][A-Za-z0-9.-]{0,120})")
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def tag_of(how: How, operation: str) -> str:
    """The tag of a buyer at whose `operation` the stand-in misbehaves: `timeout_after_capture`."""
    return f"{how.removesuffix('_deed')}_{operation}"


_WISHES = {tag_of(how, operation): (operation, str(how)) for how in How for operation in MISBEHAVING}


def buyer(email: str) -> Buyer | None:
    """Who has this address; None where it is none, or has a tag that nobody knows."""
    found = _ADDRESS.fullmatch(email)
    if found is None:
        return None
    name, tag, _ = found.groups()
    wish = _WISHES.get(tag or "")
    if wish is None and tag is not None and tag not in INSTRUMENTS:
        return None
    given_name, _, surname = name.partition(".")
    return Buyer(
        email=email,
        payer_id=account_id(email),
        given_name=given_name.capitalize(),
        surname=surname.capitalize() or "Sandbox",
        country_code="DE",
        instrument=GOOD if wish is not None or tag is None else tag,
        misbehave=wish,
    )


def with_tag(email: str, tag: str) -> str:
    """The same address with another tag; without one for the good instrument."""
    name, _, host = email.partition("@")
    plain = name.partition("+")[0]
    return f"{plain}@{host}" if tag == GOOD else f"{plain}+{tag}@{host}"


def account_id(email: str) -> str:
    """Thirteen letters and digits, always the same ones for an address."""
    digest = int.from_bytes(hashlib.blake2b(email.encode(), digest_size=16).digest())
    return "".join(_ALPHABET[digest >> (5 * place) & 31] for place in range(13))
