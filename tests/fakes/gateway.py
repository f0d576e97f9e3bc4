"""A payment gateway in memory that keeps the port, for tests of those who use one.

It passes the contract of the port (tests/gateways/test_contract.py). What it is told beforehand
(`decline`, `require_action`, `lose_answer` …) holds for the next fitting call only, or for `times` calls.
"""

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from bookingd.domain.declines import DeclineReason
from bookingd.domain.ids import IntentId, PaymentId
from bookingd.domain.money import Money
from bookingd.gateways.port import (
    Authorisation,
    Dispute,
    DisputeStatus,
    GatewayNotice,
    GatewayPayment,
    GatewayStatus,
    InvalidNotice,
    Means,
    Posting,
    PostingKind,
    Refund,
)
from bookingd.outcomes import OutsideError, Refused, Unavailable, UnknownOutcome
from bookingd.sources import Clock
from tests.fakes.telling import Telling, take

T = TypeVar("T")

GOOD = "pm_fake"
DECLINED = "pm_fake_declined"
THREE_D_SECURE = "pm_fake_three_d_secure"
APPROVAL = "pm_fake_approval"
"""Its payer agrees at the gateway's own page, and it is completed then."""
REVIEWED = "pm_fake_reviewed"
RECEIVED = "pm_fake_received"
"""Money that is there already: captured at once."""
KEPT = "pm_fake_kept"
"""How tokens of what is kept begin."""

HELD_FOR = timedelta(days=7)


@dataclass(slots=True, kw_only=True)
class _Told(Telling):
    before: OutsideError | None = None
    after: OutsideError | None = None
    outcome: GatewayStatus | None = None
    reason: str | None = None


@dataclass(slots=True, kw_only=True)
class _Made:
    key: str
    """What it was called first."""
    at: datetime
    payment: GatewayPayment
    refunds: dict[IntentId, Refund] = field(default_factory=dict)
    disputes: list[Dispute] = field(default_factory=list)


