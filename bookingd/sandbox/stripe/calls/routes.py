"""Every call that the stand-in takes: its address, its name in misbehaviour switches, and who may make it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bookingd.sandbox.stripe.calls import intents, lists, methods, people, returns, sessions, troubles
from bookingd.sandbox.stripe.calls.answers import Operation
from bookingd.sandbox.stripe.calls.lists import List


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A call: its name in misbehaviour switches, what it does, and whether a browser may make it."""

    name: str
    do: Operation
    publishable: bool = False


POSTS: Mapping[str, Route] = MappingProxyType(
    {
        "/v1/payment_intents": Route(name="authorise", do=intents.create),
        "/v1/payment_intents/{id}/confirm": Route(name="confirm", do=intents.confirm),
        "/v1/payment_intents/{id}/capture": Route(name="capture", do=intents.capture),
        "/v1/payment_intents/{id}/cancel": Route(name="cancel", do=intents.cancel),
        "/v1/payment_methods": Route(name="payment_method", do=methods.create, publishable=True),
        "/v1/payment_methods/{id}/attach": Route(name="attach", do=methods.attach),
        "/v1/payment_methods/{id}/detach": Route(name="detach", do=methods.detach),
        "/v1/confirmation_tokens": Route(name="payment_method", do=methods.create_token, publishable=True),
        "/v1/test_helpers/confirmation_tokens": Route(name="payment_method", do=methods.create_test_token),
        "/v1/customers": Route(name="customer", do=people.create),
        "/v1/customers/{id}": Route(name="customer", do=people.update),
        "/v1/refunds": Route(name="refund", do=returns.create),
        "/v1/checkout/sessions": Route(name="authorise", do=sessions.create),
        "/v1/checkout/sessions/{id}/expire": Route(name="cancel", do=sessions.expire),
        "/v1/disputes/{id}": Route(name="dispute", do=troubles.update_dispute),
        "/v1/disputes/{id}/close": Route(name="dispute", do=troubles.close_dispute),
        "/v1/reviews/{id}/approve": Route(name="review", do=troubles.approve_review),
    }
)

DELETES: Mapping[str, Route] = MappingProxyType(
    {"/v1/customers/{id}": Route(name="customer", do=people.delete)}
)

GETS: Mapping[str, Route] = MappingProxyType(
    {
        "/v1/payment_intents/{id}": Route(name="retrieve", do=intents.read, publishable=True),
        "/v1/payment_methods/{id}": Route(name="retrieve", do=methods.read),
        "/v1/confirmation_tokens/{id}": Route(name="retrieve", do=methods.read_token),
        "/v1/customers/{id}": Route(name="retrieve", do=people.read),
        "/v1/refunds/{id}": Route(name="retrieve", do=returns.read),
        "/v1/charges/{id}": Route(name="retrieve", do=returns.read_charge),
        "/v1/balance_transactions/{id}": Route(name="retrieve", do=returns.read_movement),
        "/v1/checkout/sessions/{id}": Route(name="retrieve", do=sessions.read),
        "/v1/disputes/{id}": Route(name="retrieve", do=troubles.read_dispute),
        "/v1/reviews/{id}": Route(name="retrieve", do=troubles.read_review),
    }
)

LISTS: Mapping[str, List] = MappingProxyType(
    {
        "/v1/payment_intents": lists.payment_intents,
        "/v1/charges": lists.charges,
        "/v1/refunds": lists.refunds,
        "/v1/events": lists.events,
        "/v1/customers": lists.customers,
        "/v1/customers/{id}/payment_methods": lists.payment_methods,
        "/v1/payment_methods": lists.payment_methods,
        "/v1/checkout/sessions": lists.sessions,
        "/v1/disputes": lists.disputes,
        "/v1/reviews": lists.reviews,
        "/v1/balance_transactions": lists.movements,
    }
)
