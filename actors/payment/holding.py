"""Having money held: asked for, completed once its payer has approved it, held for longer, and let go.

One rule: completing yields to letting go. Both say that they have begun before they look whether the other
has; so one of them sees the other, and nothing comes to be held behind a void's back.
"""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID, uuid5

from actors.payment.book import Page, PaymentBook
from actors.payment.intake import Intake, finished
from bookingd.actor.kinds import Ended, Letter
from bookingd.domain.booking.facts import (
    AuthorisationRenewed,
    AuthorisePayment,
    PaymentVoided,
    ReauthorisationRefused,
    ReauthorisePayment,
    VoidPayment,
)
from bookingd.domain.consents import KEEP_MEANS
from bookingd.domain.declines import DeclineReason
from bookingd.domain.ids import IntentId, PaymentId
from bookingd.domain.money import Money
from bookingd.gateways.port import Authorisation, Gateway, GatewayPayment, GatewayStatus
from bookingd.messages.payments import CompletePayment
from bookingd.outcomes import Refused, Unavailable
from bookingd.storage.intents import Intent, IntentState
from bookingd.storage.payments import PaymentRow, PaymentStatus, PaymentStep
from bookingd.storage.transactions import Transaction

HOLDS_NOTHING = frozenset({GatewayStatus.VOIDED, GatewayStatus.CAPTURED, GatewayStatus.DECLINED})
"""Nothing is left to be voided."""

ENDED = frozenset({IntentState.DONE, IntentState.REFUSED})

KEPT = "kept:"
"""Begins a means of payment that was kept, with the id of the payment that it was kept with behind it."""

ANSWER_TO_COME = "the gateway's answer to the authorisation is still to come"


