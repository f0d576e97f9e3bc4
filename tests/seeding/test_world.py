"""The made-up world is believable, and always the same."""

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from itertools import islice, pairwise

import pytest

from bookingd.domain.flights import Cabin
from bookingd.domain.places import great_circle_km, local
from bookingd.seeding.aircraft import Aircraft
from bookingd.seeding.airlines import airlines
from bookingd.seeding.airports import airports, cities, passengers
from bookingd.seeding.fares import families
from bookingd.seeding.timetable import Flight
from bookingd.seeding.world import DEFAULT_DEPARTURES, ImpossibleSize, Plan, World

FIRST_DAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def world() -> World:
    return World(Plan(first_day=FIRST_DAY))


def test_the_busiest_airports_are_served_and_real(world: World) -> None:
    served = {flight.origin.code for flight in world.flights}
    assert len(served) >= 120
    assert set(islice(passengers(), 100)) <= served
    assert list(passengers().values()) == sorted(passengers().values(), reverse=True)


def test_metropolitan_areas_hold_their_airports() -> None:
    of_city = defaultdict(set)
    for airport in airports().values():
        of_city[airport.city_code].add(airport.code)
    assert {"LHR", "LGW", "STN", "LTN", "LCY"} <= of_city["LON"]
    assert {"JFK", "LGA", "EWR"} == of_city["NYC"]
    assert {"HND", "NRT"} == of_city["TYO"]
    assert {"CDG", "ORY"} <= of_city["PAR"]
    assert (cities()["LON"].name, cities()["FRA"].country) == ("London", "DE")


def test_airlines_have_one_code_and_hubs_that_are_served() -> None:
    codes = [airline.code for airline in airlines()]
    assert len(codes) == len(set(codes)) > 80
    assert {hub for airline in airlines() for hub in airline.hubs} <= set(passengers())


def test_the_default_is_big_enough_and_as_big_as_it_says(world: World) -> None:
    assert DEFAULT_DEPARTURES >= 20_000
    assert abs(world.size - DEFAULT_DEPARTURES) < DEFAULT_DEPARTURES / 20
    assert sum(1 for _ in world.departures()) == world.size


def test_a_bigger_world_has_more_days_rather_than_more_flights_a_day(world: World) -> None:
    big = World(Plan(first_day=FIRST_DAY, departures=1_000_000))
    assert abs(big.size - 1_000_000) < 50_000
    assert big.size / big.plan.days < 1.2 * world.size / world.plan.days


def test_the_same_seed_makes_the_same_world() -> None:
    plan = Plan(first_day=FIRST_DAY, departures=3000, seed=7)
    assert list(World(plan).departures()) == list(World(plan).departures())


def test_another_seed_makes_another_world() -> None:
    one, other = (World(Plan(first_day=FIRST_DAY, departures=3000, seed=seed)) for seed in (1, 2))
    assert list(islice(one.departures(), 50)) != list(islice(other.departures(), 50))


def test_no_flight_is_faster_or_slower_than_an_airliner(world: World) -> None:
    for flight in world.flights:
        speed = flight.distance / (flight.block_minutes / 60)
        assert 200 < speed < 920, flight
        assert 45 <= flight.block_minutes <= 19 * 60 + 30
    assert minutes_between(world, "LHR", "JFK") == pytest.approx(460, abs=30)
    assert minutes_between(world, "JFK", "LHR") == pytest.approx(420, abs=30)


def minutes_between(world: World, origin: str, destination: str) -> int:
    return next(
        flight.block_minutes
        for flight in world.flights
        if (flight.origin.code, flight.destination.code) == (origin, destination)
    )


def test_distances_are_the_great_circles(world: World) -> None:
    for flight in world.flights[::50]:
        here, there = flight.origin, flight.destination
        assert flight.distance == round(
            great_circle_km(here.latitude, here.longitude, there.latitude, there.longitude)
        )


def test_nobody_leaves_or_lands_in_the_middle_of_the_night(world: World) -> None:
    for departure in islice(world.departures(), 4000):
        flight = departure.flight
        left = local(departure.departs_at, flight.origin.zone)
        landed = local(departure.arrives_at, flight.destination.zone)
        assert left.date() == departure.day
        assert 5.5 <= left.hour + left.minute / 60 <= 23.5, flight
        assert landed.hour + landed.minute / 60 >= 5.5, flight


