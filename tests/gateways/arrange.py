"""What the gateway tests begin with."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from bookingd.domain.ids import IntentId, PaymentId
from bookingd.domain.money import Money
from bookingd.gateways.port import Authorisation

RETURN_URL = "https://shop.example/bookings/ABC234"


def an_intent() -> IntentId:
    return IntentId(uuid4())


def a_request(payment_method: str, *, amount: Money | None = None, **given: Any) -> Authorisation:
    """An authorisation of a payment of its own; `given` are its optional fields."""
    return Authorisation(
        payment_id=PaymentId(uuid4()),
        booking_reference="ABC234",
        amount=amount or Money.of("123.45", "EUR"),
        payment_method=payment_method,
        return_url=RETURN_URL,
        **given,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cards:
    """Tokens of one gateway's cards, by what they do."""

    good: str
    declined: str
    three_d_secure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lacking:
    """What a stand-in is known not to do, so that the contract does not ask for it."""

    names: frozenset[str] = field(default_factory=frozenset)