class Holding:
    """Has money held, and let go."""

    def __init__(self, book: PaymentBook, intake: Intake) -> None:
        self._book = book
        self._intake = intake

    # Authorise

    async def authorise(self, message: AuthorisePayment, intent: Intent) -> GatewayPayment:
        """Have the gateway hold the amount; a decline is an answer."""
        request, gateway = await self._request(message), self._book.gateways[message.gateway]
        made = await self._braked(gateway, await gateway.authorise(request, key=intent.id), intent)
        if made.status is GatewayStatus.AUTHORISED:
            self._book.note_reference(message.payment_id, made.gateway_reference)
        return made

    async def find(self, message: AuthorisePayment, intent: Intent) -> GatewayPayment | None:
        """What an earlier call made, by our own id."""
        gateway = self._book.gateways[message.gateway]
        found = await gateway.find(message.payment_id, since=intent.opened_at)
        return None if found is None else await self._braked(gateway, found, intent)

    async def _braked(self, gateway: Gateway, made: GatewayPayment, intent: Intent) -> GatewayPayment:
        """A card that was declined too often lately is let go of, and its payment has failed.

        Which card it was only the gateway's answer tells. Whoever dies after the void finds the payment void.
        """
        fingerprint = made.means.fingerprint if made.means else None
        if made.status in HOLDS_NOTHING or not await self._book.is_closed_to(fingerprint):
            return made
        # A gateway knows the intent's id as the key of the authorisation.
        await gateway.void(made.gateway_reference, key=IntentId(uuid5(intent.id, "brake")))
        return replace(
            made,
            status=GatewayStatus.DECLINED,
            decline_reason=DeclineReason.TOO_MANY_ATTEMPTS,
            action_url=None,
        )

    async def authorised(self, transaction: Transaction, ended: Sequence[Ended]) -> None:
        """Record the payments and tell their bookings."""
        page = Page()
        for letter, outcome in ended:
            row = _asked_for(letter.message)
            if isinstance(outcome, Refused):
                row = replace(row, state=PaymentStatus.FAILED, failure=outcome.code)
                page.rows.append(row)
                self._intake.tell(transaction, letter, row)
            else:
                self._intake.take_in(transaction, page, letter, row, outcome)
        await self._book.write(transaction, page)

    async def _request(self, message: AuthorisePayment) -> Authorisation:
        method, customer = message.payment_method, None
        if method.startswith(KEPT):
            method, customer = await self._kept(message)
        elif message.keep:
            customer = await self._book.customer(message)
        return Authorisation(
            payment_id=message.payment_id,
            booking_reference=message.reference,
            amount=message.amount,
            payment_method=method,
            return_url=message.return_url,
            owner=message.owner,
            customer=customer,
            keep=message.keep,
            off_session=message.off_session,
        )

    async def _kept(self, message: AuthorisePayment) -> tuple[str, str | None]:
        """The gateway's words for a means that was kept, and for its holder. Raises Refused."""
        try:
            kept_with = PaymentId(UUID(message.payment_method.removeprefix(KEPT)))
        except ValueError as error:
            raise Refused(
                DeclineReason.CONSENT_WITHDRAWN, "no means of payment is kept by that name"
            ) from error
        means = await self._book.kept_means(kept_with, message)
        if means is None or means.gateway != message.gateway:
            raise Refused(
                DeclineReason.CONSENT_WITHDRAWN,
                f"nothing kept with payment {kept_with} may be charged for this",
            )
        return means.token, means.customer

    # Complete

    async def complete(self, message: CompletePayment, intent: Intent) -> GatewayPayment | None:
        """Have the gateway hold what was approved; None where nobody wants that, or it is done."""
        row = await self._known(message)
        if row.state is not PaymentStatus.APPROVED or row.gateway_reference is None:
            return None
        if await self._book.begun(message, PaymentStep.VOID):
            return None
        gateway = self._book.gateways[row.gateway]
        try:
            return finished(await gateway.complete(row.gateway_reference, key=intent.id))
        except Refused:
            seen = await gateway.retrieve(row.gateway_reference)
            if seen.status is GatewayStatus.APPROVED:
                raise
            return finished(seen)

    async def find_completed(self, message: CompletePayment, intent: Intent) -> GatewayPayment | None:
        """The payment as an earlier call has left it; None while it is only approved."""
        row = await self._known(message)
        if row.gateway_reference is None:
            return None
        seen = finished(await self._book.gateways[row.gateway].retrieve(row.gateway_reference))
        return None if seen.status is GatewayStatus.APPROVED else seen

    async def completed(
        self, transaction: Transaction, letter: Letter, outcome: GatewayPayment | Refused | None
    ) -> None:
        """Tell the booking what came of it."""
        if outcome is None:
            return
        page, row = Page(), await self._book.locked(transaction, letter.message)
        if isinstance(outcome, GatewayPayment):
            self._intake.take_in(transaction, page, letter, row, outcome)
        elif row.state is PaymentStatus.APPROVED:
            row = replace(row, state=PaymentStatus.FAILED, failure=outcome.code)
            page.rows.append(row)
            self._intake.tell(transaction, letter, row)
        await self._book.write(transaction, page)

    # Reauthorise

    async def reauthorise(self, message: ReauthorisePayment, intent: Intent) -> GatewayPayment:
        """Have it held for longer."""
        gateway, reference = await self._book.at_gateway(message)
        try:
            return finished(await gateway.reauthorise(reference, amount=message.amount, key=intent.id))
        except Refused:
            seen = await gateway.retrieve(reference)
            if seen.status is GatewayStatus.AUTHORISED:
                raise
            return finished(seen)

    async def find_reauthorised(self, message: ReauthorisePayment, intent: Intent) -> GatewayPayment | None:
        """The payment if it is held for longer than we know, or not held any more.

        None where neither is to be seen: to ask again is safe with the same key.
        """
        row = await self._known(message)
        if row.gateway_reference is None:
            return None
        seen = finished(await self._book.gateways[row.gateway].retrieve(row.gateway_reference))
        known = (row.gateway_reference, row.authorised_until)
        same = (seen.gateway_reference, seen.authorised_until) == known
        return None if same and seen.status is GatewayStatus.AUTHORISED else seen

    async def reauthorised(
        self, transaction: Transaction, letter: Letter, outcome: GatewayPayment | Refused
    ) -> None:
        """Tell the booking until when it is held now, or that it will not be."""
        row = await self._book.locked(transaction, letter.message)
        if isinstance(outcome, Refused):
            refused = ReauthorisationRefused(
                booking_id=row.booking_id, payment_id=row.id, reason=outcome.code
            )
            transaction.send(refused, origin=letter.origin)
            return
        page = Page()
        now = self._intake.take_in(transaction, page, letter, row, outcome)
        await self._book.write(transaction, page)
        if now.state is PaymentStatus.AUTHORISED:
            renewed = AuthorisationRenewed(
                booking_id=now.booking_id, payment_id=now.id, until=now.authorised_until
            )
            transaction.send(renewed, origin=letter.origin)

    # Void

    async def void(self, message: VoidPayment, intent: Intent) -> GatewayPayment | None:
        """Release the authorisation, or see to it that there never is one."""
        row = await self._known(message)
        if row.gateway_reference is None:
            return None
        await self._wait_for_completion(message)
        gateway = self._book.gateways[message.gateway]
        try:
            return finished(await gateway.void(row.gateway_reference, key=intent.id))
        except Refused:
            seen = await gateway.retrieve(row.gateway_reference)
            if seen.status in HOLDS_NOTHING:
                return seen
            raise

    async def find_void(self, message: VoidPayment, intent: Intent) -> GatewayPayment | None:
        """The payment if it holds nothing any more; None while it still does."""
        row = await self._book.load(message)
        if row is None or row.gateway_reference is None:
            return None
        seen = await self._book.gateways[message.gateway].retrieve(row.gateway_reference)
        return seen if seen.status in HOLDS_NOTHING else None

    async def voided(
        self, transaction: Transaction, letter: Letter, outcome: GatewayPayment | Refused | None
    ) -> None:
        """Tell the booking what is so: released, or captured after all."""
        message: VoidPayment = letter.message
        row = await self._book.locked(transaction, message)
        if isinstance(outcome, Refused):
            await self._book.ask_operator(transaction, message, f"cannot be voided: {outcome}")
        elif outcome is None:
            gone = PaymentVoided(booking_id=row.booking_id, payment_id=row.id)
            transaction.send(gone, origin=letter.origin)
        else:
            page = Page()
            self._intake.take_in(transaction, page, letter, row, outcome, told=True)
            await self._book.write(transaction, page)

    async def _wait_for_completion(self, message: VoidPayment) -> None:
        begun = await self._book.begun(message, PaymentStep.COMPLETE)
        if not ENDED.issuperset(begun.values()):
            raise Unavailable("the gateway's answer to the completion is still to come")

    async def _known(self, message: CompletePayment | ReauthorisePayment | VoidPayment) -> PaymentRow:
        row = await self._book.load(message)
        if row is None:
            raise Unavailable(ANSWER_TO_COME)
        return row


def _asked_for(message: AuthorisePayment) -> PaymentRow:
    """The payment before its gateway has told of it."""
    nothing = Money.zero(message.amount.currency)
    return PaymentRow(
        id=message.payment_id,
        booking_id=message.booking_id,
        gateway=message.gateway,
        amount=message.amount,
        captured=nothing,
        refunded=nothing,
        owner=message.owner,
        consent=KEEP_MEANS.version if message.keep else None,
    )
