"""Agency credit: a client with a line books now and pays our statement later.

A gateway over our own tables. Whether a payment fits into the line is decided once, under the line's lock;
what is captured is owed, and what is refunded is owed no more.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime

from bookingd.domain.ids import IntentId, PaymentId
from bookingd.domain.money import Money
from bookingd.gateways.office import payment_id_of, posting
from bookingd.gateways.port import (
    Authorisation,
    Dispute,
    GatewayNotice,
    GatewayPayment,
    GatewayStatus,
    InvalidNotice,
    Means,
    Posting,
    Refund,
)
from bookingd.outcomes import Refused
from bookingd.sources import Clock
from bookingd.storage import credit
from bookingd.storage.credit import CreditUse, UseState
from bookingd.storage.database import Connection, Database

NO_LINE = "no_credit"
BEYOND = "credit_limit"
OTHER_CURRENCY = "credit_currency"

_STATUS = {
    UseState.DECLINED: GatewayStatus.DECLINED,
    UseState.HELD: GatewayStatus.AUTHORISED,
    UseState.OWED: GatewayStatus.CAPTURED,
    UseState.RELEASED: GatewayStatus.VOIDED,
}


class CreditGateway:
    """The port `bookingd.gateways.port.Gateway` over clients' credit lines."""

    name = "credit"

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def authorise(self, request: Authorisation, *, key: IntentId) -> GatewayPayment:
        """Hold it of the client's line; what does not fit is a decline."""
        async with self._database.transaction() as connection:
            refusal = await _refusal(connection, request)
            await credit.ask(
                connection,
                payment_id=request.payment_id,
                owner=request.owner,
                amount=request.amount,
                refusal=refusal,
                now=self._clock.now(),
            )
        return await self.retrieve(str(request.payment_id))

    async def complete(self, gateway_reference: str, *, key: IntentId) -> GatewayPayment:
        """A line asks nobody."""
        raise Refused("not_approved", "credit is held at once")

    async def reauthorise(self, gateway_reference: str, *, amount: Money, key: IntentId) -> GatewayPayment:
        """What is held of a line is held until it is used or released."""
        return await self.retrieve(gateway_reference)

    async def retrieve(self, gateway_reference: str) -> GatewayPayment:
        found = await self._find(payment_id_of(gateway_reference))
        if found is None:
            raise Refused("not_found", "no such use of credit")
        return found

    async def find(self, payment_id: PaymentId, *, since: datetime) -> GatewayPayment | None:
        return await self._find(payment_id)

    async def capture(self, gateway_reference: str, *, amount: Money, key: IntentId) -> GatewayPayment:
        payment_id = payment_id_of(gateway_reference)
        async with self._database.transaction() as connection:
            owed = await credit.owe(connection, payment_id=payment_id, amount=amount, now=self._clock.now())
        seen = await self.retrieve(gateway_reference)
        if not owed and seen.status is not GatewayStatus.CAPTURED:
            raise Refused("not_held", f"the payment is {seen.status}")
        return seen

    async def void(self, gateway_reference: str, *, key: IntentId) -> GatewayPayment:
        async with self._database.transaction() as connection:
            await credit.release(connection, payment_id=payment_id_of(gateway_reference))
        seen = await self.retrieve(gateway_reference)
        if seen.status is GatewayStatus.CAPTURED:
            raise Refused("owed", "it is owed already")
        return seen

    async def refund(self, gateway_reference: str, *, amount: Money, key: IntentId) -> Refund:
        """Take it off what the client owes. Raises Refused('amount_too_large')."""
        payment_id = payment_id_of(gateway_reference)
        async with self._database.transaction() as connection:
            await credit.lock_use(connection, payment_id=payment_id)
            use = await credit.use(connection, payment_id=payment_id)
            before = await credit.given_back(connection, return_id=key)
            if before is None and (use is None or use.owed < use.back + amount):
                raise Refused("amount_too_large", f"less than {amount} of it is owed")
            await credit.give_back(
                connection, return_id=key, payment_id=payment_id, amount=amount, now=self._clock.now()
            )
        return _refund(key, amount if before is None else before)

    async def find_refund(self, gateway_reference: str, *, key: IntentId) -> Refund | None:
        async with self._database.connection() as connection:
            made = await credit.given_back(connection, return_id=key)
        return None if made is None else _refund(key, made)

    async def forget(self, gateway_reference: str, *, key: IntentId) -> None:
        """A line is ended by staff, and nothing is kept of it."""

    async def disputes(self, gateway_reference: str) -> Sequence[Dispute]:
        """What a client contests is talked about, and given back by staff."""
        return ()

    async def statement(self, *, since: datetime, until: datetime) -> AsyncIterator[Posting]:
        async with self._database.connection() as connection:
            moved = [one async for one in credit.movements(connection, since=since, until=until)]
        for one in moved:
            yield posting(one)

    async def read_notice(self, headers: Mapping[str, str], body: bytes) -> GatewayNotice | None:
        """There is nobody outside who could tell."""
        raise InvalidNotice("credit sends no webhooks")

    async def _find(self, payment_id: PaymentId) -> GatewayPayment | None:
        async with self._database.connection() as connection:
            use = await credit.use(connection, payment_id=payment_id)
        return None if use is None else _payment(payment_id, use)


async def _refusal(connection: Connection, request: Authorisation) -> str | None:
    """Why it does not fit into the client's line, which is locked from here on; None where it does."""
    line = await credit.lock(connection, owner=request.owner)
    if line is None:
        return NO_LINE
    if line.most.currency != request.amount.currency:
        return OTHER_CURRENCY
    used = await credit.used(connection, owner=request.owner)
    return BEYOND if used + request.amount.amount > line.most.amount else None


def _payment(payment_id: PaymentId, use: CreditUse) -> GatewayPayment:
    return GatewayPayment(
        gateway_reference=str(payment_id),
        payment_id=payment_id,
        status=_STATUS[use.state],
        amount=use.amount,
        captured=use.owed,
        refunded=use.back,
        decline_reason=use.reason if use.state is UseState.DECLINED else None,
        means=Means(kind="credit", label="On account"),
    )


def _refund(key: IntentId, amount: Money) -> Refund:
    return Refund(gateway_reference=str(key), amount=amount, status="done")
