"""The caught mail in a browser: a list, and one mail as text and as HTML.

Its one rule: a mail is a stranger's page. Its HTML is shown in a sandboxed frame of an origin of its own,
without scripts, forms or anything loaded from elsewhere; what we write around it is escaped.
"""

from email.message import EmailMessage
from pathlib import Path

from aiohttp import web
from jinja2 import DictLoader, Environment

from bookingd.sandbox.mail import list_mail, read_mail, read_source

_STYLE = """
:root { color-scheme: light dark; --line: #d5dbe3; --soft: #f4f6f9; --faint: #5a6779; --accent: #0b57d0 }
@media (prefers-color-scheme: dark) {
  :root { --line: #39424f; --soft: #1d232c; --faint: #9aa7b8; --accent: #8ab4f8 }
}
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1.5rem 1rem }
a { color: var(--accent) }
h1 { font-size: 1.4rem; margin: 0 0 1rem; overflow-wrap: anywhere }
ol { list-style: none; margin: 0; padding: 0 }
li a { border-bottom: 1px solid var(--line); color: inherit; display: block; padding: .75rem .5rem;
  text-decoration: none }
li a:hover, li a:focus { background: var(--soft) }
.faint, dt { color: var(--faint) }
.faint { font-size: .875rem; overflow-wrap: anywhere }
.again { background: #b3261e; border-radius: 1rem; color: #fff; font-size: .75rem; padding: .1rem .5rem }
dl { display: grid; gap: .25rem 1rem; grid-template-columns: max-content 1fr }
dd { margin: 0; overflow-wrap: anywhere }
iframe { background: #fff; border: 1px solid var(--line); border-radius: .5rem; height: 200vh; width: 100% }
pre { background: var(--soft); border-radius: .5rem; overflow-x: auto; padding: 1rem; white-space: pre-wrap }
"""

_PAGES = {
    "page": """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{% block title %}{% endblock %}</title><style>{{ style }}</style></head>
<body>{% block body %}{% endblock %}</body></html>""",
    "list": """{% extends "page" %}{% block title %}Caught mail{% endblock %}
{% block body %}<h1>Caught mail</h1>
{% if mails %}<ol>{% for mail in mails %}<li><a href="{{ base }}/{{ mail.name }}">
<strong>{{ mail.subject or "(no subject)" }}</strong>
{% if mail.repeats %}<span class="again">repeat {{ mail.repeats }}</span>{% endif %}<br>
<span class="faint">to {{ mail.recipients | join(", ") }} at
{{ mail.received_at.strftime("%Y-%m-%d %H:%M:%S") }} UTC</span></a></li>
{% endfor %}</ol>{% else %}<p>No mail yet. What bookingd sends is kept here; nothing leaves this host.</p>
{% endif %}{% endblock %}""",
    "mail": """{% extends "page" %}{% block title %}{{ mail["Subject"] }}{% endblock %}
{% block body %}<p><a href="{{ base }}">All mail</a></p><h1>{{ mail["Subject"] }}</h1>
<dl>{% for name in ("From", "To", "Reply-To", "Date", "Message-ID") if mail[name] %}
<dt>{{ name }}</dt><dd>{{ mail[name] }}</dd>{% endfor %}</dl>
{% if html %}<p><a href="{{ base }}/{{ name }}/html">Open alone</a></p>
<iframe title="The mail as HTML" src="{{ base }}/{{ name }}/html"
sandbox="allow-popups allow-popups-to-escape-sandbox"></iframe>{% endif %}
<h2>Text</h2><pre>{{ text }}</pre>
<p><a href="{{ base }}/{{ name }}/source">Source</a></p>{% endblock %}""",
}

# Styles within the page only; the frame may hold nothing but this site.
_OURS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

# The mail itself: also sandboxed when it is opened outside its frame.
_THEIRS = _OURS | {
    "Content-Security-Policy": (
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; "
        "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )
}


class _View:
    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._pages = Environment(loader=DictLoader(_PAGES), autoescape=True)

    async def list(self, request: web.Request) -> web.Response:
        """Newest first."""
        mails = await list_mail(self._directory)
        return self._page("list", mails=mails[::-1], base=request.path.rstrip("/"))

    async def mail(self, request: web.Request) -> web.Response:
        """One mail."""
        name = request.match_info["name"]
        mail = await self._found(name)
        return self._page(
            "mail",
            mail=mail,
            name=name,
            base=request.path.removesuffix(f"/{name}"),
            text=_part(mail, "plain"),
            html=_part(mail, "html"),
        )

    async def html(self, request: web.Request) -> web.Response:
        """The HTML of one mail, for the frame."""
        mail = await self._found(request.match_info["name"])
        return web.Response(text=_part(mail, "html"), content_type="text/html", headers=_THEIRS)

    async def source(self, request: web.Request) -> web.Response:
        """One mail as it came."""
        octets = await read_source(self._directory, request.match_info["name"])
        if octets is None:
            raise web.HTTPNotFound
        text = octets.decode(errors="replace")
        return web.Response(text=text, content_type="text/plain", headers=_OURS)

    async def _found(self, name: str) -> EmailMessage:
        mail = await read_mail(self._directory, name)
        if mail is None:
            raise web.HTTPNotFound
        return mail

    def _page(self, page: str, **values: object) -> web.Response:
        text = self._pages.get_template(page).render(style=_STYLE, **values)
        return web.Response(text=text, content_type="text/html", headers=_OURS)


def _part(mail: EmailMessage, subtype: str) -> str:
    """The mail's body of that kind; empty where it has none."""
    body = mail.get_body((subtype,))
    if not isinstance(body, EmailMessage):
        return ""
    content = body.get_content()
    return content if isinstance(content, str) else ""


def mail_view(directory: Path) -> web.Application:
    """An application to be mounted with `add_subapp("/mail", ...)`."""
    view = _View(directory)
    app = web.Application()
    app.router.add_get("", view.list)
    app.router.add_get("/", view.list)
    app.router.add_get("/{name}", view.mail)
    app.router.add_get("/{name}/html", view.html)
    app.router.add_get("/{name}/source", view.source)
    return app
