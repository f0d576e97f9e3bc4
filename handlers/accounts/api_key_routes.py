"""The addresses of API keys."""

from handlers.accounts import api_keys
from handlers.accounts.api_key_requests import NewKey
from handlers.operations import BODY_PROBLEMS, Access, Operation, Route

TAG = "API keys"

API_KEY_ROUTES = (
    Route(
        method="GET",
        path="/v1/me/api-keys",
        handler=api_keys.list_api_keys,
        operation=Operation(
            summary="List your API keys",
            tag=TAG,
            access=Access.ACCOUNT,
            answers={200: api_keys.ApiKeys},
        ),
    ),
    Route(
        method="POST",
        path="/v1/me/api-keys",
        handler=api_keys.make_api_key,
        operation=Operation(
            summary="Make an API key",
            tag=TAG,
            access=Access.RECENT,
            description=(
                "For a program of a partner, which acts as your account as far as `scopes` go. The key is"
                " shown in this answer and never again."
            ),
            body=NewKey,
            answers={201: api_keys.ApiKeyMade},
            problems=("second-factor-needed", "limit-reached", *BODY_PROBLEMS),
        ),
    ),
    Route(
        method="DELETE",
        path="/v1/me/api-keys/{key_id}",
        handler=api_keys.revoke_api_key,
        operation=Operation(
            summary="Revoke an API key",
            tag=TAG,
            access=Access.RECENT,
            answers={204: None},
            problems=("second-factor-needed", "cross-site", "not-found"),
        ),
    ),
)
