"""The addresses by which accounts come into being, and change what they are signed in with."""

from collections.abc import Mapping

from marshmallow import Schema

from handlers.accounts import address_changes, passwords, registering
from handlers.accounts.asking import Asked
from handlers.accounts.entry_requests import (
    AddressChange,
    AddressConfirmation,
    Forgotten,
    Link,
    NewAccount,
    NewPassword,
    PasswordChange,
    Verification,
)
from handlers.operations import BODY_PROBLEMS, Access, Handler, Operation, Route
from handlers.session_views import Session

TAG = "Accounts"

ASKED = "The answer and its time are the same whatever the address: what comes of it is told by mail alone."
FOLLOWED = "A page without a script. To follow the link changes nothing; its form does."
BY_FORM = "As JSON, or as the form of the page, which is answered by a page."


def _asking(path: str, handler: Handler, summary: str, body: type[Schema]) -> Route:
    return Route(
        method="POST",
        path=path,
        handler=handler,
        operation=Operation(
            summary=summary,
            tag=TAG,
            access=Access.PUBLIC,
            description=ASKED,
            body=body,
            answers={202: Asked},
            problems=(*BODY_PROBLEMS, "too-many-attempts"),
        ),
    )


def _page(path: str, handler: Handler, summary: str) -> Route:
    return Route(
        method="GET",
        path=path,
        handler=handler,
        operation=Operation(
            summary=summary,
            tag=TAG,
            access=Access.PUBLIC,
            description=FOLLOWED,
            query=Link,
            answers={200: "text/html"},
            problems=("link-spent",),
        ),
    )


def _form(
    path: str,
    handler: Handler,
    summary: str,
    body: type[Schema],
    *,
    answers: Mapping[int, type | str | None],
    access: Access = Access.PUBLIC,
    problems: tuple[str, ...] = (),
    description: str = "",
) -> Route:
    return Route(
        method="POST",
        path=path,
        handler=handler,
        operation=Operation(
            summary=summary,
            tag=TAG,
            access=access,
            description=f"{description} {BY_FORM}".strip(),
            body=body,
            form=body,
            answers={200: "text/html", **answers},
            problems=(*BODY_PROBLEMS, "link-spent", *problems),
        ),
    )


ENTRY_ROUTES = (
    _asking("/v1/accounts", registering.register, "Ask for an account", NewAccount),
    _page("/v1/accounts/verifications", registering.show_verification, "Confirm an address, as a page"),
    _form(
        "/v1/accounts/verifications",
        registering.verify,
        "Confirm an address: the account is open",
        Verification,
        answers={201: Session},
        problems=("too-many-attempts", "address-taken"),
        description="Takes the password that was chosen at registration, and signs in.",
    ),
    _asking("/v1/password-resets", passwords.ask_reset, "Say that a password is forgotten", Forgotten),
    _page("/v1/password-resets/confirmations", passwords.show_reset, "Set a password anew, as a page"),
    _form(
        "/v1/password-resets/confirmations",
        passwords.reset_password,
        "Set a password anew",
        NewPassword,
        answers={204: None},
        description="Ends all sessions and signs nobody in; a second factor is asked for as before.",
    ),
    Route(
        method="PUT",
        path="/v1/me/password",
        handler=passwords.change_password,
        operation=Operation(
            summary="Change your password",
            tag=TAG,
            access=Access.RECENT,
            description="All other sessions end; this one stays.",
            body=PasswordChange,
            answers={204: None},
            problems=(*BODY_PROBLEMS, "second-factor-needed", "password-needed", "too-many-attempts"),
        ),
    ),
    Route(
        method="POST",
        path="/v1/me/address-changes",
        handler=address_changes.ask_address_change,
        operation=Operation(
            summary="Ask for another mail address",
            tag=TAG,
            access=Access.RECENT,
            description="The present one is told, the new one gets a link. Until that is used all stays.",
            body=AddressChange,
            answers={202: Asked},
            problems=(*BODY_PROBLEMS, "second-factor-needed", "password-needed", "too-many-attempts"),
        ),
    ),
    _page(
        "/v1/me/address-changes/confirmations",
        address_changes.show_address_change,
        "Confirm a new address, as a page",
    ),
    _form(
        "/v1/me/address-changes/confirmations",
        address_changes.confirm_address,
        "Confirm a new address, or put the former one back",
        AddressConfirmation,
        answers={204: None},
        access=Access.ANYBODY,
        problems=("too-many-attempts", "address-taken"),
        description=(
            "A new address takes the account's password; all sessions but this one end. The way back that the"
            " former address gets takes none; it ends all sessions and the password."
        ),
    ),
)
