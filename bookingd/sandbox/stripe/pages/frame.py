"""What all pages of the stand-in have around them.

The one rule: a page works without script, with a keyboard, and says at first sight that no money moves.
"""

from string import Template

# The vendor's currencies that have no minor unit in amounts; thousandths are shown as such.
_WHOLE = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split())
_THOUSANDTHS = frozenset("bhd jod kwd omr tnd".split())

_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>$title · Sandbox</title>
<style>
:root { color-scheme: light dark; --ink: #14213d; --soft: #55617a; --paper: #fff; --ground: #eef2f8;
        --line: #d5dcea; --accent: #1849c6; --accent-ink: #fff; --note: #fff4d6; --note-ink: #5c4400; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #eef2fb; --soft: #a9b4cc; --paper: #172036; --ground: #0c1222; --line: #2d3a58;
          --accent: #8fb1ff; --accent-ink: #0c1222; --note: #3b3012; --note-ink: #ffe3a1; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.25rem;
       background: var(--ground); color: var(--ink);
       font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { width: 100%; max-width: 27rem; background: var(--paper); border: 1px solid var(--line);
       border-radius: 1rem; overflow: hidden; box-shadow: 0 1.2rem 3rem rgb(20 33 61 / 12%); }
.note { margin: 0; padding: .65rem 1.5rem; background: var(--note); color: var(--note-ink);
        font-size: .875rem; text-wrap: balance; }
.inside { padding: 1.5rem; }
.bank { display: flex; align-items: center; gap: .6rem; margin: 0 0 1.25rem; color: var(--soft);
        font-weight: 600; }
h1 { margin: 0 0 .35rem; font-size: 1.4rem; line-height: 1.25; }
.lead { margin: 0 0 1.25rem; color: var(--soft); }
dl { margin: 0 0 1.5rem; border-block: 1px solid var(--line); }
dl div { display: flex; align-items: baseline; justify-content: space-between; gap: 1rem; padding: .6rem 0; }
dl div + div { border-top: 1px solid var(--line); }
dt { color: var(--soft); }
dd { margin: 0; text-align: right; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
dd.amount { font-weight: 700; font-size: 1.15rem; }
form { display: grid; gap: .75rem; }
fieldset { border: 0; margin: 0; padding: 0; display: grid; gap: .75rem; }
label { display: grid; gap: .25rem; font-size: .875rem; color: var(--soft); }
label.choice { display: flex; align-items: center; gap: .6rem; font-size: 1rem; color: var(--ink);
               padding: .6rem .75rem; border: 1px solid var(--line); border-radius: .6rem; }
input { font: inherit; }
input[type=text], input[type=email] { width: 100%; padding: .6rem .75rem; border-radius: .6rem;
        border: 1px solid var(--line); background: var(--ground); color: var(--ink); min-height: 2.75rem; }
input:focus-visible { outline: 3px solid var(--accent); outline-offset: 1px; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem; }
.problem { margin: 0 0 1rem; padding: .65rem .9rem; border-radius: .6rem; background: var(--note);
           color: var(--note-ink); }
a.no { color: var(--accent); text-align: center; padding: .6rem; }
button { font: inherit; font-weight: 600; min-height: 3rem; padding: .6rem 1rem; border-radius: .6rem;
         border: 1px solid var(--accent); cursor: pointer; }
button.yes { background: var(--accent); color: var(--accent-ink); }
button.no { background: transparent; color: var(--accent); }
button:hover { filter: brightness(1.08); }
button:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; }
@media (min-width: 30rem) { form.choice { grid-template-columns: 1fr 1fr; } .inside { padding: 2rem; }
  .note { padding-inline: 2rem; } }
</style>
</head>
<body>
<main>
<p class="note"><strong>Sandbox.</strong> $stands_for: no money moves.</p>
<div class="inside">
<p class="bank"><svg width="28" height="28" viewBox="0 0 28 28" fill="none" aria-hidden="true"><path
d="M14 2 25 6v7c0 7-4.6 11.2-11 13C7.6 24.2 3 20 3 13V6Z" stroke="currentColor" stroke-width="2"
stroke-linejoin="round"/><path d="m9 14 3.5 3.5L19.5 10.5" stroke="currentColor" stroke-width="2"
stroke-linecap="round" stroke-linejoin="round"/></svg>$badge</p>
$content
</div>
</main>
</body>
</html>
""")


def framed(*, title: str, badge: str, stands_for: str, content: str) -> str:
    """A whole page; `content` is HTML, the rest is text of ours."""
    return _PAGE.substitute(title=title, badge=badge, stands_for=stands_for, content=content)


def money(amount: int, currency: str) -> str:
    """An amount in the vendor's units, for people."""
    decimals = 0 if currency in _WHOLE else 3 if currency in _THOUSANDTHS else 2
    return f"{amount / 10**decimals:,.{decimals}f} {currency.upper()}"
