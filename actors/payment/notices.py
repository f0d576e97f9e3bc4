"""What gateways told of payments that we did not have: applied when we have them, however late that is.

One rule: an event is looked for until the answers that could make it ours have surely come. What is nobody's
then belongs to another shop of the same gateway account, or is found by the reconciliation.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace

from bookingd.actor.kinds import Letter
from bookingd.gateways.news import is_known
from bookingd.gateways.port import GatewayStatus
from bookingd.messages.payments import FIRST_LOOK, ApplyNotice, ReadDisputes, RefreshPayment
from bookingd.storage import webhooks
from bookingd.storage.transactions import Transaction
from bookingd.storage.webhooks import Subject

log = logging.getLogger(__name__)

LAST_LOOK = 10
"""Fifteen seconds doubled nine times is two hours, and four with those before."""


async def apply(transaction: Transaction, letters: Sequence[Letter]) -> Sequence[Letter]:
    """Have looked at what the events are about, or look for it again later."""
    for letter in letters:
        message: ApplyNotice = letter.message
        found = await webhooks.told_of(
            transaction.connection,
            gateway=message.gateway,
            payment_id=message.payment_id,
            reference=message.gateway_reference,
        )
        if found is not None:
            if (look := _look(message, found)) is not None:
                transaction.send(look, origin=letter.origin)
        elif message.look < LAST_LOOK:
            due = transaction.now + FIRST_LOOK * 2**message.look
            transaction.send(replace(message, look=message.look + 1), origin=letter.origin, due=due)
        else:
            log.warning("event %s of %s is about no payment of ours", message.event_id, message.gateway)
    return ()


def _look(message: ApplyNotice, found: Subject) -> ReadDisputes | RefreshPayment | None:
    """What there is to look at; None where the answer to our own call has told it meanwhile."""
    if message.dispute:
        return ReadDisputes(payment_id=found.payment_id, booking_id=found.booking_id)
    if message.status and is_known(GatewayStatus(message.status), found.state):
        return None
    return RefreshPayment(payment_id=found.payment_id, booking_id=found.booking_id)