def test_over_the_change_of_clocks_local_times_stay_and_durations_too() -> None:
    world = World(Plan(first_day=date(2027, 3, 25), departures=9000))
    by_flight = defaultdict(list)
    for departure in world.departures():
        by_flight[departure.flight.id].append(departure)
    for departures in by_flight.values():
        zone = departures[0].flight.origin.zone
        assert len({local(one.departs_at, zone).time() for one in departures}) == 1
        assert len({one.arrives_at - one.departs_at for one in departures}) == 1
    assert any(
        (later.departs_at - sooner.departs_at) % timedelta(days=1)
        for departures in by_flight.values()
        for sooner, later in pairwise(departures)
    )


def test_every_way_out_has_a_way_back(world: World) -> None:
    ways = Counter((flight.airline, flight.origin.code, flight.destination.code) for flight in world.flights)
    assert all(ways[airline, there, here] == count for (airline, here, there), count in ways.items())


def test_big_pairs_are_flown_several_times_a_day(world: World) -> None:
    ways = Counter((flight.origin.code, flight.destination.code) for flight in world.flights)
    assert ways["LHR", "JFK"] >= 3
    assert ways["LHR", "DXB"] >= 3
    assert ways["FRA", "JFK"] >= 2


def test_airlines_fly_from_their_hubs_under_a_number_of_their_own(world: World) -> None:
    hubs = {airline.code: set(airline.hubs) for airline in airlines()}
    assert all({f.origin.code, f.destination.code} & hubs[f.airline] for f in world.flights)
    designators = [(flight.airline, flight.number) for flight in world.flights]
    assert len(set(designators)) == len(designators)


def test_aircraft_reach_where_they_go_and_have_plausible_cabins(world: World) -> None:
    aircraft: set[str] = set()
    for flight in world.flights:
        aircraft.add(flight.aircraft.type)
        assert flight.distance <= flight.aircraft.reach, flight
        assert 90 <= seats(flight.aircraft) <= 520
        assert flight.aircraft.seats[Cabin.ECONOMY] >= 80
    assert len(aircraft) >= 7


def seats(aircraft: Aircraft) -> int:
    return sum(aircraft.seats.values())


def test_fares_grow_with_the_way_the_cabin_and_the_wish_to_travel(world: World) -> None:
    near, far = fares_of(world, lambda f: f.distance < 1000), fares_of(world, lambda f: f.distance > 9000)
    assert max(near[Cabin.ECONOMY]) < min(far[Cabin.ECONOMY])
    assert mean(far[Cabin.BUSINESS]) > 2.5 * mean(far[Cabin.ECONOMY])
    everything = [fare for cabins in (near, far) for fares in cabins.values() for fare in fares]
    assert (min(everything) > 1500, max(everything) < 2_500_000) == (True, True)
    one_flight = {d.fares[0][1] for d in world.departures() if d.flight.id == 1}
    assert len(one_flight) >= 15


def fares_of(world: World, wanted: Callable[[Flight], bool]) -> dict[Cabin, list[int]]:
    found = defaultdict(list)
    for departure in islice(world.departures(), 3000):
        if wanted(departure.flight):
            for cabin, base in departure.fares:
                found[cabin].append(base)
    return found


def mean(fares: list[int]) -> float:
    return sum(fares) / len(fares)


@pytest.mark.parametrize("low_cost", [True, False])
@pytest.mark.parametrize("cabin", list(Cabin))
def test_a_dearer_family_allows_more(cabin: Cabin, low_cost: bool) -> None:
    light, classic, flex = families(cabin, low_cost=low_cost)
    assert light.factor < classic.factor < flex.factor
    assert light.checked_bags < classic.checked_bags <= flex.checked_bags
    assert (flex.change_fee, flex.cancel_fee, light.cancel_fee) == (0, 0, None)


def test_an_impossible_size_is_refused() -> None:
    with pytest.raises(ImpossibleSize):
        Plan(first_day=FIRST_DAY, departures=0)
