"""One function a call: parameters in the vendor's words taken apart, the payment's rules applied, an answer.

The one rule: parameters are read to the end before anything is changed.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from msgspec.structs import replace

from bookingd.sandbox.misbehaviour import How
from bookingd.sandbox.stripe import cards, faults, payments
from bookingd.sandbox.stripe.account import Work
from bookingd.sandbox.stripe.params import Params
from bookingd.sandbox.stripe.records import Answer, Charge, PaymentIntent, PaymentMethod, Refund

Operation: TypeAlias = Callable[[Work, str, Params], Answer]
"""What a call does: the work to do it in, the id in its path ("" where there is none), its parameters."""

LARGEST = 99_999_999
"""The vendor's limit: eight digits."""

# docs.stripe.com/currencies, "Minimum and maximum charge amounts"; the currencies that a demonstration meets.
_SMALLEST = {"usd": 50, "eur": 50, "gbp": 30, "jpy": 50, "chf": 50, "cad": 50, "aud": 50}
_LAST_DIGIT_ZERO = frozenset("bhd jod kwd omr tnd".split())
_WHOLE_HUNDREDS = frozenset({"isk", "ugx"})

_TOKEN = "pm_sandbox_"  # noqa: S105 - the beginning of a name, nothing secret
_MISBEHAVING = ("authorise", "capture", "cancel", "refund")


def misbehaving_token(how: How, operation: str) -> str:
    """The payment method whose `operation` goes wrong: `pm_sandbox_timeout_after_authorise`."""
    return f"{_TOKEN}{how.removesuffix('_deed')}_{operation}"


_WISHES = {
    misbehaving_token(how, operation): (operation, str(how)) for how in How for operation in _MISBEHAVING
}


def wish_of(token: object) -> tuple[str, str] | None:
    """The operation that is to go wrong with this token, and how."""
    return _WISHES.get(token) if isinstance(token, str) else None


def create_payment_intent(work: Work, _id: str, given: Params) -> Answer:
    intent, token, confirm, expand = _new_intent(work, given)
    method = None if token is None else _method(work, token)
    if method is not None:
        intent = replace(intent, status="requires_confirmation", payment_method=method.id)
    intent = payments.create(work, intent)
    if confirm and method is not None:
        intent = payments.confirm(work, intent, method)
    return _intent_answer(work, intent, expand)


def _new_intent(work: Work, given: Params) -> tuple[PaymentIntent, str | None, bool, tuple[str, ...]]:
    amount, currency = _amount(given), _currency(given)
    _check_amount(amount, currency)
    automatic = given.group("automatic_payment_methods")
    intent_id = work.new_id("pi")
    intent = PaymentIntent(
        id=intent_id,
        amount=amount,
        currency=currency,
        created=work.now,
        capture_method=given.one_of(
            "capture_method", ("automatic", "automatic_async", "manual"), "automatic_async"
        )
        or "",
        client_secret=f"{intent_id}_secret_{work.secret()}",
        status="requires_payment_method",
        metadata=given.metadata(),
        automatic_methods=automatic is not None and automatic.flag("enabled"),
        description=given.text("description"),
        receipt_email=given.text("receipt_email"),
        statement_descriptor=given.text("statement_descriptor", limit=22),
        statement_descriptor_suffix=given.text("statement_descriptor_suffix", limit=22),
        return_url=given.text("return_url"),
    )
    _check_types(given)
    token, confirm, expand = given.text("payment_method"), given.flag("confirm"), _expand(given, _OF_INTENT)
    given.done()
    if confirm and token is None:
        raise faults.missing("payment_method")
    if intent.return_url is not None and not confirm:
        raise faults.invalid("A return_url can only be given with confirm=true.", param="return_url")
    return intent, token, confirm, expand


def _amount(given: Params) -> int:
    amount = given.integer("amount")
    if amount is None:
        raise faults.missing("amount")
    return amount


