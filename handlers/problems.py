"""Every sort of problem that a client can be told; its slug is the end of its type and never changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A sort of problem: its page says what it means and what to do."""

    slug: str
    status: int
    title: str
    advice: str


def _kind(status: int, slug: str, title: str, advice: str) -> Kind:
    return Kind(slug=slug, status=status, title=title, advice=advice)


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        kind.slug: kind
        for kind in (
            _kind(
                400,
                "malformed-json",
                "The body is not JSON",
                "Send one JSON object, encoded in UTF-8. The detail names the place where reading stopped.",
            ),
            _kind(
                400,
                "bad-request",
                "The request cannot be read",
                "Compare the request with the description of this API.",
            ),
            _kind(
                400,
                "bad-signature",
                "The signature is not valid",
                "Webhooks are taken only with a valid, recent signature of their gateway.",
            ),
            _kind(
                401,
                "session-required",
                "A session is needed",
                "Open one with POST /v1/sessions and send its token as 'Authorization: Bearer ...'.",
            ),
            _kind(
                401,
                "sign-in-failed",
                "You are not signed in",
                "Look at the address and the password, or have the password replaced with POST"
                " /v1/password-resets.",
            ),
            _kind(
                403,
                "cross-site",
                "The request comes from another site",
                "Browsers may change something here only from pages of this very site. Programs need neither"
                " an Origin nor a cookie: they send a bearer token.",
            ),
            _kind(
                403,
                "not-allowed",
                "This is not for you",
                "Sign in with an account, or use a key, that may do this.",
            ),
            _kind(
                403,
                "second-factor-needed",
                "This needs a second factor",
                "Set one up under /v1/me/second-factor, then sign in with it.",
            ),
            _kind(
                403,
                "sign-in-again",
                "This needs a fresh sign-in",
                "Sign in again with POST /v1/sessions, then repeat the request.",
            ),
            _kind(
                403,
                "access-refused",
                "This does not open the booking",
                "Look at the code again; after five tries, or ten minutes, have another one sent with POST"
                " /v1/bookings/{reference}/access.",
            ),
            _kind(
                404,
                "not-found",
                "There is nothing here",
                "Either there is no such thing, or it is not yours to see; we do not tell which."
                " For a booking, send the session that made it, or its token in the header Booking-Token.",
            ),
            _kind(
                405,
                "method-not-allowed",
                "This cannot be done here",
                "The header Allow names the methods that this address knows.",
            ),
            _kind(
                408,
                "slow-request",
                "The request did not come in time",
                "Nothing was done. Send it again on a new connection, with the same Idempotency-Key.",
            ),
            _kind(
                409,
                "request-running",
                "The same request is being worked on",
                "Send it again a little later, with the same Idempotency-Key: you get its answer.",
            ),
            _kind(
                409,
                "booking-state",
                "The booking does not allow this now",
                "The detail says where the booking stands and what can be done instead.",
            ),
            _kind(
                409,
                "no-exchange-rate",
                "There is no exchange rate for this",
                "Offers in another currency than the supplier's are sold at rates of the last days only."
                " Search again: there may be a newer rate, and what is in the supplier's currency is sold as"
                " ever.",
            ),
            _kind(
                409,
                "sold-out",
                "The seats are sold",
                "Search again; or try again a little later, with the same Idempotency-Key: what others only"
                " hold may come back. Nothing was held or charged.",
            ),
            _kind(
                409,
                "trips-ahead",
                "The account is needed still",
                "The detail names the bookings. Call them off, or wait until they are over and everything is"
                " paid or given back; then the account can be forgotten.",
            ),
            _kind(
                409,
                "last-factor",
                "This account must keep a second factor",
                "Set up another one first, then this one can go.",
            ),
            _kind(
                409,
                "on-oneself",
                "Nobody does this to their own account",
                "Ask somebody else who may do it.",
            ),
            _kind(
                409,
                "last-administrator",
                "One administrator must be left",
                "Make somebody else an administrator first.",
            ),
            _kind(
                409,
                "factor-needed",
                "This account has no second factor",
                "Set up an authenticator app, or add a passkey.",
            ),
            _kind(
                409,
                "limit-reached",
                "There are as many as there can be",
                "The detail names the limit. Remove one that is not needed any more.",
            ),
            _kind(
                409,
                "already-recorded",
                "This was recorded before",
                "Each proof is recorded once: look at what it was recorded for.",
            ),
            _kind(
                409,
                "address-taken",
                "This address has an account",
                "Sign in with it, or have its password replaced with POST /v1/password-resets.",
            ),
            _kind(
                409,
                "password-needed",
                "This account has no password",
                "Have a link sent that sets one: POST /v1/password-resets.",
            ),
            _kind(
                410,
                "link-spent",
                "This link is not good any more",
                "A link of ours is good once, and for a while. Ask for a new one as for this one.",
            ),
            _kind(
                410,
                "offer-expired",
                "The offer has expired",
                "Search again: prices and seats may have changed. Nothing was held or charged.",
            ),
            _kind(
                412,
                "precondition-failed",
                "It was changed meanwhile",
                "Read it again, look at what is new, and send the change with the ETag that it has now.",
            ),
            _kind(
                413,
                "body-too-large",
                "The body is too large",
                "Send less; the detail names the limit.",
            ),
            _kind(
                414,
                "query-too-long",
                "The query string is too long",
                "Send less; the detail names the limit.",
            ),
            _kind(
                415,
                "media-type",
                "The body has the wrong media type",
                "Send the Content-Type that the detail names, mostly application/json; no Content-Encoding.",
            ),
            _kind(
                422,
                "invalid-fields",
                "Some fields are not right",
                "Every entry of 'errors' names a field, says what is wrong and often what would be right."
                " Nothing was done.",
            ),
            _kind(
                422,
                "key-reused",
                "The Idempotency-Key was used for another request",
                "Use a new key for every new request, and the same key only to repeat the same one.",
            ),
            _kind(
                428,
                "precondition-required",
                "Say which version you change",
                "Read it first, and send the ETag of the answer in the header If-Match: so nobody overwrites"
                " what somebody else has just changed.",
            ),
            _kind(
                429,
                "too-many-attempts",
                "There were too many wrong tries",
                "Wait as long as Retry-After says. Nobody is locked out.",
            ),
            _kind(
                429,
                "too-many-payments",
                "There were too many attempts to pay",
                "Nothing was charged by this one. Wait as long as Retry-After says. Attempts that succeed are"
                " not counted.",
            ),
            _kind(
                429,
                "too-many-searches",
                "There were too many searches",
                "Wait as long as Retry-After says. What was found lately can be filtered, sorted and looked"
                " through meanwhile; an account may have more searches made.",
            ),
            _kind(
                426,
                "upgrade-required",
                "This is a WebSocket",
                "Connect with a WebSocket client.",
            ),
            _kind(
                500,
                "unexpected",
                "Something went wrong on our side",
                "Tell the operator the correlation id. With an Idempotency-Key it is safe to try again.",
            ),
            _kind(
                500,
                "sealed-unreadable",
                "What is kept encrypted cannot be read",
                "The key that it was encrypted with is missing: tell the operator the correlation id.",
            ),
            _kind(
                503,
                "unavailable",
                "The service is not available for the moment",
                "Send the request again after the time in Retry-After, with the same Idempotency-Key:"
                " it is done once.",
            ),
            _kind(
                503,
                "busy",
                "The request took too long",
                "It may still be done: learn it by sending it again with the same Idempotency-Key.",
            ),
            _kind(
                504,
                "search-late",
                "Nobody answered the search in time",
                "Send it again after the time in Retry-After.",
            ),
        )
    }
)
