"""The Payment Element: a script for the merchant's page, and the frame of ours that it opens there.

The one rule: what is typed stays in the frame; the merchant's page gets a confirmation token of it.
"""

from functools import cache
from importlib.resources import files

POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'unsafe-inline';"
    " form-action 'none'; base-uri 'none'"
)
"""Of the frame, which any page may open."""


@cache
def script() -> str:
    """What a merchant's page loads; it finds the frame beside itself."""
    return _file("stripe.js")


@cache
def frame() -> str:
    return _file("element.html")


@cache
def frame_script() -> str:
    return _file("element.js")


def _file(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")