def _currency(given: Params) -> str:
    currency = given.required("currency").lower()
    if len(currency) != 3 or not currency.isalpha() or not currency.isascii():
        raise faults.invalid(f"Invalid currency: {currency}.", param="currency")
    return currency


def _check_amount(amount: int, currency: str) -> None:
    if amount < 1:
        raise faults.invalid("Invalid positive integer", param="amount", code="parameter_invalid_integer")
    if amount > LARGEST:
        raise faults.invalid(
            "Amount must be no more than $999,999.99", param="amount", code="amount_too_large"
        )
    if amount < _SMALLEST.get(currency, 1):
        raise faults.invalid(
            f"Amount must be at least {_SMALLEST[currency]} {currency}",
            param="amount",
            code="amount_too_small",
        )
    uneven = (currency in _LAST_DIGIT_ZERO and amount % 10) or (currency in _WHOLE_HUNDREDS and amount % 100)
    if uneven:
        raise faults.invalid(f"Invalid amount for {currency}: {amount}", param="amount")


def _check_types(given: Params) -> None:
    types = given.texts("payment_method_types")
    if any(each != "card" for each in types):
        raise faults.invalid("This stand-in takes cards only.", param="payment_method_types")


def _method(work: Work, token: str) -> PaymentMethod:
    """The payment method of this id, or a new one where the id is one of the magic tokens."""
    known = work.account.methods.get(token)
    if known is not None:
        return known
    wish = wish_of(token)
    card = cards.good(work.at) if wish else cards.by_token(token, work.at)
    if card is None:
        raise faults.no_such("PaymentMethod", token, param="payment_method", status=400)
    method = PaymentMethod(
        id=work.new_id("pm"), created=work.now, card=card, billing_details=_billing({}), misbehave=wish
    )
    work.put(method)
    return method


def confirm_payment_intent(work: Work, intent_id: str, given: Params) -> Answer:
    intent = intent_of(work, intent_id)
    token, return_url = given.text("payment_method"), given.text("return_url")
    expand = _expand(given, _OF_INTENT)
    given.done()
    payments.require(intent, payments.CONFIRMABLE, "confirmed")
    token = token or intent.payment_method
    if token is None:
        raise faults.missing("payment_method")
    intent = replace(intent, return_url=return_url or intent.return_url)
    return _intent_answer(work, payments.confirm(work, intent, _method(work, token)), expand)


def capture_payment_intent(work: Work, intent_id: str, given: Params) -> Answer:
    intent = intent_of(work, intent_id)
    amount, expand = given.integer("amount_to_capture"), _expand(given, _OF_INTENT)
    given.done()
    return _intent_answer(work, payments.capture(work, intent, amount), expand)


def cancel_payment_intent(work: Work, intent_id: str, given: Params) -> Answer:
    intent = intent_of(work, intent_id)
    reasons = ("duplicate", "fraudulent", "requested_by_customer", "abandoned")
    reason, expand = given.one_of("cancellation_reason", reasons, None), _expand(given, _OF_INTENT)
    given.done()
    return _intent_answer(work, payments.cancel(work, intent, reason), expand)


def create_payment_method(work: Work, _id: str, given: Params) -> Answer:
    given.one_of("type", ("card",), None) or given.required("type")
    printed = given.group("card")
    if printed is None:
        raise faults.missing("card")
    number, cvc = printed.required("number"), printed.text("cvc")
    month, year = _required_integer(printed, "exp_month"), _required_integer(printed, "exp_year")
    printed.done()
    billing, metadata, expand = given.raw("billing_details"), given.metadata(), _expand(given, frozenset())
    given.done()
    method = PaymentMethod(
        id=work.new_id("pm"),
        created=work.now,
        card=cards.read(number, month, year, cvc, work.at),
        billing_details=_billing(billing),
        metadata=metadata,
    )
    work.put(method)
    return Answer(thing=method, expand=expand)


def _required_integer(given: Params, name: str) -> int:
    value = given.integer(name)
    if value is None:
        raise faults.missing(name)
    return value


