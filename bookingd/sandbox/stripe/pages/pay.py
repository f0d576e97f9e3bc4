"""Checkout's page: what is paid, and a form for a card or a wallet."""

from html import escape
from string import Template

from bookingd.sandbox.stripe.pages.frame import framed, money
from bookingd.sandbox.stripe.records import CheckoutSession

_FORM = Template("""<h1>$title</h1>
<dl><div><dt>Amount</dt><dd class="amount">$amount</dd></div></dl>
$problem
<form method="post">
<fieldset>
<legend hidden>How to pay</legend>
<label class="choice"><input type="radio" name="wallet" value="" checked>Card</label>
<label>Card number<input type="text" name="number" inputmode="numeric" autocomplete="cc-number"
placeholder="4242 4242 4242 4242"></label>
<div class="pair">
<label>Expiry<input type="text" name="expiry" inputmode="numeric" autocomplete="cc-exp"
placeholder="12/34"></label>
<label>Security code<input type="text" name="cvc" inputmode="numeric" autocomplete="cc-csc"
placeholder="123"></label>
</div>
<label>Name on card<input type="text" name="name" autocomplete="cc-name"></label>
<label class="choice"><input type="radio" name="wallet" value="apple_pay">Apple Pay</label>
<label class="choice"><input type="radio" name="wallet" value="google_pay">Google Pay</label>
<label class="choice"><input type="radio" name="wallet" value="link">Link</label>
</fieldset>
<button class="yes">Pay $amount</button>
$back
</form>""")

_OVER = Template("""<h1>$title</h1>
<p class="lead">$told</p>
$back""")


def form(session: CheckoutSession, *, told: str | None = None) -> str:
    """The page that takes a card; `told` says what was wrong with the last one."""
    problem = "" if told is None else f'<p class="problem" role="alert">{escape(told)}</p>'
    return _framed(
        _FORM.substitute(
            title=escape(session.title),
            amount=escape(money(session.amount, session.currency)),
            problem=problem,
            back=_back(session),
        )
    )


def over(session: CheckoutSession) -> str:
    """The page of a session that takes nothing any more."""
    paid = session.status == "complete"
    told = "This has been paid." if paid else "This page's time is over: nothing was paid."
    return _framed(_OVER.substitute(title=escape(session.title), told=told, back=_back(session)))


def _back(session: CheckoutSession) -> str:
    if session.cancel_url is None:
        return ""
    return f'<a class="no" href="{escape(session.cancel_url, quote=True)}">Back to the shop</a>'


def _framed(content: str) -> str:
    return framed(
        title="Checkout", badge="Checkout", stands_for="A stand-in for Stripe Checkout", content=content
    )
