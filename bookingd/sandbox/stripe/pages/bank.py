"""The page on which a payer of the stand-in proves who they are, where a bank's own page would be."""

from html import escape
from string import Template

from bookingd.sandbox.stripe.pages.frame import framed, money
from bookingd.sandbox.stripe.records import Card, PaymentIntent

_QUESTION = Template("""<h1>Confirm your payment</h1>
<p class="lead">Choose how the check by your bank ends.</p>
<dl>
<div><dt>Amount</dt><dd class="amount">$amount</dd></div>
<div><dt>For</dt><dd>$purpose</dd></div>
<div><dt>Card</dt><dd>$card</dd></div>
</dl>
<form method="post" class="choice">
<button class="yes" name="outcome" value="complete" autofocus>Complete</button>
<button class="no" name="outcome" value="fail">Fail</button>
</form>""")

_OVER = """<h1>Nothing left to confirm</h1>
<p class="lead">This payment has been dealt with. You can close this page.</p>"""


def question(intent: PaymentIntent, card: Card) -> str:
    """The page that asks; its form is sent to its own address."""
    reference = intent.metadata.get("booking_reference")
    return _framed(
        _QUESTION.substitute(
            amount=escape(money(intent.amount, intent.currency)),
            purpose=escape(f"Booking {reference}" if reference else intent.description or "Your order"),
            card=f"{escape(card.brand.capitalize())} ending in {escape(card.last4)}",
        )
    )


def over() -> str:
    """The page for who comes when all is done, and has nowhere to go back to."""
    return _framed(_OVER)


def _framed(content: str) -> str:
    return framed(
        title="Confirm your payment",
        badge="3-D Secure",
        stands_for="A stand-in for your bank",
        content=content,
    )
