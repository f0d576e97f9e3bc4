"""The payment actor owns payments: it carries out what bookings ask of gateways and tells what became of it.

It takes authorise, complete, reauthorise, capture, void, refund, and `RefreshPayment`, in which the payer's
return, the gateway's webhook and our own poll all end; it emits what the gateway says. It never decides what
a payment is for.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from actors.payment import notices
from actors.payment.book import PaymentBook
from actors.payment.disputes import Disputes
from actors.payment.documents import FOLLOWED, Agency, Documents
from actors.payment.forgetting import Forgetting
from actors.payment.holding import Holding
from actors.payment.intake import Intake
from actors.payment.looking import Looking
from actors.payment.refunds import Refunds
from actors.payment.taking import Taking
from bookingd.actor.kinds import Acting, Answer, Decide, Reading, Record, each
from bookingd.domain.booking.facts import (
    AuthorisePayment,
    CapturePayment,
    ReauthorisePayment,
    RefundPayment,
    VoidPayment,
)
from bookingd.gateways.port import Gateway
from bookingd.messages.payments import (
    ApplyNotice,
    CompletePayment,
    ForgetMeans,
    ReadDisputes,
    RefreshPayment,
    SettleRefund,
)
from bookingd.security.card_testing import Brake
from bookingd.sources import Sources
from bookingd.storage.database import Database
from bookingd.storage.intents import IntentKey
from bookingd.storage.payments import PaymentStep


class PaymentActor:
    """Carries out payments."""

    name: ClassVar[str] = "payment"
    accepts: ClassVar[tuple[type, ...]] = (
        AuthorisePayment,
        CompletePayment,
        ReauthorisePayment,
        CapturePayment,
        VoidPayment,
        RefundPayment,
        RefreshPayment,
        SettleRefund,
        ForgetMeans,
        ReadDisputes,
        ApplyNotice,
        *FOLLOWED,
    )
    answering: Mapping[type, Answer] = MappingProxyType({})
    loops: Sequence[Callable[[], Awaitable[None]]] = ()

    def __init__(
        self,
        *,
        gateways: Mapping[str, Gateway],
        database: Database,
        sources: Sources,
        agency: Agency,
        brake: Brake,
    ) -> None:
        """`agency` issues the documents that follow from what is paid; `brake` refuses tried-out cards."""
        book = PaymentBook(gateways=gateways, database=database, sources=sources, brake=brake)
        intake, refunds = Intake(book), Refunds(book)
        holding, taking = Holding(book, intake), Taking(book, intake)
        forgetting = Forgetting(book)
        looking, disputes = Looking(book, intake, refunds), Disputes(book)
        documents = Documents(agency=agency, sources=sources)
        self.deciding: Mapping[type, Decide] = {
            **documents.deciding,
            SettleRefund: refunds.settle,
            ApplyNotice: notices.apply,
        }
        self.acting: Mapping[type, Acting | Reading] = {
            AuthorisePayment: _acting(
                PaymentStep.AUTHORISE, holding.authorise, holding.find, holding.authorised
            ),
            CompletePayment: _acting(
                PaymentStep.COMPLETE, holding.complete, holding.find_completed, each(holding.completed)
            ),
            ReauthorisePayment: _acting(
                PaymentStep.REAUTHORISE,
                holding.reauthorise,
                holding.find_reauthorised,
                each(holding.reauthorised),
            ),
            CapturePayment: _acting(
                PaymentStep.CAPTURE, taking.capture, taking.find_capture, taking.captured
            ),
            VoidPayment: _acting(PaymentStep.VOID, holding.void, holding.find_void, each(holding.voided)),
            ForgetMeans: _acting(
                PaymentStep.FORGET, forgetting.forget, forgetting.find, each(forgetting.forgotten)
            ),
            RefundPayment: _acting(PaymentStep.REFUND, refunds.give, refunds.find, each(refunds.given)),
            RefreshPayment: Reading(
                key=_key(PaymentStep.REFRESH), read=looking.refresh, record=each(looking.refreshed)
            ),
            ReadDisputes: Reading(
                key=_key(PaymentStep.DISPUTES), read=disputes.read, record=each(disputes.taken_in)
            ),
        }


def _acting(
    step: PaymentStep,
    perform: Callable[..., Awaitable[Any]],
    look_up: Callable[..., Awaitable[Any]],
    record: Record,
) -> Acting:
    return Acting(
        key=_key(step),
        perform=perform,
        look_up=look_up,
        record=record,
    )


IN_ROUNDS = (CompletePayment, ReauthorisePayment, RefundPayment)
"""What may be wanted several times of one payment."""


def _key(step: PaymentStep) -> Callable[[Any], IntentKey]:
    return lambda message: IntentKey(
        subject=message.booking_id,
        object=message.payment_id,
        step=step,
        round=message.round if isinstance(message, IN_ROUNDS) else 1,
    )
