"""The addresses of what an account was told."""

from handlers.accounts import notifications
from handlers.operations import Access, Operation, Route
from handlers.requests import Page

NOTIFICATION_ROUTES = (
    Route(
        method="GET",
        path="/v1/me/notifications",
        handler=notifications.list_notifications,
        operation=Operation(
            summary="List what you were told",
            tag="Profile",
            access=Access.ACCOUNT,
            description="Mails about your account and your bookings, without what they said.",
            query=Page,
            answers={200: notifications.Notifications},
            problems=("invalid-fields",),
        ),
    ),
)
