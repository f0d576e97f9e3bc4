"""Every address of the house: the contents page of handlers/, and what the OpenAPI is made of."""

from handlers import (
    amenities,
    bookings,
    calendar_requests,
    docs,
    fare_calendar,
    flight_requests,
    flight_search,
    flight_views,
    health,
    live,
    offers,
    openapi,
    package_requests,
    package_search,
    package_views,
    packages,
    payments,
    requests,
    returns,
    session_views,
    sessions,
    stay_requests,
    stay_search,
    stay_views,
    webhooks,
    wishes,
)
from handlers.accounts import account_requests
from handlers.accounts.account_routes import ACCOUNT_ROUTES
from handlers.accounts.api_key_routes import API_KEY_ROUTES
from handlers.accounts.entry_routes import ENTRY_ROUTES
from handlers.accounts.factor_routes import FACTOR_ROUTES
from handlers.accounts.notification_routes import NOTIFICATION_ROUTES
from handlers.accounts.profile_routes import PROFILE_ROUTES
from handlers.admin.account_routes import ADMIN_ACCOUNT_ROUTES
from handlers.admin.money_routes import ADMIN_MONEY_ROUTES
from handlers.admin.picture_routes import ADMIN_PICTURE_ROUTES
from handlers.booking_views import (
    BookingAccepted,
    BookingBody,
    Bookings,
    Events,
    Messages,
    PaymentAccepted,
    WishAccepted,
)
from handlers.documents.document_routes import DOCUMENT_ROUTES
from handlers.guests.guest_routes import GUEST_ROUTES
from handlers.hotel_routes import HOTEL_ROUTES
from handlers.operations import BODY_PROBLEMS, KEY_PROBLEMS, Access, Handler, Operation, Route
from handlers.paying.forms import PayForm
from handlers.paying.option_views import PaymentOptions
from handlers.paying.page import pay_by_form, pay_page
from handlers.paying.script import script_file
from handlers.picture_routes import PICTURE_ROUTES
from handlers.place_routes import PLACE_ROUTES


def _get(path: str, handler: Handler, operation: Operation) -> Route:
    return Route(method="GET", path=path, handler=handler, operation=operation)


def _post(path: str, handler: Handler, operation: Operation) -> Route:
    return Route(method="POST", path=path, handler=handler, operation=operation)


SEARCH_PROBLEMS = ("invalid-fields", "query-too-long", "too-many-searches", "unavailable", "search-late")

