"""PayPal: the payer approves at PayPal's own page, then we have it hold the money, and take it later.

The one rule: retries are ours, and reading decides. Every POST carries the intent's id as its
PayPal-Request-Id, for which PayPal does a thing once; what became of a call that was not answered is read
from the order.

An order is the payment. What comes of it (authorisation, capture) has ids of its own, so the reference grows:
`ORDER`, `ORDER/AUTHORISATION`, `ORDER/AUTHORISATION/CAPTURE`; any of them finds the newest.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bookingd.domain.ids import IntentId, PaymentId
from bookingd.domain.money import Money
from bookingd.gateways import paypal_orders as orders
from bookingd.gateways import paypal_requests as requests
from bookingd.gateways.paypal_amounts import theirs
from bookingd.gateways.paypal_books import PayPalBooks
from bookingd.gateways.paypal_certificates import LARGEST_CHAIN, Certificates, signers_at
from bookingd.gateways.paypal_notices import Event, refuse_old, transmission
from bookingd.gateways.paypal_orders import Picture, Reference, Thing
from bookingd.gateways.paypal_outcomes import DECLINES
from bookingd.gateways.paypal_wire import PayPalWire, at, understood
from bookingd.gateways.port import (
    Authorisation,
    Dispute,
    GatewayNotice,
    GatewayPayment,
    GatewayStatus,
    InvalidNotice,
    Posting,
    Refund,
)
from bookingd.outcomes import Refused, Unavailable, UnknownOutcome
from bookingd.sources import Clock

ORDERS = "/v2/checkout/orders"
AUTHORISATIONS = "/v2/payments/authorizations"
CAPTURES = "/v2/payments/captures"


class PayPalGateway:
    """The port `bookingd.gateways.port.Gateway` over PayPal's Orders v2 and Payments v2."""

    name = "paypal"

    def __init__(
        self,
        *,
        base_url: str,
        client_id: str,
        client_secret: str,
        webhook_id: str,
        anchors: Callable[[], bytes],
        clock: Clock,
        merchant_id: str = "",
        brand: str = "",
        transaction_search: bool = True,
        timeout: float = 20.0,
        connect_timeout: float = 5.0,
    ) -> None:
        """`anchors` reads the trust anchors (PEM) of the certificates that PayPal signs webhooks with;
        `merchant_id` is whose events are taken, of all that webhook's where it is empty. Timeouts in seconds.
        """
        self._wire = PayPalWire(
            base_url=base_url,
            client_id=client_id,
            client_secret=client_secret,
            clock=clock,
            timeout=timeout,
            connect_timeout=connect_timeout,
        )
        self._certificates = Certificates(
            signers_at(base_url), anchors=anchors, fetch=self._fetch_certificate, clock=clock
        )
        self._webhook_id = webhook_id
        self._merchant_id = merchant_id
        self._brand = brand
        self._books = PayPalBooks(self._wire, search=transaction_search)
        self._clock = clock

    def __repr__(self) -> str:
        return "PayPalGateway()"

    @property
    def base_url(self) -> str:
        """Where it is called."""
        return self._wire.base_url

    async def close(self) -> None:
        """Close the connections."""
        await self._wire.close()

    # What moves a payment on

    async def authorise(self, request: Authorisation, *, key: IntentId) -> GatewayPayment:
        """Create an order; its payer decides at `action_url`."""
        requests.check(request)
        wish = requests.order(request, self._brand)
        async with self._wire.within("authorise", deed=True):
            made = await self._wire.do("authorise", ORDERS, wish, key=key)
            return await self._payment_of("authorise", made)

    async def complete(self, gateway_reference: str, *, key: IntentId) -> GatewayPayment:
        """Have the money of an approved order held. What the payer is the reason of is a decline."""
        reference = Reference.parse(gateway_reference)
        async with self._wire.within("complete", deed=True):
            try:
                made = await self._wire.do("complete", f"{_order(reference)}/authorize", key=key)
            except Refused as refused:
                return await self._not_completed(reference, refused)
            return await self._payment_of("complete", made)

    async def _not_completed(self, reference: Reference, refused: Refused) -> GatewayPayment:
        """A call that is late is answered by how things are; a payer who must act again has a page again."""
        if refused.code not in {"order_already_authorized", "payer_action_required", *DECLINES}:
            raise refused
        payment = _payment("complete", await self._seen_after("complete", reference), deed=True)
        reason = DECLINES.get(refused.code)
        if reason is None:
            return payment
        return replace(payment, status=GatewayStatus.DECLINED, decline_reason=reason, action_url=None)

    async def reauthorise(self, gateway_reference: str, *, amount: Money, key: IntentId) -> GatewayPayment:
        """Have the money held anew, under a new id. PayPal does so once, from the fourth day on."""
        reference, wish = Reference.parse(gateway_reference), {"amount": theirs(amount)}
        async with self._wire.within("reauthorise", deed=True):
            held = await self._held(reference)
            made = await self._wire.do("reauthorise", f"{held}/reauthorize", wish, key=key)
            seen = await self._seen_after("reauthorise", reference, authorisation=made)
            return _payment("reauthorise", seen, deed=True)

    async def capture(self, gateway_reference: str, *, amount: Money, key: IntentId) -> GatewayPayment:
        """Take the amount; what PayPal declines at once is refused, what it makes wait is pending."""
        reference = Reference.parse(gateway_reference)
        wish = {"amount": theirs(amount), "final_capture": True}
        async with self._wire.within("capture", deed=True):
            held = await self._held(reference)
            made = await self._wire.do("capture", f"{held}/capture", wish, key=key)
            if made.get("status") in orders.NOT_TAKEN:
                raise Refused("capture_declined", f"PayPal made capture {made.get('id')} and declined it")
            seen = await self._seen_after("capture", reference, capture=made)
            return _payment("capture", seen, deed=True)

    async def void(self, gateway_reference: str, *, key: IntentId) -> GatewayPayment:
        """Let go of what is held. An order that is not authorised holds nothing, and PayPal has no call to
        end it: it lapses within hours, and nobody but us could have its money held.
        """
        reference = Reference.parse(gateway_reference)
        async with self._wire.within("void", deed=True):
            seen = await self._seen("void", reference)
            payment = _payment("void", seen, deed=False)
            if seen.authorisation is None:
                return replace(payment, status=GatewayStatus.VOIDED, action_url=None)
            if seen.voidable is None:
                return payment
            await self._wire.do("void", f"{at(AUTHORISATIONS, seen.voidable['id'])}/void", key=key)
            return _payment("void", await self._seen_after("void", reference), deed=True)

    async def refund(self, gateway_reference: str, *, amount: Money, key: IntentId) -> Refund:
        """Give back a part of the newest capture."""
        reference, wish = Reference.parse(gateway_reference), {"amount": theirs(amount)}
        async with self._wire.within("refund", deed=True):
            seen = await self._seen("refund", reference)
            capture = seen.reference.capture
            if not capture:
                raise Refused("not_captured", "there is nothing that could be given back")
            note = orders.note_of_refund(orders.payment_id(seen.unit), key)
            path = f"{at(CAPTURES, capture)}/refund"
            made = await self._wire.do("refund", path, {**wish, "custom_id": note}, key=key)
            return understood("refund", orders.refund, made, deed=True)

    # What reads

    async def retrieve(self, gateway_reference: str) -> GatewayPayment:
        async with self._wire.within("retrieve", deed=False):
            seen = await self._seen("retrieve", Reference.parse(gateway_reference))
            return _payment("retrieve", seen, deed=False)

    async def find(self, payment_id: PaymentId, *, since: datetime) -> GatewayPayment | None:
        """PayPal knows no search for orders, and none is needed: an order whose id never came to us has no
        payer, since nobody was told its page. It lapses within hours; the same intent's call again is
        answered with the same order for as long.
        """
        return None

    async def find_refund(self, gateway_reference: str, *, key: IntentId) -> Refund | None:
        async with self._wire.within("find_refund", deed=False):
            seen = await self._seen("find_refund", Reference.parse(gateway_reference))
        found = next((one for one in seen.refunds if orders.is_refund_of(one, key)), None)
        return None if found is None else understood("find_refund", orders.refund, found, deed=False)

    async def forget(self, gateway_reference: str, *, key: IntentId) -> None:
        """Nothing is kept here."""

    async def disputes(self, gateway_reference: str) -> Sequence[Dispute]:
        """Raises Refused('not_permitted') where the app lacks the permission for disputes."""
        async with self._wire.within("disputes", deed=False):
            seen = await self._seen("disputes", Reference.parse(gateway_reference))
            return [one for capture in seen.captures for one in await self._books.disputes(capture["id"])]

    def statement(self, *, since: datetime, until: datetime) -> AsyncIterator[Posting]:
        """PayPal's transactions of this account; it takes up to three hours until one is in there.

        Raises Refused('not_supported') where `paypal.transaction_search` is off, and Refused('not_permitted')
        where PayPal says that it should be.
        """
        return self._books.statement(since=since, until=until)

    # Webhooks

    async def read_notice(self, headers: Mapping[str, str], body: bytes) -> GatewayNotice | None:
        """Verify the signature with PayPal's certificate, and its age with our own clock."""
        if not self._webhook_id:
            raise InvalidNotice("paypal.webhook_id is not set")
        sent = transmission(headers)
        refuse_old(sent, self._clock.now())
        await self._certificates.check(sent, body, webhook_id=self._webhook_id)
        event = Event(body)
        if not event.is_followed:
            return None
        if self._merchant_id and event.merchants - {self._merchant_id}:
            raise InvalidNotice("signed, but about another merchant's money", reason="foreign_account")
        return event.notice(event.payment_id or await self._disputed(event))

    async def _disputed(self, event: Event) -> PaymentId | None:
        """The payment that a dispute is about, where only PayPal's id of its capture is told."""
        if event.disputed_capture is None:
            return None
        async with self._wire.within("retrieve", deed=False):
            try:
                capture = await self._wire.read("retrieve", at(CAPTURES, event.disputed_capture))
            except Refused:
                return None
        return orders.payment_id(capture)

    async def _fetch_certificate(self, url: str) -> bytes:
        return await self._wire.fetch(url, most=LARGEST_CHAIN)

    # What they share

    async def _held(self, reference: Reference) -> str:
        """Where the newest authorisation is. Raises Refused('not_authorised')."""
        known = reference.authorisation or (await self._seen("retrieve", reference)).reference.authorisation
        if not known:
            raise Refused("not_authorised", "the payer has not approved, or nothing was held since")
        return at(AUTHORISATIONS, known)

    async def _seen(self, operation: str, reference: Reference) -> Picture:
        """The order, and what we know of besides."""
        order = await self._wire.read(operation, _order(reference))
        seen = understood(operation, orders.picture, order, deed=False)
        missing = seen.lacks(reference)
        if missing.authorisation:
            found = await self._wire.read(operation, at(AUTHORISATIONS, missing.authorisation))
            seen = seen.beside(authorisation=found)
        if missing.capture:
            seen = seen.beside(capture=await self._wire.read(operation, at(CAPTURES, missing.capture)))
        return seen

    async def _seen_after(
        self,
        operation: str,
        reference: Reference,
        *,
        authorisation: Thing | None = None,
        capture: Thing | None = None,
    ) -> Picture:
        """The same after a deed, with what it made: what cannot be read then is not known."""
        try:
            seen = await self._seen(operation, reference)
        except (Refused, Unavailable) as error:
            raise UnknownOutcome(f"{operation}: done, and not to be read ({error})") from error
        return seen.beside(authorisation=authorisation, capture=capture)

    async def _payment_of(self, operation: str, made: Thing) -> GatewayPayment:
        """What PayPal answered, where that is the whole order, as we ask it to be."""
        if orders.is_whole(made):
            return _payment(operation, understood(operation, orders.picture, made, deed=True), deed=True)
        order = understood(operation, lambda thing: str(thing["id"]), made, deed=True)
        return _payment(operation, await self._seen_after(operation, Reference(order)), deed=True)


def _order(reference: Reference) -> str:
    return at(ORDERS, reference.order)


def _payment(operation: str, seen: Picture, *, deed: bool) -> GatewayPayment:
    return understood(operation, orders.payment, seen, deed=deed)
