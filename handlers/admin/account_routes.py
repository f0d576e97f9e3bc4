"""The addresses by which staff look after accounts."""

from bookingd.domain.accounts.permissions import Permission
from handlers.admin import accounts
from handlers.admin.account_requests import AccountSearch, NewRoles, Reason, StaffQuery
from handlers.operations import BODY_PROBLEMS, Operation, Route

TAG = "Accounts of others"

ADMIN_ACCOUNT_ROUTES = (
    Route(
        method="GET",
        path="/v1/admin/accounts",
        handler=accounts.list_staff,
        operation=Operation(
            summary="List the staff",
            tag=TAG,
            access=Permission.ACCOUNTS_READ,
            query=StaffQuery,
            answers={200: accounts.Staff},
            problems=("invalid-fields",),
        ),
    ),
    Route(
        method="POST",
        path="/v1/admin/accounts/searches",
        handler=accounts.search_accounts,
        operation=Operation(
            summary="Find accounts by their address",
            tag=TAG,
            access=Permission.ACCOUNTS_READ,
            description="By POST, since no address belongs into a URL. Nothing is changed.",
            body=AccountSearch,
            answers={200: accounts.AccountsFound},
            problems=BODY_PROBLEMS,
        ),
    ),
    Route(
        method="GET",
        path="/v1/admin/accounts/{account_id}",
        handler=accounts.show_account,
        operation=Operation(
            summary="Look at an account",
            tag=TAG,
            access=Permission.ACCOUNTS_READ,
            answers={200: accounts.AccountRecord},
            problems=("not-found",),
        ),
    ),
    Route(
        method="PUT",
        path="/v1/admin/accounts/{account_id}/roles",
        handler=accounts.set_roles,
        operation=Operation(
            summary="Set an account's roles",
            tag=TAG,
            access=Permission.ROLES_GRANT,
            description=(
                "What is staff's counts only in sessions that showed a second factor; who becomes staff is"
                " signed out everywhere. Nobody changes their own roles; one administrator is always left."
            ),
            body=NewRoles,
            answers={200: accounts.AccountRecord},
            problems=("not-found", "on-oneself", "last-administrator", *BODY_PROBLEMS),
        ),
    ),
    Route(
        method="POST",
        path="/v1/admin/accounts/{account_id}/suspensions",
        handler=accounts.suspend_account,
        operation=Operation(
            summary="Suspend an account",
            tag=TAG,
            access=Permission.ACCOUNTS_MANAGE,
            description="Its sessions end at once, and its API keys are good for nothing meanwhile.",
            body=Reason,
            answers={201: accounts.AccountRecord},
            problems=("not-found", "on-oneself", "last-administrator", *BODY_PROBLEMS),
        ),
    ),
    Route(
        method="DELETE",
        path="/v1/admin/accounts/{account_id}/suspensions/current",
        handler=accounts.reopen_account,
        operation=Operation(
            summary="Reopen an account",
            tag=TAG,
            access=Permission.ACCOUNTS_MANAGE,
            answers={204: None},
            problems=("cross-site", "not-found", "on-oneself"),
        ),
    ),
    Route(
        method="POST",
        path="/v1/admin/accounts/{account_id}/second-factor-resets",
        handler=accounts.reset_second_factor,
        operation=Operation(
            summary="Take away an account's second factors",
            tag=TAG,
            access=Permission.ACCOUNTS_MANAGE,
            description=(
                "For an owner who has lost them, after you have made sure who they are. It is signed out"
                " everywhere, and its owner is told."
            ),
            body=Reason,
            answers={201: accounts.AccountRecord},
            problems=("not-found", "on-oneself", "factor-needed", *BODY_PROBLEMS),
        ),
    ),
)
