"""Who calls: the merchant's client id and secret for a token, the token for everything else."""

import base64
import hashlib
import hmac
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from bookingd.sandbox.paypal.account import Work
from bookingd.sandbox.paypal.records import Token
from bookingd.sandbox.paypal.terms import Terms

_SCOPE = (
    "https://uri.paypal.com/services/checkout/one-click-with-merchant-issued-token"
    " https://uri.paypal.com/services/payments/payment/authcapture"
    " https://uri.paypal.com/services/payments/refund https://uri.paypal.com/services/applications/webhooks"
    " https://uri.paypal.com/services/disputes/read-seller"
    " https://uri.paypal.com/services/reporting/search/read"
)
_APP = "APP-80W284485P519543T"
"""The application of all sandboxes, in the vendor's examples."""


def is_client(request: web.Request, client_id: str, client_secret: str) -> bool:
    """Whether the header of Basic authentication has this pair."""
    pair = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
    given = request.headers.get("Authorization", "")
    return hmac.compare_digest(given.encode(), f"Basic {pair}".encode())


def grant(work: Work, body: str, terms: Terms) -> tuple[int, dict[str, Any]]:
    """Status and body of the answer to who asks for a token."""
    kind = dict(parse_qsl(body)).get("grant_type")
    if kind is None:
        return 400, {"error": "invalid_request", "error_description": "Grant Type is missing"}
    if kind != "client_credentials":
        return 400, {"error": "unsupported_grant_type", "error_description": "Grant Type is NULL"}
    secret = f"A21AA{work.secret()}"
    work.put(Token(digest=_digest(secret), expires=work.now + terms.token_lasts))
    return 200, {
        "scope": _SCOPE,
        "access_token": secret,
        "token_type": "Bearer",
        "app_id": _APP,
        "expires_in": int(terms.token_lasts.total_seconds()),
        "nonce": f"{work.now:%Y-%m-%dT%H:%M:%SZ}{secret[-16:]}",
    }


def refusal() -> dict[str, str]:
    """The body for a wrong client id or secret."""
    return {"error": "invalid_client", "error_description": "Client Authentication failed"}


def is_valid(work: Work, request: web.Request) -> bool:
    """Whether the request bears a token that is still good."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    token = work.account.tokens.get(_digest(secret)) if scheme == "Bearer" else None
    return token is not None and token.expires > work.now


def _digest(secret: str) -> str:
    return hashlib.blake2b(secret.encode(), digest_size=16).hexdigest()
