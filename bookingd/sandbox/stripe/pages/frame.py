"""What all pages of the stand-in have around them; how they look is told in `bookingd.sandbox.pages`."""

from bookingd.sandbox import pages

# The vendor's currencies that have no minor unit in amounts; thousandths are shown as such.
_WHOLE = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split())
_THOUSANDTHS = frozenset("bhd jod kwd omr tnd".split())

_SHIELD = """<svg width="28" height="28" viewBox="0 0 28 28" fill="none" aria-hidden="true"><path
d="M14 2 25 6v7c0 7-4.6 11.2-11 13C7.6 24.2 3 20 3 13V6Z" stroke="currentColor" stroke-width="2"
stroke-linejoin="round"/><path d="m9 14 3.5 3.5L19.5 10.5" stroke="currentColor" stroke-width="2"
stroke-linecap="round" stroke-linejoin="round"/></svg>"""


def framed(*, title: str, badge: str, stands_for: str, content: str) -> str:
    """A whole page; `content` is HTML, the rest is text of ours."""
    return pages.frame(
        title=f"{title} · Sandbox",
        note=f"{stands_for}: no money moves.",
        brand=f"{_SHIELD}{badge}",
        content=content,
    )


def money(amount: int, currency: str) -> str:
    """An amount in the vendor's units, for people."""
    decimals = 0 if currency in _WHOLE else 3 if currency in _THOUSANDTHS else 2
    return f"{amount / 10**decimals:,.{decimals}f} {currency.upper()}"