SEARCHING = (
    _get(
        "/v1/flights/offers",
        flight_search.flight_offers,
        Operation(
            summary="Search flights",
            tag="Search",
            access=Access.PUBLIC,
            description=(
                "One way, there and back with `return`, or slice by slice with `slice`. A result is a journey"
                " with all its offers. Filters, order and page are applied to what was found: they ask no"
                " supplier again. Prices are for everybody together. Offers can be booked until `expires_at`;"
                " a search is kept for a while, and `Age` says how old it is."
            ),
            query=flight_requests.FlightSearch,
            answers={200: flight_views.FlightOffers},
            problems=SEARCH_PROBLEMS,
        ),
    ),
    _get(
        "/v1/flights/calendar",
        fare_calendar.fare_calendar,
        Operation(
            summary="Lowest fares of a month or two",
            tag="Search",
            access=Access.PUBLIC,
            description=(
                "For each day of departure the lowest total for everybody, as the search of that day finds"
                " it (`search`), and when it was so: own flights are priced now, fares of other suppliers are"
                " those that searches have seen within a day. Days that are over, or without flights, have"
                " null."
            ),
            query=calendar_requests.CalendarSearch,
            answers={200: fare_calendar.FareCalendarView},
            problems=SEARCH_PROBLEMS,
        ),
    ),
    _get(
        "/v1/hotels/offers",
        stay_search.stay_offers,
        Operation(
            summary="Search hotel stays",
            tag="Search",
            access=Access.PUBLIC,
            description=(
                "In a `place`, around a position, or in one `hotel`. A result is a hotel with all its offers."
                " Filters, order and page are applied to what was found: they ask no supplier again. Totals"
                " are all that has to be paid for all rooms and nights, also what is paid at the hotel."
            ),
            query=stay_requests.StaySearch,
            answers={200: stay_views.StayOffers},
            problems=SEARCH_PROBLEMS,
        ),
    ),
    _get(
        "/v1/packages/offers",
        package_search.package_offers,
        Operation(
            summary="Search packages",
            tag="Search",
            access=Access.PUBLIC,
            description=(
                "Flights there and back with a hotel for the nights between them, by the clocks there. A"
                " result is a hotel with the cheapest flight that the filters leave for its nights. All"
                " filters of flights and of hotels may be used; prices are those of packages."
            ),
            query=package_requests.PackageSearch,
            answers={200: package_views.PackageOffers},
            problems=SEARCH_PROBLEMS,
        ),
    ),
    _get(
        "/v1/packages/pair",
        packages.pair,
        Operation(
            summary="Put a flight and a stay together",
            tag="Search",
            access=Access.PUBLIC,
            description=(
                "The package of an offer of flights and an offer of a stay for the same party and the nights"
                " between the flights; asks the suppliers of both."
            ),
            query=packages.Pair,
            answers={200: package_views.PackageNow},
            problems=("invalid-fields", "not-found", "unavailable", "search-late"),
        ),
    ),
    _get(
        "/v1/amenities",
        amenities.every_amenity,
        Operation(
            summary="List what hotels can have",
            tag="Search",
            access=Access.PUBLIC,
            description="What `amenities` of a hotel search takes, in the order in which it is listed.",
            headers=("if_none_match",),
            answers={200: amenities.Amenities, 304: None},
            problems=("unavailable",),
        ),
    ),
    _get(
        "/v1/offers/{id}",
        offers.offer,
        Operation(
            summary="Look at an offer again",
            tag="Search",
            access=Access.PUBLIC,
            description=(
                "Asks the supplier: is it still to be had, and at which price? Where it cannot be asked now"
                " (`unchecked`) the offer is as it was at `as_of`."
            ),
            answers={200: offers.OfferNow},
            problems=("not-found", "unavailable", "search-late"),
        ),
    ),
)

BOOKING = (
    _post(
        "/v1/sessions",
        sessions.open_session,
        Operation(
            summary="Open a session",
            tag="Sessions",
            access=Access.PUBLIC,
            description="Browsers get it as a cookie too, which scripts cannot read.",
            body=account_requests.NewSession,
            answers={201: session_views.Session, 202: session_views.SecondFactorNeeded},
            problems=(*BODY_PROBLEMS, "sign-in-failed", "too-many-attempts", "unavailable", "busy"),
        ),
    ),
    _post(
        "/v1/bookings",
        bookings.place,
        Operation(
            summary="Book an offer",
            tag="Bookings",
            access=Access.SESSION,
            description=(
                "Answers as soon as the request is safe; its seats are held right after. With"
                " `Prefer: wait=10` it answers 201 with the state after that. Then pay before `hold_until`."
            ),
            body=requests.NewBooking,
            headers=("idempotency_key", "wait"),
            answers={202: BookingAccepted, 201: BookingAccepted},
            problems=(
                *BODY_PROBLEMS,
                *KEY_PROBLEMS,
                "second-factor-needed",
                "sold-out",
                "offer-expired",
                "unavailable",
            ),
        ),
    ),
    _get(
        "/v1/bookings",
        bookings.own,
        Operation(
            summary="List your bookings",
            tag="Bookings",
            access=Access.SESSION,
            query=requests.Page,
            answers={200: Bookings},
            problems=("invalid-fields",),
        ),
    ),
    _get(
        "/v1/bookings/{reference}",
        bookings.show,
        Operation(
            summary="Look at a booking",
            tag="Bookings",
            access=Access.ANYBODY,
            description=(
                "To whoever prefers `text/html`, as browsers do, it is shown as a page; who may not see it"
                " gets one that leads there by a code."
            ),
            query=requests.Link,
            headers=("proof", "if_none_match"),
            answers={200: BookingBody, 304: None},
            problems=("not-found",),
        ),
    ),
    _get(
        "/v1/bookings/{reference}/events",
        bookings.events,
        Operation(
            summary="Read a booking's timeline",
            tag="Bookings",
            access=Access.ANYBODY,
            query=requests.After,
            headers=("proof",),
            answers={200: Events},
            problems=("not-found", "invalid-fields"),
        ),
    ),
    _get(
        "/v1/bookings/{reference}/messages",
        bookings.messages,
        Operation(
            summary="See what the traveller was told",
            tag="Bookings",
            access=Access.ANYBODY,
            headers=("proof",),
            answers={200: Messages},
            problems=("not-found",),
        ),
    ),
    _post(
        "/v1/bookings/{reference}/consents",
        wishes.consent,
        Operation(
            summary="Agree to a changed price",
            tag="Bookings",
            access=Access.SESSION,
            description="Send `proposed_total` as the booking shows it.",
            body=requests.Consent,
            headers=("optional_key", "wait", "proof"),
            answers={202: WishAccepted},
            problems=(*BODY_PROBLEMS, *KEY_PROBLEMS, "not-found", "booking-state"),
        ),
    ),
    _post(
        "/v1/bookings/{reference}/cancellations",
        wishes.cancel,
        Operation(
            summary="Call a booking off",
            tag="Bookings",
            access=Access.SESSION,
            description="Until it is paid for. Everything that is held is given back.",
            body=requests.Cancellation,
            headers=("optional_key", "wait", "proof"),
            answers={202: WishAccepted},
            problems=(*BODY_PROBLEMS, *KEY_PROBLEMS, "not-found", "booking-state"),
        ),
    ),
)

