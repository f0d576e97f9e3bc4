"""What a gateway's event tells, beside what we know: most events repeat the answer to a call of our own.

Events come late and in any order, so one is only ever good for telling that there is nothing new.
"""

from collections.abc import Mapping
from types import MappingProxyType

from bookingd.gateways.port import GatewayStatus
from bookingd.storage.payments import PaymentStatus

_BEYOND = frozenset(
    {PaymentStatus.AUTHORISED, PaymentStatus.CAPTURED, PaymentStatus.REFUNDED, PaymentStatus.VOIDED}
)

_KNOWN: Mapping[GatewayStatus, frozenset[PaymentStatus]] = MappingProxyType(
    {
        GatewayStatus.PENDING: frozenset(PaymentStatus),
        GatewayStatus.REQUIRES_ACTION: _BEYOND | {PaymentStatus.REQUIRES_ACTION},
        GatewayStatus.APPROVED: _BEYOND | {PaymentStatus.APPROVED},
        GatewayStatus.IN_REVIEW: _BEYOND | {PaymentStatus.IN_REVIEW},
        GatewayStatus.AUTHORISED: _BEYOND,
        GatewayStatus.CAPTURED: frozenset({PaymentStatus.CAPTURED, PaymentStatus.REFUNDED}),
        GatewayStatus.VOIDED: frozenset({PaymentStatus.VOIDED}),
        GatewayStatus.DECLINED: frozenset({PaymentStatus.FAILED}),
    }
)
"""What an event tells -> the states of our row in which we know that or better."""


def is_known(status: GatewayStatus | None, state: PaymentStatus) -> bool:
    """Whether an event that tells `status` is old news of a payment that we have as `state`.

    One that tells no status is about something else of the payment, and may always be news.
    """
    return status is not None and state in _KNOWN[status]
