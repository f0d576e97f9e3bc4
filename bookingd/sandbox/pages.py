"""What the stand-ins' pages have in common: how they look, and what a browser may do on them.

The one rule: a page works without script, with a keyboard, and says at first sight that no money moves.
"""

import base64
import hashlib
from collections.abc import Mapping
from string import Template
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from aiohttp import web

_STYLE = """
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
.brand { display: flex; align-items: center; gap: .6rem; margin: 0 0 1.25rem; color: var(--soft);
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
details { margin: 0; }
summary { padding: .5rem 0; color: var(--accent); font-weight: 600; cursor: pointer; }
summary:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
label.choice small { display: block; color: var(--soft); }
label.choice:has(:checked) { border-color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent); }
legend { padding: 0; margin: 0 0 .5rem; color: var(--soft); font-weight: 600; }
button:hover { filter: brightness(1.08); }
button:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; }
@media (min-width: 30rem) { form.choice { grid-template-columns: 1fr 1fr; } .inside { padding: 2rem; }
  .note { padding-inline: 2rem; } }
"""

_FRAME = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>$title</title>
<style>$style</style>
</head>
<body>
<main>
<p class="note"><strong>Sandbox.</strong> $note</p>
<div class="inside">
<p class="brand">$brand</p>
$content
</div>
</main>
</body>
</html>
""")

_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; frame-ancestors 'none'"


def frame(*, title: str, note: str, brand: str, content: str) -> str:
    """A page; all four are HTML."""
    return _FRAME.substitute(title=title, note=note, brand=brand, content=content, style=_STYLE)


def respond(text: str, *, policy: str = POLICY, status: int = 200) -> web.Response:
    """Send a page; its address may hold a secret, which is told to nobody and kept nowhere."""
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
    return web.Response(text=text, content_type="text/html", headers=headers, status=status)


def going_to(*urls: str | None) -> str:
    """The policy of a page whose form leads to this server, which then sends the browser on to one of `urls`:
    browsers apply form-action to where an answer redirects, too.
    """
    targets = ["'self'", *sorted({_origin(url) for url in urls if url})]
    return f"{POLICY}; form-action {' '.join(targets)}"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def with_query(url: str, values: Mapping[str, str]) -> str:
    """`url` with more in its query."""
    parts = urlsplit(url)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *values.items()])
    return urlunsplit(parts._replace(query=query))