PAYING = (
    _get(
        "/v1/gateways",
        payments.gateways,
        Operation(
            summary="Who takes payments",
            tag="Payments",
            access=Access.PUBLIC,
            description="What a client needs to give a card to the gateway. Card data never comes here.",
            answers={200: payments.Gateways},
        ),
    ),
    _get(
        "/v1/bookings/{reference}/payment-options",
        payments.options,
        Operation(
            summary="How a booking can be paid now",
            tag="Payments",
            access=Access.ANYBODY,
            description=(
                "Plans with what is due when, ways with what a client needs for each or why it is not"
                " offered, and means that are kept for the account whose booking it is. What is offered here"
                " is taken by `POST .../payments`, and nothing else."
            ),
            query=requests.Link,
            headers=("proof",),
            answers={200: PaymentOptions},
            problems=("not-found",),
        ),
    ),
    _post(
        "/v1/bookings/{reference}/payments",
        payments.pay,
        Operation(
            summary="Pay a booking",
            tag="Payments",
            access=Access.SESSION,
            description=(
                "Answers as soon as the attempt is recorded. With `Prefer: wait=10` it answers 201 with what"
                " the gateway said: `requires_action` brings the `action_url` that the payer has to visit, or"
                " the `instructions` of a transfer. What is paid is the booking's affair: an `amount` that is"
                " sent along is compared, and refused where it differs."
            ),
            body=requests.NewPayment,
            headers=("idempotency_key", "wait", "proof"),
            answers={202: PaymentAccepted, 201: PaymentAccepted},
            problems=(
                *BODY_PROBLEMS,
                *KEY_PROBLEMS,
                "not-found",
                "booking-state",
                "too-many-payments",
                "unavailable",
            ),
        ),
    ),
    _get(
        "/v1/bookings/{reference}/pay",
        pay_page,
        Operation(
            summary="Pay on a page",
            tag="Payments",
            access=Access.ANYBODY,
            description="For people, also by a mail's link. It works without any script as well.",
            query=requests.Link,
            answers={200: "text/html"},
            problems=("not-found",),
        ),
    ),
    _post(
        "/v1/bookings/{reference}/pay",
        pay_by_form,
        Operation(
            summary="Send the payment page's form",
            tag="Payments",
            access=Access.ANYBODY,
            description="Sends the browser on: to the gateway's page, or to what came of it.",
            query=requests.Link,
            form=PayForm,
            answers={200: "text/html", 303: None},
            problems=(*BODY_PROBLEMS, "not-found", "booking-state", "too-many-payments", "unavailable"),
        ),
    ),
    _get(
        "/assets/{name}",
        script_file,
        Operation(
            summary="A file of the payment page",
            tag="Payments",
            access=Access.PUBLIC,
            answers={200: "text/javascript"},
            problems=("not-found",),
        ),
    ),
    _get(
        "/v1/bookings/{reference}/payments/{payment_id}/return",
        returns.returned,
        Operation(
            summary="Come back from a gateway's page",
            tag="Payments",
            access=Access.ANYBODY,
            description="A page for the payer; it looks again by itself until the outcome is known.",
            answers={200: "text/html"},
            problems=("not-found",),
        ),
    ),
    _post(
        "/webhooks/{gateway}",
        webhooks.receive,
        Operation(
            summary="Take in a gateway's event",
            tag="Payments",
            access=Access.PUBLIC,
            description="For the gateways themselves; only with their signature.",
            raw_body=("application/json",),
            answers={200: webhooks.Received},
            problems=("bad-signature", "not-found", "body-too-large", "unavailable"),
        ),
    ),
)

