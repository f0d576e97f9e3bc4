"""Calls about payment methods, and about the tokens that the Payment Element makes of them.

The one rule: a card's number is read here and goes no further.
"""

from typing import Any

from msgspec.structs import replace

from bookingd.sandbox.stripe import cards, customers, faults, wishes
from bookingd.sandbox.stripe.account import Work
from bookingd.sandbox.stripe.calls.answers import NOTHING, expand
from bookingd.sandbox.stripe.params import Params
from bookingd.sandbox.stripe.records import (
    TOKENS_LAST,
    Answer,
    Card,
    ConfirmationToken,
    PaymentIntent,
    PaymentMethod,
)

WALLETS = ("apple_pay", "google_pay", "link")
USAGES = ("off_session", "on_session")


def of(work: Work, token: str) -> PaymentMethod:
    """The payment method of this id, or a new one where the id is one of the magic tokens."""
    known = work.account.methods.get(token)
    if known is not None:
        return known
    method = _magic(work, token)
    work.put(method)
    return method


def _magic(work: Work, token: str) -> PaymentMethod:
    return PaymentMethod(
        id=work.new_id("pm"),
        created=work.now,
        card=_magic_card(work, token),
        billing_details=_billing({}),
        misbehave=wishes.wish_of(token),
    )


def _magic_card(work: Work, token: str) -> Card:
    code = wishes.decline_of(token)
    if wishes.wish_of(token) is not None:
        return cards.good(work.at)
    if code in cards.MESSAGES:
        return replace(cards.good(work.at), decline=code)
    card = cards.by_token(token, work.at)
    if card is None:
        raise faults.no_such("PaymentMethod", token, param="payment_method", status=400)
    return card


def create(work: Work, _id: str, given: Params) -> Answer:
    method, paths = described(work, given), expand(given, NOTHING)
    given.done()
    work.put(method)
    return Answer(thing=method, expand=paths)


def described(work: Work, given: Params) -> PaymentMethod:
    """A payment method by what is printed on a card. Raises the vendor's error for what cannot be right."""
    given.one_of("type", ("card",), None) or given.required("type")
    printed = given.group("card")
    if printed is None:
        raise faults.missing("card")
    given.one_of("allow_redisplay", ("always", "limited", "unspecified"), None)
    return PaymentMethod(
        id=work.new_id("pm"),
        created=work.now,
        card=_card(work, printed),
        billing_details=_billing(given.raw("billing_details")),
        metadata=given.metadata(),
    )


def _card(work: Work, printed: Params) -> Card:
    """`wallet` is how our own Payment Element says where the card came from; merchants cannot say it."""
    number, cvc = printed.required("number"), printed.text("cvc")
    month, year = _required_integer(printed, "exp_month"), _required_integer(printed, "exp_year")
    wallet = printed.one_of("wallet", WALLETS, None)
    printed.done()
    return replace(cards.read(number, month, year, cvc, work.at), wallet=wallet)


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


def read(work: Work, method_id: str, given: Params) -> Answer:
    given.done()
    return Answer(thing=_known(work, method_id))


def _known(work: Work, method_id: str, param: str = "payment_method") -> PaymentMethod:
    method = work.account.methods.get(method_id)
    if method is None:
        raise faults.no_such("PaymentMethod", method_id, param=param)
    return method


def attach(work: Work, method_id: str, given: Params) -> Answer:
    customer = customers.of(work, given.required("customer"))
    given.done()
    return Answer(thing=customers.attach(work, of(work, method_id), customer.id))


def detach(work: Work, method_id: str, given: Params) -> Answer:
    given.done()
    return Answer(thing=customers.detach(work, _known(work, method_id)))


def create_token(work: Work, _id: str, given: Params) -> Answer:
    """What Stripe.js asks for when a payer is done with the Payment Element."""
    data = given.group("payment_method_data")
    if data is None:
        raise faults.missing("payment_method_data")
    method = described(work, data)
    data.done()
    return _token(work, method, given)


def create_test_token(work: Work, _id: str, given: Params) -> Answer:
    """The vendor's helper for tests, which takes a magic payment method too."""
    token = given.text("payment_method")
    if token is None:
        return create_token(work, _id, given)
    known = work.account.methods.get(token)
    method = _magic(work, token) if known is None else replace(known, id=work.new_id("pm"), customer=None)
    return _token(work, method, given)


def _token(work: Work, method: PaymentMethod, given: Params) -> Answer:
    token = ConfirmationToken(
        id=work.new_id("ctoken"),
        created=work.now,
        method=method,
        return_url=given.text("return_url"),
        setup_future_usage=given.one_of("setup_future_usage", USAGES, None),
    )
    given.done()
    work.put(token)
    return Answer(thing=token)


def read_token(work: Work, token_id: str, given: Params) -> Answer:
    given.done()
    return Answer(thing=_token_of(work, token_id, status=404))


def _token_of(work: Work, token_id: str, *, status: int) -> ConfirmationToken:
    token = work.account.tokens.get(token_id)
    if token is None:
        raise faults.no_such("confirmation_token", token_id, param="confirmation_token", status=status)
    return token


def unused_token(work: Work, token_id: str, intent: PaymentIntent) -> ConfirmationToken:
    """The token, which can be used once, for twelve hours. Raises the vendor's error."""
    token = _token_of(work, token_id, status=400)
    if token.intent is not None:
        raise faults.invalid(
            f"The confirmation token {token_id} has already been used.", param="confirmation_token"
        )
    if token.created + TOKENS_LAST <= work.now:
        raise faults.invalid(f"The confirmation token {token_id} has expired.", param="confirmation_token")
    wanted = intent.setup_future_usage
    if token.setup_future_usage not in {None, wanted} and wanted is not None:
        raise faults.invalid(
            "The setup_future_usage of the confirmation token differs from the PaymentIntent's.",
            param="setup_future_usage",
        )
    return token
