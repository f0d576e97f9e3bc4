"""What proved unsellable since a set was made is left out of it, counts and all."""

from dataclasses import replace
from datetime import timedelta

from bookingd.domain.filters import FlightFilters
from bookingd.domain.unsellable import fare, takes
from bookingd.results.flight_filters import Ends
from bookingd.results.flight_refining import Refined, Refinement, refine
from bookingd.results.flights import flight_set
from bookingd.results.sellable import Sellable
from bookingd.results.stays import stay_set
from tests import factories
from tests.fakes.sources import START

MADE = int(START.timestamp() * 1000)
LIGHT, FLEX = (factories.offer(1, family=family) for family in ("Light", "Flex"))
OTHER = factories.offer(2, family="Light")
LATER = replace(LIGHT, made_at=START + timedelta(seconds=1))


def refined(refused: dict[int, int], *offers: object) -> Refined:
    found = flight_set(offers or (LIGHT, FLEX, OTHER), slices=1, about=b"{}")  # type: ignore[arg-type]
    ends = (Ends(origins=("FRA",), destinations=("JFK",)),)
    return refine(found, Refinement(filters=FlightFilters(), ends=ends, limit=10, refused=refused))


def shown(page: Refined) -> set[tuple[str, str]]:
    """Departure and fare of all offers on the page."""
    led = {(one.offer.itinerary.segments[0].supplier_key, one) for one in page.results}
    return {
        (key, family)
        for key, one in led
        for family in (
            one.offer.itinerary.conditions.family,
            *(other.offer.itinerary.conditions.family for other in one.alternatives),
        )
    }


def test_what_was_refused_is_in_no_result_and_no_count() -> None:
    whole, page = refined({}), refined({takes(LIGHT): MADE})

    assert shown(page) == {("2", "Light")}
    assert (whole.count, page.count) == (2, 1)
    assert {one.results for counts in page.counts.values() for one in counts} <= {0, 1}


def test_a_fare_that_is_gone_leaves_the_others_of_its_journey() -> None:
    page = refined({fare(LIGHT): MADE, 5: MADE})

    assert shown(page) == {("1", "Flex"), ("2", "Light")}
    assert page.count == 2


def test_what_was_found_after_the_refusal_is_shown() -> None:
    assert shown(refined({takes(LIGHT): MADE}, LATER)) == {("1", "Light")}
    assert shown(refined({takes(LIGHT): MADE + 1000}, LATER)) == set()


def test_a_set_of_stays_can_be_asked_too() -> None:
    stays = [factories.stay(1), factories.stay(2)]
    columns = stay_set(stays, centre=None, about=b"{}").columns

    mask = Sellable(refused={takes(stays[0]): MADE}).mask(columns)

    assert mask.sum() == 1
