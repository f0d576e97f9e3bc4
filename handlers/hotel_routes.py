"""The address of hotels themselves; stays in them are offers."""

from handlers import hotels
from handlers.operations import Access, Operation, Route

HOTEL_ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/v1/hotels/{hotel_id}",
        handler=hotels.hotel,
        operation=Operation(
            summary="Look at a hotel",
            tag="Search",
            access=Access.PUBLIC,
            description="Its rooms, policies and pictures. What a stay costs is in offers alone.",
            headers=("if_none_match",),
            answers={200: hotels.HotelPageView, 304: None},
            problems=("not-found", "unavailable"),
        ),
    ),
)