class FakeGateway:
    """Cards `GOOD`, `DECLINED`, `THREE_D_SECURE` and the others above; any other token is refused."""

    name = "fake"

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._made: dict[str, _Made] = {}
        self._answers: dict[IntentId, GatewayPayment | Refund | Refused] = {}
        self._told: list[_Told] = []
        self.postings: list[Posting] = []
        """What its own books say, in the order in which it happened; tests may add and remove."""
        self.refunds_are = "done"
        """The status of refunds when they are made."""
        self.means: Means | None = None
        """What is paid with from now on, as far as it tells."""
        self.calls: Counter[str] = Counter()
        """How often each operation was asked for, whatever became of it."""
        self._kept: dict[str, str | None] = {}

    def decline(self, reason: str = DeclineReason.DECLINED, *, times: int = 1) -> None:
        """Decline the card at the next authorisation, whichever it is."""
        self._tell("authorise", times, outcome=GatewayStatus.DECLINED, reason=reason)

    def require_action(self, *, times: int = 1) -> None:
        """Send the payer to 3-D Secure at the next authorisation."""
        self._tell("authorise", times, outcome=GatewayStatus.REQUIRES_ACTION)

    def answer(self, operation: str, outcome: GatewayStatus, *, reason: str | None = None) -> None:
        """Have the next `authorise` or `complete` come to that."""
        self._tell(operation, 1, outcome=outcome, reason=reason)

    def lose_answer(self, operation: str, *, times: int = 1) -> None:
        """Do it, and time out."""
        self._tell(operation, times, after=UnknownOutcome(f"{operation}: timed out after the deed"))

    def lose_call(self, operation: str, *, times: int = 1) -> None:
        """Do nothing, and time out: the caller cannot tell this from `lose_answer`."""
        self._tell(operation, times, before=UnknownOutcome(f"{operation}: timed out before the deed"))

    def be_unavailable(self, operation: str, *, times: int = 1, retry_after: float | None = None) -> None:
        """Do nothing, and say so."""
        self._tell(operation, times, before=Unavailable(f"{operation}: away", retry_after=retry_after))

    def refuse(self, operation: str, code: str, *, times: int = 1) -> None:
        """Say no, finally."""
        self._tell(operation, times, before=Refused(code, "as told"))

    def complete_action(self, gateway_reference: str) -> GatewayPayment:
        """The payer proved who they are."""
        return self._change(self._of(gateway_reference), status=GatewayStatus.AUTHORISED, action_url=None)

    def fail_action(self, gateway_reference: str) -> GatewayPayment:
        """The payer did not."""
        return self._change(
            self._of(gateway_reference),
            status=GatewayStatus.DECLINED,
            action_url=None,
            decline_reason=DeclineReason.AUTHENTICATION_FAILED,
        )

    def approve(self, gateway_reference: str) -> GatewayPayment:
        """The payer agreed at the gateway's own page."""
        return self._change(self._of(gateway_reference), status=GatewayStatus.APPROVED, action_url=None)

    def ask_again(self, gateway_reference: str) -> GatewayPayment:
        """After a decline the payer may choose another means at the gateway's own page, as at PayPal."""
        return self._change(
            self._of(gateway_reference),
            status=GatewayStatus.REQUIRES_ACTION,
            action_url="https://bank.example/again",
            decline_reason=None,
        )

    def pass_review(self, gateway_reference: str) -> GatewayPayment:
        """The gateway sees no risk."""
        return self._change(self._of(gateway_reference), status=GatewayStatus.AUTHORISED)

    def review(self, gateway_reference: str) -> GatewayPayment:
        """The gateway has a second look at what it holds."""
        return self._change(self._of(gateway_reference), status=GatewayStatus.IN_REVIEW)

    def take_time(self, gateway_reference: str) -> GatewayPayment:
        """It works on what it was asked for last: an electronic cheque that is to be cleared."""
        return self._change(self._of(gateway_reference), status=GatewayStatus.PENDING)

    def fail_review(self, gateway_reference: str) -> GatewayPayment:
        """The gateway will not have it."""
        return self._change(
            self._of(gateway_reference), status=GatewayStatus.DECLINED, decline_reason=DeclineReason.DECLINED
        )

    def expire(self, gateway_reference: str) -> GatewayPayment:
        """The authorisation lapsed."""
        return self._change(self._of(gateway_reference), status=GatewayStatus.VOIDED)

    def settle_refunds(self, gateway_reference: str, status: str) -> None:
        """What is pending or done becomes done or failed; what fails is the gateway's to hold again."""
        made = self._of(gateway_reference)
        for key, refund in made.refunds.items():
            if status == "failed" != refund.status:
                self._change(made, refunded=made.payment.refunded - refund.amount)
                self._post(made, PostingKind.REFUND_FAILED, refund.amount, refund.gateway_reference)
            made.refunds[key] = replace(refund, status=status)

    def dispute(
        self,
        gateway_reference: str,
        amount: Money | None = None,
        *,
        status: DisputeStatus = DisputeStatus.NEEDS_RESPONSE,
    ) -> Dispute:
        """The payer's bank takes `amount`, or all that was captured, back; an inquiry takes nothing yet."""
        made = self._of(gateway_reference)
        opened = Dispute(
            gateway_reference=f"{made.key}_dispute_{len(made.disputes) + 1}",
            amount=amount or made.payment.captured,
            reason="fraudulent",
            status=status,
            respond_by=self._clock.now() + timedelta(days=9),
        )
        made.disputes.append(opened)
        if status is not DisputeStatus.INQUIRY:
            self._post(made, PostingKind.DISPUTE, opened.amount, opened.gateway_reference)
        return opened

    def move_dispute(self, gateway_reference: str, status: DisputeStatus, *, which: int = 0) -> Dispute:
        """It is looked at, won or lost."""
        made = self._of(gateway_reference)
        made.disputes[which] = moved = replace(made.disputes[which], status=status)
        if status is DisputeStatus.WON:
            self._post(made, PostingKind.DISPUTE_WON, moved.amount, moved.gateway_reference)
        return moved

    def payments(self, payment_id: PaymentId | None = None) -> list[GatewayPayment]:
        """All payments, or those of one id, as they stand."""
        found = (made.payment for made in self._made.values())
        return [each for each in found if payment_id is None or each.payment_id == payment_id]

    def notice(
        self, gateway_reference: str, kind: str, *, event_id: str = "evt_fake", dispute: str | None = None
    ) -> tuple[dict[str, str], bytes]:
        """Headers and body of a webhook about a payment, or about a dispute of it."""
        payment = self._of(gateway_reference).payment
        body = {
            "event_id": event_id,
            "kind": kind,
            "gateway_reference": gateway_reference,
            "payment_id": None if payment.payment_id is None else str(payment.payment_id),
            "dispute": dispute,
        }
        return {"Fake-Signature": "good"}, json.dumps(body).encode()

    async def authorise(self, request: Authorisation, *, key: IntentId) -> GatewayPayment:
        return self._do("authorise", key, lambda told: self._authorised(request, told))

    async def complete(self, gateway_reference: str, *, key: IntentId) -> GatewayPayment:
        return self._do("complete", key, lambda told: self._completed(gateway_reference, told))

    async def reauthorise(self, gateway_reference: str, *, amount: Money, key: IntentId) -> GatewayPayment:
        return self._do("reauthorise", key, lambda _: self._prolonged(gateway_reference))

    async def retrieve(self, gateway_reference: str) -> GatewayPayment:
        return self._do("retrieve", None, lambda _: self._of(gateway_reference).payment)

    async def find(self, payment_id: PaymentId, *, since: datetime) -> GatewayPayment | None:
        return self._do("find", None, lambda _: self._found(payment_id, since))

    async def capture(self, gateway_reference: str, *, amount: Money, key: IntentId) -> GatewayPayment:
        return self._do("capture", key, lambda _: self._captured(gateway_reference, amount))

    async def void(self, gateway_reference: str, *, key: IntentId) -> GatewayPayment:
        return self._do("void", key, lambda _: self._voided(gateway_reference))

    async def refund(self, gateway_reference: str, *, amount: Money, key: IntentId) -> Refund:
        return self._do("refund", key, lambda _: self._refunded(gateway_reference, amount, key))

    async def find_refund(self, gateway_reference: str, *, key: IntentId) -> Refund | None:
        return self._do("find_refund", None, lambda _: self._of(gateway_reference).refunds.get(key))

    async def forget(self, gateway_reference: str, *, key: IntentId) -> None:
        self._do("forget", key, lambda _: self._forgotten(self._of(gateway_reference).payment))

    def _forgotten(self, payment: GatewayPayment) -> None:
        if payment.means and payment.means.token:
            self._kept.pop(payment.means.token, None)

    async def disputes(self, gateway_reference: str) -> Sequence[Dispute]:
        return self._do("disputes", None, lambda _: list(self._of(gateway_reference).disputes))

    async def statement(self, *, since: datetime, until: datetime) -> AsyncIterator[Posting]:
        self._do("statement", None, lambda _: None)
        for posting in self.postings:
            if since <= posting.at < until:
                yield posting

    async def read_notice(self, headers: Mapping[str, str], body: bytes) -> GatewayNotice:
        if headers.get("Fake-Signature") != "good":
            raise InvalidNotice("bad signature")
        told = json.loads(body)
        payment_id = told["payment_id"]
        return GatewayNotice(
            event_id=told["event_id"],
            kind=told["kind"],
            gateway_reference=told["gateway_reference"],
            payment_id=None if payment_id is None else PaymentId(UUID(payment_id)),
            status=GatewayStatus(told["status"]) if told.get("status") else None,
            dispute=told.get("dispute"),
        )

    def _tell(
        self,
        operation: str,
        times: int,
        *,
        before: OutsideError | None = None,
        after: OutsideError | None = None,
        outcome: GatewayStatus | None = None,
        reason: str | None = None,
    ) -> None:
        self._told.append(
            _Told(
                operation=operation, times=times, before=before, after=after, outcome=outcome, reason=reason
            )
        )

    def _do(self, operation: str, key: IntentId | None, deed: Callable[[_Told | None], T]) -> T:
        self.calls[operation] += 1
        told = take(self._told, operation)
        if told is not None and told.before is not None:
            raise told.before
        answer = self._once(key, lambda: deed(told))
        if told is not None and told.after is not None:
            raise told.after
        return answer

    def _once(self, key: IntentId | None, deed: Callable[[], T]) -> T:
        """The deed, or for a known key the answer of its first time; a refusal is remembered too."""
        if key is None:
            return deed()
        if key not in self._answers:
            try:
                self._answers[key] = deed()  # type: ignore[assignment]
            except Refused as refused:
                self._answers[key] = refused
        answer = self._answers[key]
        if isinstance(answer, Refused):
            raise answer
        return answer  # type: ignore[return-value]

    def _authorised(self, request: Authorisation, told: _Told | None) -> GatewayPayment:
        statuses = {
            GOOD: GatewayStatus.AUTHORISED,
            DECLINED: GatewayStatus.DECLINED,
            THREE_D_SECURE: GatewayStatus.REQUIRES_ACTION,
            APPROVAL: GatewayStatus.REQUIRES_ACTION,
            REVIEWED: GatewayStatus.IN_REVIEW,
            RECEIVED: GatewayStatus.CAPTURED,
        }
        kept = GatewayStatus.AUTHORISED if request.payment_method in self._kept else None
        status = told.outcome if told and told.outcome else statuses.get(request.payment_method, kept)
        if status is None:
            raise Refused("resource_missing", f"no such payment method: {request.payment_method}")
        reference = f"fake_{len(self._made) + 1}"
        reason = (told.reason if told else None) or DeclineReason.DECLINED
        nothing = Money.zero(request.amount.currency)
        payment = GatewayPayment(
            gateway_reference=reference,
            payment_id=request.payment_id,
            status=status,
            amount=request.amount,
            captured=request.amount if status is GatewayStatus.CAPTURED else nothing,
            refunded=Money.zero(request.amount.currency),
            action_url="https://bank.example/" + reference
            if status is GatewayStatus.REQUIRES_ACTION
            else None,
            decline_reason=reason if status is GatewayStatus.DECLINED else None,
            authorised_until=self._clock.now() + HELD_FOR,
            means=self.means or self._means(request),
        )
        self._made[reference] = made = _Made(key=reference, at=self._clock.now(), payment=payment)
        if payment.captured:
            self._post(made, PostingKind.CAPTURE, payment.captured, f"{reference}_capture")
        return payment

    def _means(self, request: Authorisation) -> Means:
        """What is kept has a token of its own, and its holder a name."""
        token = f"{KEPT}_{len(self._kept) + 1}" if request.keep else None
        customer = request.customer or (f"cus_{request.owner}" if request.keep else None)
        if token:
            self._kept[token] = customer
        elif request.payment_method in self._kept and self._kept[request.payment_method] != customer:
            raise Refused("resource_missing", f"{request.payment_method} is not kept for {customer}")
        return Means(
            kind="card",
            label="Fake ending in 4242",
            fingerprint=f"fp_{request.payment_method}",
            token=token,
            customer=customer,
            expires="2031-04",
        )

    def _found(self, payment_id: PaymentId, since: datetime) -> GatewayPayment | None:
        matches = [
            made.payment
            for made in self._made.values()
            if made.payment.payment_id == payment_id and made.at >= since
        ]
        return matches[-1] if matches else None

    def _completed(self, reference: str, told: _Told | None) -> GatewayPayment:
        """What it is called grows, as at PayPal."""
        made = self._of(reference)
        if made.payment.status is not GatewayStatus.APPROVED:
            raise Refused("not_approved", f"the payment is {made.payment.status}")
        status = told.outcome if told and told.outcome else GatewayStatus.AUTHORISED
        return self._change(
            made,
            status=status,
            gateway_reference=f"{made.key}/held_1",
            action_url="https://bank.example/again" if status is GatewayStatus.REQUIRES_ACTION else None,
            decline_reason=told.reason if told and status is GatewayStatus.DECLINED else None,
            authorised_until=self._clock.now() + HELD_FOR,
        )

    def _prolonged(self, reference: str) -> GatewayPayment:
        made = self._of(reference)
        self._require(made, GatewayStatus.AUTHORISED)
        held = made.payment.gateway_reference.count("held_") + 1
        return self._change(
            made,
            gateway_reference=f"{made.key}/held_{held}",
            authorised_until=self._clock.now() + HELD_FOR,
        )

    def _captured(self, reference: str, amount: Money) -> GatewayPayment:
        made = self._of(reference)
        self._require(made, GatewayStatus.AUTHORISED, GatewayStatus.IN_REVIEW)
        if made.payment.amount < amount or not amount:
            raise Refused("amount_too_large", f"{amount} of {made.payment.amount}")
        self._post(made, PostingKind.CAPTURE, amount, f"{made.key}_capture")
        return self._change(made, status=GatewayStatus.CAPTURED, captured=amount, authorised_until=None)

    def _voided(self, reference: str) -> GatewayPayment:
        made = self._of(reference)
        self._require(
            made,
            GatewayStatus.AUTHORISED,
            GatewayStatus.REQUIRES_ACTION,
            GatewayStatus.APPROVED,
            GatewayStatus.IN_REVIEW,
            GatewayStatus.DECLINED,
            GatewayStatus.PENDING,
        )
        return self._change(made, status=GatewayStatus.VOIDED, action_url=None, decline_reason=None)

    def _refunded(self, reference: str, amount: Money, key: IntentId) -> Refund:
        made = self._of(reference)
        self._require(made, GatewayStatus.CAPTURED)
        if made.payment.captured - made.payment.refunded < amount:
            raise Refused("amount_too_large", f"{amount} of {made.payment.captured - made.payment.refunded}")
        self._change(made, refunded=made.payment.refunded + amount)
        refund = Refund(
            gateway_reference=f"{made.key}_refund_{len(made.refunds) + 1}",
            amount=amount,
            status=self.refunds_are,
            expected_by=self._clock.now() + timedelta(days=5),
        )
        made.refunds[key] = refund
        self._post(made, PostingKind.REFUND, amount, refund.gateway_reference)
        return refund

    def _of(self, reference: str) -> _Made:
        """By any of the names that it has had."""
        key = reference.partition("/")[0]
        if key not in self._made:
            raise Refused("not_found", f"no such payment: {reference}")
        return self._made[key]

    def _post(self, made: _Made, kind: PostingKind, amount: Money, own_reference: str) -> None:
        posting = Posting(
            kind=kind,
            gateway_reference=made.payment.gateway_reference,
            payment_id=made.payment.payment_id,
            amount=amount,
            at=self._clock.now(),
            own_reference=own_reference,
        )
        self.postings.append(posting)

    def _require(self, made: _Made, *statuses: GatewayStatus) -> None:
        if made.payment.status not in statuses:
            raise Refused("payment_intent_unexpected_state", f"the payment is {made.payment.status}")

    def _change(self, made: _Made, **changes: object) -> GatewayPayment:
        made.payment = replace(made.payment, **changes)  # type: ignore[arg-type]
        return made.payment
