"""The addresses of sessions and accounts."""

from handlers.accounts import sessions
from handlers.accounts.account_requests import Refresh
from handlers.operations import BODY_PROBLEMS, Access, Operation, Route
from handlers.session_views import OpenSessions, Session

SESSIONS = "Sessions"

ACCOUNT_ROUTES = (
    Route(
        method="POST",
        path="/v1/sessions/refresh",
        handler=sessions.refresh,
        operation=Operation(
            summary="Get the next token",
            tag=SESSIONS,
            access=Access.PUBLIC,
            description=(
                "A refresh token is good once and gives the next one. Shown a second time it ends the"
                " session, since somebody may have copied it."
            ),
            body=Refresh,
            answers={200: Session},
            problems=("session-required", *BODY_PROBLEMS),
        ),
    ),
    Route(
        method="GET",
        path="/v1/sessions",
        handler=sessions.list_sessions,
        operation=Operation(
            summary="Where you are signed in",
            tag=SESSIONS,
            access=Access.ACCOUNT,
            answers={200: OpenSessions},
        ),
    ),
    Route(
        method="DELETE",
        path="/v1/sessions",
        handler=sessions.end_others,
        operation=Operation(
            summary="Sign out everywhere else",
            tag=SESSIONS,
            access=Access.ACCOUNT,
            description="All sessions of the account end, but for the one that asks.",
            answers={204: None},
            problems=("cross-site",),
        ),
    ),
    Route(
        method="DELETE",
        path="/v1/sessions/current",
        handler=sessions.sign_out,
        operation=Operation(
            summary="Sign out",
            tag=SESSIONS,
            access=Access.ANYBODY,
            answers={204: None},
            problems=("cross-site",),
        ),
    ),
    Route(
        method="DELETE",
        path="/v1/sessions/{session_id}",
        handler=sessions.end_session,
        operation=Operation(
            summary="Sign out somewhere else",
            tag=SESSIONS,
            access=Access.ACCOUNT,
            answers={204: None},
            problems=("cross-site", "not-found"),
        ),
    ),
)
