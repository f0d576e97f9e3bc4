"""Calls about PaymentIntents.

The one rule: parameters are read to the end, and held against the rules, before anything is changed.
"""

import dataclasses
from dataclasses import dataclass

from msgspec.structs import replace

from bookingd.sandbox.stripe import customers, faults, payments, settling
from bookingd.sandbox.stripe.account import Work
from bookingd.sandbox.stripe.calls import amounts, methods
from bookingd.sandbox.stripe.calls.answers import OF_INTENT, expand, of_intent
from bookingd.sandbox.stripe.params import Params
from bookingd.sandbox.stripe.records import Answer, ConfirmationToken, PaymentIntent, PaymentMethod

CAPTURE_METHODS = ("automatic", "automatic_async", "manual")
USAGES = ("off_session", "on_session")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Confirmation:
    """What a payment is to be confirmed with."""

    method: str | None
    token: str | None
    return_url: str | None
    usage: str | None
    off_session: bool

    @property
    def has_method(self) -> bool:
        return self.method is not None or self.token is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Collected:
    """A payment, what it is paid with, and the token that this came in."""

    intent: PaymentIntent
    method: PaymentMethod
    token: ConfirmationToken | None = None


def create(work: Work, _id: str, given: Params) -> Answer:
    wish = _confirmation(given)
    intent, confirm, paths = _new(work, given, wish)
    if not confirm:
        return _unconfirmed(work, intent, wish, paths)
    if not wish.has_method:
        raise faults.missing("payment_method")
    collected = _collected(work, intent, wish)
    customers.require_usable(collected.intent, collected.method)
    payments.create(work, replace(collected.intent, status="requires_confirmation"))
    return of_intent(work, _confirmed(work, collected, off_session=wish.off_session), paths)


def _confirmation(given: Params) -> _Confirmation:
    wish = _Confirmation(
        method=given.text("payment_method"),
        token=given.text("confirmation_token"),
        return_url=given.text("return_url"),
        usage=given.one_of("setup_future_usage", USAGES, None),
        off_session=given.one_of("off_session", ("true", "false", "one_off", "recurring"), "false")
        != "false",
    )
    if wish.off_session and wish.usage is not None:
        raise faults.invalid(
            "You cannot set `setup_future_usage` for a payment that is made `off_session`.",
            param="setup_future_usage",
        )
    return wish


def _new(work: Work, given: Params, wish: _Confirmation) -> tuple[PaymentIntent, bool, tuple[str, ...]]:
    amount, currency = amounts.read(given)
    automatic = given.group("automatic_payment_methods")
    intent_id = work.new_id("pi")
    intent = PaymentIntent(
        id=intent_id,
        amount=amount,
        currency=currency,
        created=work.now,
        capture_method=given.one_of("capture_method", CAPTURE_METHODS, "automatic_async") or "",
        client_secret=f"{intent_id}_secret_{work.secret()}",
        status="requires_payment_method",
        metadata=given.metadata(),
        automatic_methods=automatic is not None and automatic.flag("enabled"),
        description=given.text("description"),
        receipt_email=given.text("receipt_email"),
        statement_descriptor=given.text("statement_descriptor", limit=22),
        statement_descriptor_suffix=given.text("statement_descriptor_suffix", limit=22),
        return_url=wish.return_url,
        customer=_customer(work, given),
        setup_future_usage=wish.usage,
    )
    check_types(given)
    confirm, paths = given.flag("confirm"), expand(given, OF_INTENT)
    given.done()
    _check_confirmation(wish, confirm=confirm)
    return intent, confirm, paths


def _customer(work: Work, given: Params) -> str | None:
    customer_id = given.text("customer")
    return None if customer_id is None else customers.of(work, customer_id, status=400).id


def _check_confirmation(wish: _Confirmation, *, confirm: bool) -> None:
    """Some parameters make sense only where the payment is confirmed at once."""
    given = {
        "return_url": wish.return_url is not None,
        "confirmation_token": wish.token is not None,
        "off_session": wish.off_session,
    }
    for name, is_given in given.items():
        if is_given and not confirm:
            raise faults.invalid(f"{name} can only be given with confirm=true.", param=name)


def check_types(given: Params) -> None:
    """Cards, and the wallets that hold them, are all that the stand-in takes."""
    types = given.texts("payment_method_types")
    if any(each != "card" for each in types):
        raise faults.invalid("This stand-in takes cards only.", param="payment_method_types")


def _unconfirmed(work: Work, intent: PaymentIntent, wish: _Confirmation, paths: tuple[str, ...]) -> Answer:
    if wish.method is not None:
        method = methods.of(work, wish.method)
        customers.require_usable(intent, method)
        intent = replace(intent, status="requires_confirmation", payment_method=method.id)
    return of_intent(work, payments.create(work, intent), paths)


def _collected(work: Work, intent: PaymentIntent, wish: _Confirmation) -> _Collected:
    """The payment with what was collected for it. What the call says itself comes before the token."""
    if wish.token is None:
        return _Collected(intent=intent, method=methods.of(work, wish.method or ""))
    token = methods.unused_token(work, wish.token, intent)
    intent = replace(
        intent,
        return_url=intent.return_url or token.return_url,
        setup_future_usage=intent.setup_future_usage or token.setup_future_usage,
    )
    method = token.method if wish.method is None else methods.of(work, wish.method)
    return _Collected(intent=intent, method=method, token=token)


def _confirmed(work: Work, collected: _Collected, *, off_session: bool) -> PaymentIntent:
    if collected.token is not None:
        work.put(collected.method)
        work.put(replace(collected.token, intent=collected.intent.id))
    return payments.confirm(work, collected.intent, collected.method, off_session=off_session)


def confirm(work: Work, intent_id: str, given: Params) -> Answer:
    intent = of(work, intent_id)
    wish, paths = _confirmation(given), expand(given, OF_INTENT)
    given.done()
    settling.require(intent, settling.CONFIRMABLE, "confirmed")
    if not wish.has_method:
        wish = dataclasses.replace(wish, method=intent.payment_method)
    if not wish.has_method:
        raise faults.missing("payment_method")
    intent = replace(
        intent,
        return_url=wish.return_url or intent.return_url,
        setup_future_usage=wish.usage or intent.setup_future_usage,
    )
    collected = _collected(work, intent, wish)
    return of_intent(work, _confirmed(work, collected, off_session=wish.off_session), paths)


def capture(work: Work, intent_id: str, given: Params) -> Answer:
    intent = of(work, intent_id)
    amount, paths = given.integer("amount_to_capture"), expand(given, OF_INTENT)
    given.done()
    return of_intent(work, settling.capture(work, intent, amount), paths)


def cancel(work: Work, intent_id: str, given: Params) -> Answer:
    intent = of(work, intent_id)
    reasons = ("duplicate", "fraudulent", "requested_by_customer", "abandoned")
    reason, paths = given.one_of("cancellation_reason", reasons, None), expand(given, OF_INTENT)
    given.done()
    return of_intent(work, settling.cancel(work, intent, reason), paths)


def read(work: Work, intent_id: str, given: Params) -> Answer:
    given.text("client_secret")
    paths = expand(given, OF_INTENT)
    given.done()
    return of_intent(work, of(work, intent_id), paths)


def of(work: Work, intent_id: str) -> PaymentIntent:
    """The payment of the path."""
    intent = work.account.intents.get(intent_id)
    if intent is None:
        raise faults.no_such("payment_intent", intent_id, param="intent")
    return intent
