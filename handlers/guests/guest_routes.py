"""The addresses by which guests come back to bookings, and accounts take them over."""

from handlers.booking_views import Bookings
from handlers.guests import access, access_page, claims
from handlers.guests.guest_requests import Again, AskForAccess, CodeForm, ShowCode, TakeOver
from handlers.guests.guest_views import AccessAsked, AccessOpened, TakenOver
from handlers.operations import BODY_PROBLEMS, Access, Operation, Route
from handlers.requests import Page

FORM_PROBLEMS = ("bad-request", "cross-site", "body-too-large", "media-type", "not-found")
TAG = "Coming back"

GUEST_ROUTES = (
    Route(
        method="POST",
        path="/v1/bookings/{reference}/access",
        handler=access.ask_for_access,
        operation=Operation(
            summary="Have a code sent that opens a booking",
            tag=TAG,
            access=Access.ANYBODY,
            description=(
                "To the address that the booking was made with. The answer is the same whether there is such"
                " a booking, whether the address is its own, or neither. `not-found` says that no reference"
                " has that form."
            ),
            body=AskForAccess,
            answers={202: AccessAsked},
            problems=("not-found", "too-many-attempts", *BODY_PROBLEMS),
        ),
    ),
    Route(
        method="POST",
        path="/v1/bookings/{reference}/access/confirmations",
        handler=access.show_code,
        operation=Operation(
            summary="Open a booking by the code",
            tag=TAG,
            access=Access.ANYBODY,
            description=(
                "A code is good once, for ten minutes and five tries. Browsers get the token as a cookie too,"
                " which scripts cannot read and which goes to this booking's addresses only."
            ),
            body=ShowCode,
            answers={200: AccessOpened},
            problems=("access-refused", "not-found", "too-many-attempts", *BODY_PROBLEMS),
        ),
    ),
    Route(
        method="GET",
        path="/v1/bookings/{reference}/access-page",
        handler=access_page.access_page,
        operation=Operation(
            summary="Open a booking without a script",
            tag=TAG,
            access=Access.ANYBODY,
            description="Two forms, one after the other: the address, then the code.",
            query=Again,
            answers={200: "text/html"},
            problems=("not-found", "invalid-fields"),
        ),
    ),
    Route(
        method="POST",
        path="/v1/bookings/{reference}/access-page",
        handler=access_page.ask_by_form,
        operation=Operation(
            summary="Send the form with the address",
            tag=TAG,
            access=Access.ANYBODY,
            description="Goes on to where the code is typed in; or shows the page again, with what is wrong.",
            form=AskForAccess,
            answers={303: None, 422: "text/html", 429: "text/html"},
            problems=FORM_PROBLEMS,
        ),
    ),
    Route(
        method="POST",
        path="/v1/bookings/{reference}/access-page/confirmations",
        handler=access_page.show_code_by_form,
        operation=Operation(
            summary="Send the form with the code",
            tag=TAG,
            access=Access.ANYBODY,
            description="Goes on to the booking; or shows the page again, with what is wrong.",
            form=CodeForm,
            answers={303: None, 403: "text/html", 422: "text/html", 429: "text/html"},
            problems=FORM_PROBLEMS,
        ),
    ),
    Route(
        method="POST",
        path="/v1/bookings/{reference}/claims",
        handler=claims.take_over,
        operation=Operation(
            summary="Take a booking over",
            tag=TAG,
            access=Access.ACCOUNT,
            description=(
                "A guest's booking that was made with the address of the account: from then on it is the"
                " account's. No token is needed, and none is enough. Asking again does nothing."
            ),
            body=TakeOver,
            answers={200: TakenOver},
            problems=("not-found", *BODY_PROBLEMS),
        ),
    ),
    Route(
        method="GET",
        path="/v1/me/claimable-bookings",
        handler=claims.claimable,
        operation=Operation(
            summary="Which bookings you may take over",
            tag=TAG,
            access=Access.ACCOUNT,
            query=Page,
            answers={200: Bookings},
            problems=("invalid-fields",),
        ),
    ),
)