def _billing(given: dict[str, Any]) -> dict[str, object]:
    given_address = given.get("address")
    address = given_address if isinstance(given_address, dict) else {}
    return {
        "address": {
            name: address.get(name) for name in ("city", "country", "line1", "line2", "postal_code", "state")
        },
        **{name: given.get(name) for name in ("email", "name", "phone")},
    }


def create_refund(work: Work, _id: str, given: Params) -> Answer:
    charge = _refundable(work, given.text("payment_intent"), given.text("charge"))
    amount, metadata = given.integer("amount"), given.metadata()
    reason = given.one_of("reason", ("duplicate", "fraudulent", "requested_by_customer"), None)
    expand = _expand(given, _OF_REFUND)
    given.done()
    return _refund_answer(work, payments.refund(work, charge, amount, reason, metadata), expand)


def _refundable(work: Work, intent_id: str | None, charge_id: str | None) -> Charge:
    if intent_id is None and charge_id is None:
        raise faults.invalid("One of the following params should be provided: payment_intent or charge.")
    if intent_id is not None:
        intent = work.account.intents.get(intent_id)
        if intent is None:
            raise faults.no_such("payment_intent", intent_id, param="payment_intent")
        charge_id = intent.latest_charge
        if charge_id is None:
            raise faults.Fault(400, payments.nothing_to_refund(intent.id))
    charge = work.account.charges.get(charge_id or "")
    if charge is None:
        raise faults.no_such("charge", charge_id or "", param="charge")
    return charge


def read_payment_intent(work: Work, intent_id: str, given: Params) -> Answer:
    given.text("client_secret")
    expand = _expand(given, _OF_INTENT)
    given.done()
    return _intent_answer(work, intent_of(work, intent_id), expand)


def read_refund(work: Work, refund_id: str, given: Params) -> Answer:
    expand = _expand(given, _OF_REFUND)
    given.done()
    refund = work.account.refunds.get(refund_id)
    if refund is None:
        raise faults.no_such("refund", refund_id, param="id")
    return _refund_answer(work, refund, expand)


def read_charge(work: Work, charge_id: str, given: Params) -> Answer:
    expand = _expand(given, frozenset({"payment_intent"}))
    given.done()
    charge = work.account.charges.get(charge_id)
    if charge is None:
        raise faults.no_such("charge", charge_id, param="id")
    return Answer(thing=charge, expand=expand, intent=work.account.intents[charge.intent])


def read_payment_method(work: Work, method_id: str, given: Params) -> Answer:
    given.done()
    method = work.account.methods.get(method_id)
    if method is None:
        raise faults.no_such("PaymentMethod", method_id, param="payment_method")
    return Answer(thing=method)


def intent_of(work: Work, intent_id: str) -> PaymentIntent:
    """The payment of the path."""
    intent = work.account.intents.get(intent_id)
    if intent is None:
        raise faults.no_such("payment_intent", intent_id, param="intent")
    return intent


_OF_INTENT = frozenset({"latest_charge", "payment_method"})
_OF_REFUND = frozenset({"charge", "payment_intent"})


def _expand(given: Params, allowed: frozenset[str]) -> tuple[str, ...]:
    paths = given.texts("expand")
    for path in paths:
        if path not in allowed:
            raise faults.invalid(f"This property cannot be expanded ({path}).", param="expand")
    return paths


def _intent_answer(work: Work, intent: PaymentIntent, expand: tuple[str, ...]) -> Answer:
    charge = work.account.charges.get(intent.latest_charge or "") if "latest_charge" in expand else None
    method = work.account.methods.get(intent.payment_method or "") if "payment_method" in expand else None
    return Answer(thing=intent, expand=expand, charge=charge, method=method)


def _refund_answer(work: Work, refund: Refund, expand: tuple[str, ...]) -> Answer:
    charge = work.account.charges[refund.charge] if "charge" in expand else None
    intent = work.account.intents[refund.intent] if "payment_intent" in expand else None
    return Answer(thing=refund, expand=expand, charge=charge, intent=intent)
