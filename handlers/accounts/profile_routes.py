"""The addresses of what an account keeps."""

from handlers.accounts import profile
from handlers.accounts.profile_requests import ProfileChange
from handlers.operations import Access, Operation, Route

BODY_PROBLEMS = ("malformed-json", "cross-site", "body-too-large", "media-type", "invalid-fields")
EDIT_PROBLEMS = ("precondition-required", "precondition-failed", *BODY_PROBLEMS)
PROFILE = "Profile"

PROFILE_ROUTES = (
    Route(
        method="GET",
        path="/v1/me",
        handler=profile.me,
        operation=Operation(
            summary="Look at your account",
            tag=PROFILE,
            access=Access.ACCOUNT,
            answers={200: profile.Me},
        ),
    ),
    Route(
        method="PATCH",
        path="/v1/me",
        handler=profile.change_me,
        operation=Operation(
            summary="Change your account",
            tag=PROFILE,
            access=Access.ACCOUNT,
            description="What is left out stays as it is.",
            body=ProfileChange,
            headers=("if_match",),
            answers={200: profile.Me},
            problems=EDIT_PROBLEMS,
        ),
    ),
)
