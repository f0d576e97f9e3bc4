"""The addresses of what an account keeps."""

from handlers.accounts import erasing, export, payment_means, preferences, profile, travellers
from handlers.accounts.export_views import Export
from handlers.accounts.preference_requests import NewPreferences
from handlers.accounts.profile_requests import ProfileChange
from handlers.accounts.traveller_requests import NewTraveller, TravellerChange
from handlers.accounts.traveller_views import Travellers, TravellerView
from handlers.operations import BODY_PROBLEMS, Access, Operation, Route
from handlers.requests import Page

EDIT_PROBLEMS = ("precondition-required", "precondition-failed", *BODY_PROBLEMS)
PROFILE = "Profile"
TRAVELLERS = "Travellers"

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
    Route(
        method="DELETE",
        path="/v1/me",
        handler=erasing.erase_me,
        operation=Operation(
            summary="Have your account forgotten",
            tag=PROFILE,
            access=Access.RECENT,
            description=(
                "For good. Bookings keep their reference, dates and prices, paid ones the name that an"
                " invoice has to show; all else goes. Not while a trip is ahead or money is owed."
            ),
            answers={204: None},
            problems=("second-factor-needed", "cross-site", "trips-ahead", "last-administrator"),
        ),
    ),
    Route(
        method="GET",
        path="/v1/me/export",
        handler=export.export,
        operation=Operation(
            summary="Take along what is kept of you",
            tag=PROFILE,
            access=Access.RECENT,
            description="Everything but secrets, as a file.",
            answers={200: Export},
            problems=("sealed-unreadable", "too-many-attempts"),
        ),
    ),
    Route(
        method="GET",
        path="/v1/me/notification-preferences",
        handler=preferences.notification_preferences,
        operation=Operation(
            summary="See what you are told, and how",
            tag=PROFILE,
            access=Access.ACCOUNT,
            answers={200: preferences.PreferencesView},
        ),
    ),
    Route(
        method="PUT",
        path="/v1/me/notification-preferences",
        handler=preferences.choose_notifications,
        operation=Operation(
            summary="Choose what you are told, and how",
            tag=PROFILE,
            access=Access.ACCOUNT,
            description="Mails about bookings and about the safety of the account cannot be switched off.",
            body=NewPreferences,
            headers=("if_match",),
            answers={200: preferences.PreferencesView},
            problems=EDIT_PROBLEMS,
        ),
    ),
    Route(
        method="GET",
        path="/v1/me/travellers",
        handler=travellers.list_travellers,
        operation=Operation(
            summary="List the people whom you book for",
            tag=TRAVELLERS,
            access=Access.ACCOUNT,
            description="Numbers of documents and programmes are masked; one by itself is shown whole.",
            query=Page,
            answers={200: Travellers},
            problems=("invalid-fields", "sealed-unreadable"),
        ),
    ),
    Route(
        method="POST",
        path="/v1/me/travellers",
        handler=travellers.add_traveller,
        operation=Operation(
            summary="Save somebody whom you book for",
            tag=TRAVELLERS,
            access=Access.ACCOUNT,
            description='Then book with `{"traveller_id": ...}` as a passenger.',
            body=NewTraveller,
            headers=("optional_key",),
            answers={201: TravellerView},
            problems=("limit-reached", "bad-request", "request-running", "key-reused", *BODY_PROBLEMS),
        ),
    ),
    Route(
        method="GET",
        path="/v1/me/travellers/{traveller_id}",
        handler=travellers.traveller,
        operation=Operation(
            summary="Look at somebody whom you book for",
            tag=TRAVELLERS,
            access=Access.ACCOUNT,
            answers={200: TravellerView},
            problems=("not-found", "sealed-unreadable"),
        ),
    ),
    Route(
        method="PATCH",
        path="/v1/me/travellers/{traveller_id}",
        handler=travellers.change_traveller,
        operation=Operation(
            summary="Change somebody whom you book for",
            tag=TRAVELLERS,
            access=Access.ACCOUNT,
            description="What is left out stays; documents and loyalty numbers are replaced as a whole.",
            body=TravellerChange,
            headers=("if_match",),
            answers={200: TravellerView},
            problems=("not-found", "sealed-unreadable", *EDIT_PROBLEMS),
        ),
    ),
    Route(
        method="DELETE",
        path="/v1/me/travellers/{traveller_id}",
        handler=travellers.remove_traveller,
        operation=Operation(
            summary="Forget somebody whom you book for",
            tag=TRAVELLERS,
            access=Access.ACCOUNT,
            description="Bookings that were made for them stay as they are.",
            headers=("optional_match",),
            answers={204: None},
            problems=("not-found", "cross-site", "precondition-failed"),
        ),
    ),
    Route(
        method="GET",
        path="/v1/me/payment-means",
        handler=payment_means.list_means,
        operation=Operation(
            summary="See by what you may be charged",
            tag=PROFILE,
            access=Access.ACCOUNT,
            description="Means of payment that you agreed to have kept. The gateways have their numbers.",
            answers={200: payment_means.PaymentMeans},
        ),
    ),
    Route(
        method="DELETE",
        path="/v1/me/payment-means/{means_id}",
        handler=payment_means.forget_means,
        operation=Operation(
            summary="Take your consent back",
            tag=PROFILE,
            access=Access.ACCOUNT,
            description="Nothing is charged by it from now on, balances neither; its gateway forgets it too.",
            answers={204: None},
            problems=("not-found", "cross-site"),
        ),
    ),
)
