"""The addresses that help to fill in a search: places and airlines."""

from handlers import airlines, places
from handlers.operations import Access, Operation, Route

PLACE_ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/v1/places",
        handler=places.find_places,
        operation=Operation(
            summary="Find places by what was typed",
            tag="Search",
            access=Access.PUBLIC,
            description=(
                "Airports, cities and hotels: by code, by names in any language, by the beginnings of words,"
                " also with a letter or two wrong; the best known ones first. A city lists its airports."
            ),
            query=places.PlaceSearch,
            answers={200: places.Places},
            problems=("invalid-fields", "query-too-long", "unavailable"),
        ),
    ),
    Route(
        method="GET",
        path="/v1/airlines",
        handler=airlines.find_airlines,
        operation=Operation(
            summary="List airlines",
            tag="Search",
            access=Access.PUBLIC,
            query=airlines.AirlineSearch,
            headers=("if_none_match",),
            answers={200: airlines.Airlines, 304: None},
            problems=("invalid-fields", "query-too-long", "unavailable"),
        ),
    ),
)