FOLLOWING = (
    _get(
        "/v1/live",
        live.live,
        Operation(
            summary="Follow bookings and searches live",
            tag="Live",
            access=Access.ANYBODY,
            description=(
                'A WebSocket. Send `{"subscribe": "booking:REF", "after": N, "token": "..."}`; every event'
                " after N comes once and in order, then each new one. After a break, subscribe again with the"
                ' last sequence number that you have seen. `{"subscribe": "search", "kind": "flights",'
                ' "query": {...}}` with the parameters of a search tells its page whenever a supplier has'
                " answered; the last one is what its own address answers."
            ),
            answers={101: None},
            problems=("cross-site", "upgrade-required", "unavailable"),
        ),
    ),
)

HOUSE = (
    _get(
        "/healthz",
        health.healthz,
        Operation(
            summary="Is the process alive?",
            tag="Operation",
            access=Access.PUBLIC,
            answers={200: health.Alive},
        ),
    ),
    _get(
        "/readyz",
        health.readyz,
        Operation(
            summary="Should requests be sent here?",
            tag="Operation",
            access=Access.PUBLIC,
            answers={200: health.Ready, 503: health.Ready},
        ),
    ),
    _get(
        "/metrics",
        health.metrics,
        Operation(
            summary="Metrics for Prometheus",
            tag="Operation",
            access=Access.PUBLIC,
            answers={200: "text/plain"},
        ),
    ),
    _get(
        "/openapi.json",
        openapi.openapi,
        Operation(
            summary="This description",
            tag="About",
            access=Access.PUBLIC,
            answers={200: "application/json"},
        ),
    ),
    _get(
        "/docs",
        docs.docs,
        Operation(
            summary="This API as a page",
            tag="About",
            access=Access.PUBLIC,
            answers={200: "text/html"},
        ),
    ),
    _get(
        "/problems/{slug}",
        docs.problem,
        Operation(
            summary="What a problem means",
            tag="About",
            access=Access.PUBLIC,
            answers={200: "text/html"},
            problems=("not-found",),
        ),
    ),
)

ROUTES: tuple[Route, ...] = (
    *SEARCHING,
    *HOTEL_ROUTES,
    *PLACE_ROUTES,
    *BOOKING,
    *GUEST_ROUTES,
    *PAYING,
    *DOCUMENT_ROUTES,
    *FOLLOWING,
    *ENTRY_ROUTES,
    *ACCOUNT_ROUTES,
    *FACTOR_ROUTES,
    *PROFILE_ROUTES,
    *NOTIFICATION_ROUTES,
    *API_KEY_ROUTES,
    *ADMIN_ACCOUNT_ROUTES,
    *ADMIN_MONEY_ROUTES,
    *ADMIN_PICTURE_ROUTES,
    *PICTURE_ROUTES,
    *HOUSE,
)
