"""The page on which a buyer approves an order, where the vendor's own page would be.

How it looks is told in `bookingd.sandbox.pages`.
"""

from html import escape
from string import Template

from bookingd.sandbox import pages
from bookingd.sandbox.paypal import buyers
from bookingd.sandbox.paypal.amounts import text
from bookingd.sandbox.paypal.records import Money, Order, Unit

_WALLET = """<svg width="28" height="28" viewBox="0 0 28 28" fill="none" aria-hidden="true"><path
d="M4 8.5A2.5 2.5 0 0 1 6.5 6H21v4" stroke="currentColor" stroke-width="2" stroke-linejoin="round"/><rect
x="4" y="9" width="21" height="14" rx="2.5" stroke="currentColor" stroke-width="2"/>
<circle cx="20" cy="16" r="1.6"
fill="currentColor"/></svg>"""

_QUESTION = Template("""<h1>Pay $merchant</h1>
<p class="lead">$lead</p>
$wrong<dl>
$rows
<div><dt>Total</dt><dd class="amount">$total</dd></div>
</dl>
<form method="post">
<label>Your e-mail address
<input type="email" name="email" value="$email" maxlength="250" autocomplete="off" required></label>
<fieldset><legend>Pay with</legend>
$first
<details><summary>More ways, to see what happens then</summary>
<fieldset>
$others
</fieldset></details></fieldset>
<div class="pair">
<button class="yes" name="decision" value="approve">$approve</button>
<button class="no" name="decision" value="cancel" formnovalidate>Cancel</button>
</div>
</form>""")

_CHOICE = Template("""<label class="choice"><input type="radio" name="instrument" value="$tag"$checked>
<span>$name<small>$does</small></span></label>""")

_NAMES = {
    buyers.GOOD: "Balance",
    "declined": "A declined instrument",
    "review": "A payment in review",
}
_FIRST = (buyers.GOOD, "declined", "review")

_OVER = Template("""<h1>Nothing left to approve</h1>
<p class="lead">This payment has been dealt with, or its time is over. You can close this page.</p>$back""")


def question(order: Order, *, wrong: str, email: str) -> str:
    """The page that asks; its form is sent to its own address. `wrong` says what was, if anything."""
    total = sum(unit.amount.units for unit in order.units)
    shown = _QUESTION.substitute(
        merchant=escape(order.brand or "the merchant"),
        lead="You approve it here; the merchant takes the money." if order.intent == "AUTHORIZE" else "",
        wrong=f'<p class="problem" role="alert">{escape(wrong)}</p>\n' if wrong else "",
        rows="\n".join(_rows(unit) for unit in order.units),
        total=_sum(Money(order.units[0].amount.currency, total)),
        email=escape(email),
        first="\n".join(_choice(tag) for tag in _FIRST),
        others="\n".join(_choice(tag) for tag in buyers.INSTRUMENTS if tag not in _FIRST),
        approve="Pay now" if order.pay_now else "Approve",
    )
    return _page(f"Pay {escape(order.brand or 'the merchant')}", shown)


def over(order: Order | None) -> str:
    """The page for who comes when all is done, and has nowhere to go back to."""
    url = None if order is None else order.cancel_url
    back = f'\n<p><a href="{escape(url)}">Back to the merchant</a></p>' if url else ""
    return _page("Nothing left to approve", _OVER.substitute(back=back))


def _page(title: str, content: str) -> str:
    return pages.frame(
        title=f"{title} · Sandbox PayPal",
        note="A stand-in for PayPal: no money moves.",
        brand=f"{_WALLET}PayPal, sandbox",
        content=content,
    )


def _rows(unit: Unit) -> str:
    purpose = unit.description or unit.invoice_id or unit.custom_id or "Your order"
    rows = [f"<div><dt>For</dt><dd>{escape(purpose)}</dd></div>"]
    for name, part in unit.breakdown.items():
        label = name.replace("_", " ").capitalize()
        rows.append(f"<div><dt>{label}</dt><dd>{_sum(part)}</dd></div>")
    return "\n".join(rows)


def _choice(tag: str) -> str:
    name = _NAMES.get(tag, tag.replace("_", " ").capitalize())
    checked = " checked" if tag == buyers.GOOD else ""
    return _CHOICE.substitute(tag=tag, name=name, does=escape(buyers.INSTRUMENTS[tag]), checked=checked)


def _sum(money: Money) -> str:
    whole, _, decimals = text(money.currency, money.units).partition(".")
    grouped = f"{int(whole):,}"
    return f"{grouped}.{decimals} {money.currency}" if decimals else f"{grouped} {money.currency}"
