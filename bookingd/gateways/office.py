"""Transfers and cash: a gateway whose wire is our own staff.

A transfer that a payer chose waits, with instructions, until staff record what came; cash, and transfers
that nobody announced, are recorded first and make their payment. What goes back is pending until staff say
how it was paid. Nothing here is held for later: what came is ours, and there is nothing to capture.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bookingd.domain.ids import IntentId, PaymentId
from bookingd.domain.money import Money
from bookingd.gateways.port import (
    Authorisation,
    Dispute,
    GatewayNotice,
    GatewayPayment,
    GatewayStatus,
    InvalidNotice,
    Means,
    Posting,
    PostingKind,
    Refund,
)
from bookingd.outcomes import Refused
from bookingd.sources import Clock
from bookingd.storage import office
from bookingd.storage.database import Database
from bookingd.storage.office import OfficePayment, Payout, ReceivedBy


@dataclass(frozen=True, slots=True, kw_only=True)
class Beneficiary:
    """Whom a transfer goes to."""

    name: str
    iban: str
    bic: str = ""
    bank: str = ""


class OfficeGateway:
    """The port `bookingd.gateways.port.Gateway` over what staff record."""

    def __init__(
        self, *, means: ReceivedBy, database: Database, clock: Clock, beneficiary: Beneficiary | None = None
    ) -> None:
        """Payers can choose it where there is a `beneficiary`; staff can always record."""
        self.name = means.value
        self._means = means
        self._database = database
        self._clock = clock
        self._beneficiary = beneficiary

    async def authorise(self, request: Authorisation, *, key: IntentId) -> GatewayPayment:
        """What came already is taken as it is; what did not is asked for, where we say whom to send it."""
        async with self._database.transaction() as connection:
            known = await office.payment(connection, payment_id=request.payment_id)
            if known is None and self._beneficiary is not None:
                await office.ask(
                    connection,
                    payment_id=request.payment_id,
                    reference=request.booking_reference,
                    amount=request.amount,
                    now=self._clock.now(),
                )
        if known is None and self._beneficiary is None:
            raise Refused("not_received", f"no {self.name} was recorded for this payment")
        return await self.retrieve(str(request.payment_id))

    async def complete(self, gateway_reference: str, *, key: IntentId) -> GatewayPayment:
        """Nobody approves a transfer before it comes."""
        raise Refused("not_approved", f"a {self.name} is received, and not approved")

    async def reauthorise(self, gateway_reference: str, *, amount: Money, key: IntentId) -> GatewayPayment:
        """Nothing is held."""
        raise Refused("not_supported", f"a {self.name} is not held")

    async def retrieve(self, gateway_reference: str) -> GatewayPayment:
        payment_id = payment_id_of(gateway_reference)
        async with self._database.connection() as connection:
            known = await office.payment(connection, payment_id=payment_id)
        if known is None:
            raise Refused("not_found", f"no such {self.name}")
        return self._payment(payment_id, known)

    async def find(self, payment_id: PaymentId, *, since: datetime) -> GatewayPayment | None:
        async with self._database.connection() as connection:
            known = await office.payment(connection, payment_id=payment_id)
        return None if known is None else self._payment(payment_id, known)

    async def capture(self, gateway_reference: str, *, amount: Money, key: IntentId) -> GatewayPayment:
        """What came is ours already. Raises Refused('not_received')."""
        seen = await self.retrieve(gateway_reference)
        if seen.status is not GatewayStatus.CAPTURED:
            raise Refused("not_received", f"the {self.name} has not come")
        return seen

    async def void(self, gateway_reference: str, *, key: IntentId) -> GatewayPayment:
        """Await it no longer. Raises Refused('received')."""
        async with self._database.transaction() as connection:
            await office.call_off(
                connection, payment_id=payment_id_of(gateway_reference), now=self._clock.now()
            )
        seen = await self.retrieve(gateway_reference)
        if seen.status is GatewayStatus.CAPTURED:
            raise Refused("received", f"the {self.name} has come")
        return seen

    async def refund(self, gateway_reference: str, *, amount: Money, key: IntentId) -> Refund:
        """Have staff pay it out. Raises Refused('amount_too_large')."""
        payment_id = payment_id_of(gateway_reference)
        async with self._database.transaction() as connection:
            await office.lock(connection, payment_id=payment_id)
            known = await office.payment(connection, payment_id=payment_id)
            before = await office.payout(connection, payout_id=key)
            if before is None and (known is None or known.received < known.back + amount):
                raise Refused("amount_too_large", f"less than {amount} is left of this {self.name}")
            await office.owe(
                connection, payout_id=key, payment_id=payment_id, amount=amount, now=self._clock.now()
            )
            made = await office.payout(connection, payout_id=key)
        if made is None:
            raise LookupError(f"payout {key} was not recorded")
        return _refund(made)

    async def find_refund(self, gateway_reference: str, *, key: IntentId) -> Refund | None:
        async with self._database.connection() as connection:
            made = await office.payout(connection, payout_id=key)
        return None if made is None else _refund(made)

    async def forget(self, gateway_reference: str, *, key: IntentId) -> None:
        """Nothing is kept of it."""

    async def disputes(self, gateway_reference: str) -> Sequence[Dispute]:
        """Nobody takes a transfer back from us."""
        return ()

    async def statement(self, *, since: datetime, until: datetime) -> AsyncIterator[Posting]:
        """What staff recorded."""
        async with self._database.connection() as connection:
            moved = [
                one async for one in office.movements(connection, means=self._means, since=since, until=until)
            ]
        for one in moved:
            yield posting(one)

    async def read_notice(self, headers: Mapping[str, str], body: bytes) -> GatewayNotice | None:
        """Nobody tells us by HTTP that a transfer came."""
        raise InvalidNotice(f"{self.name} sends no webhooks")

    def _payment(self, payment_id: PaymentId, known: OfficePayment) -> GatewayPayment:
        status = _status(known)
        waits = status is GatewayStatus.REQUIRES_ACTION
        return GatewayPayment(
            gateway_reference=str(payment_id),
            payment_id=payment_id,
            status=status,
            amount=known.amount,
            captured=known.received,
            refunded=known.back,
            means=Means(kind=self.name, label="Bank transfer" if self.name == "transfer" else "Cash"),
            instructions=self._instructions(known) if waits else None,
        )

    def _instructions(self, known: OfficePayment) -> Mapping[str, str] | None:
        if self._beneficiary is None:
            return None
        told = {
            "beneficiary": self._beneficiary.name,
            "iban": self._beneficiary.iban,
            "bic": self._beneficiary.bic,
            "bank": self._beneficiary.bank,
            "amount": known.amount.format(),
            "reference": known.reference or "",
        }
        return {name: value for name, value in told.items() if value}


def posting(one: office.Movement) -> Posting:
    """A movement as a gateway's own books have it."""
    return Posting(
        kind=PostingKind(one.kind),
        gateway_reference=str(one.payment_id),
        payment_id=one.payment_id,
        amount=one.amount,
        at=one.at,
        own_reference=one.own,
    )


def _status(known: OfficePayment) -> GatewayStatus:
    if known.received:
        return GatewayStatus.CAPTURED
    return GatewayStatus.VOIDED if known.called_off else GatewayStatus.REQUIRES_ACTION


def _refund(made: Payout) -> Refund:
    return Refund(
        gateway_reference=str(made.id),
        amount=made.amount,
        status="pending" if made.paid_on is None else "done",
        trace=made.proof,
    )


def payment_id_of(reference: str) -> PaymentId:
    """The payment that a reference of ours names. Raises Refused."""
    try:
        return PaymentId(UUID(reference))
    except ValueError:
        raise Refused("not_found", "no such payment") from None
