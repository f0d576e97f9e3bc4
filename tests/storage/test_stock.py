"""Seats taken and given back, on a real PostgreSQL and from many sides at once."""

import asyncio
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookingd.domain.flights import Cabin
from bookingd.domain.ids import ItemId
from bookingd.storage import stock
from bookingd.storage.database import Connection, Database
from bookingd.storage.stock import Gone, Held, SoldOut, StockKey, StockWant
from tests.fakes.inventory import Planted, plant, plant_world
from tests.fakes.sources import START

UNTIL = START + timedelta(minutes=20)
LATER = START + timedelta(minutes=30)


def item(number: int) -> ItemId:
    return ItemId(UUID(int=number))


def leg(departure: int) -> StockKey:
    return departure, Cabin.ECONOMY


def want(number: int, *departures: int, seats: int = 1) -> StockWant:
    return StockWant(
        item_id=item(number), legs=tuple(leg(one) for one in departures or (1,)), seats=seats, until=UNTIL
    )


@pytest.fixture
async def network(connection: Connection) -> Connection:
    await plant_world(connection)
    await plant(
        connection,
        Planted(id=1, seats=3),
        Planted(id=2, seats=3),
        Planted(id=3, seats=3, cancelled=True),
        Planted(id=4, seats=3, leaves=START - timedelta(days=1)),
        Planted(id=5, seats=200),
    )
    return connection


async def taken(connection: Connection, departure: int) -> int:
    count: int = await connection.fetchval("SELECT taken FROM cabin_stock WHERE departure_id = $1", departure)
    return count


async def buy(database: Database, number: int, *departures: int) -> stock.HoldOutcome:
    async with database.transaction() as connection:
        return (await stock.hold(connection, wants=[want(number, *departures)], now=START))[item(number)]


async def test_those_who_stand_first_are_served_first(network: Connection) -> None:
    wants = [want(1, seats=2), want(2, seats=2), want(3, seats=1)]
    answer = await stock.hold(network, wants=wants, now=START)
    assert answer == {item(1): Held(until=UNTIL), item(2): SoldOut(), item(3): Held(until=UNTIL)}
    assert await taken(network, 1) == 3


async def test_an_item_gets_all_of_its_legs_or_none(network: Connection) -> None:
    await stock.hold(network, wants=[want(1, 2, seats=3)], now=START)
    answer = await stock.hold(network, wants=[want(2, 1, 2)], now=START)
    assert answer == {item(2): SoldOut()}
    assert await taken(network, 1) == 0


@pytest.mark.parametrize("departure", [3, 4, 99], ids=["cancelled", "departed", "unknown"])
async def test_what_is_no_longer_sold_is_gone(network: Connection, departure: int) -> None:
    answer = await stock.hold(network, wants=[want(1, 1, departure)], now=START)
    assert answer == {item(1): Gone()}
    assert await taken(network, 1) == 0


async def test_an_unknown_cabin_is_gone(network: Connection) -> None:
    first = StockWant(item_id=item(1), legs=((1, Cabin.FIRST),), seats=1, until=UNTIL)
    assert await stock.hold(network, wants=[first], now=START) == {item(1): Gone()}


async def test_asking_again_takes_nothing_more(network: Connection) -> None:
    await stock.hold(network, wants=[want(1, seats=2)], now=START)
    again = await stock.hold(network, wants=[want(1, seats=2), want(1, seats=2)], now=START)
    assert again == {item(1): Held(until=UNTIL)}
    assert await taken(network, 1) == 2


async def test_a_sold_item_is_still_held_when_asked_again(network: Connection) -> None:
    await stock.hold(network, wants=[want(1)], now=START)
    await stock.confirm(network, items=[item(1)], now=START)
    assert await stock.hold(network, wants=[want(1)], now=LATER) == {item(1): Held(until=None)}


async def test_confirming_leaves_the_count_alone(network: Connection) -> None:
    await stock.hold(network, wants=[want(1, 1, 2, seats=2)], now=START)
    before = await network.fetchval("SELECT xmin::text FROM cabin_stock WHERE departure_id = 1")
    assert await stock.confirm(network, items=[item(1), item(9)], now=START) == {
        item(1): True,
        item(9): False,
    }
    assert await network.fetchval("SELECT xmin::text FROM cabin_stock WHERE departure_id = 1") == before
    assert await stock.check_books(network) == []


async def test_giving_back_twice_gives_back_once(network: Connection) -> None:
    await stock.hold(network, wants=[want(1, 1, 2, seats=2)], now=START)
    assert await stock.release(network, items=[item(1)], now=START) == {item(1)}
    assert await stock.release(network, items=[item(1)], now=START) == set()
    assert (await taken(network, 1), await taken(network, 2)) == (0, 0)
    assert await stock.check_books(network) == []


async def test_what_was_sold_can_be_given_back(network: Connection) -> None:
    await stock.hold(network, wants=[want(1)], now=START)
    await stock.confirm(network, items=[item(1)], now=START)
    assert await stock.release(network, items=[item(1)], now=START) == {item(1)}
    assert await taken(network, 1) == 0


async def test_a_sale_that_finds_none_left_releases_what_is_due(network: Connection) -> None:
    await stock.hold(network, wants=[want(1, 1, 2, seats=3)], now=START)
    assert await stock.hold(network, wants=[want(2)], now=UNTIL - timedelta(seconds=1)) == {
        item(2): SoldOut()
    }
    assert await stock.hold(network, wants=[want(2)], now=UNTIL) == {item(2): Held(until=UNTIL)}
    assert await stock.confirm(network, items=[item(1)], now=LATER) == {item(1): False}
    assert await stock.release(network, items=[item(1)], now=LATER) == {item(1)}
    assert (await taken(network, 1), await taken(network, 2)) == (1, 0)
    assert await stock.check_books(network) == []


async def test_who_is_told_of_a_hold_does_not_lose_it_to_the_next_in_line(network: Connection) -> None:
    await stock.hold(network, wants=[want(1, seats=3)], now=START)
    again = await stock.hold(network, wants=[want(1, seats=3), want(2)], now=UNTIL)
    assert again == {item(1): Held(until=UNTIL), item(2): SoldOut()}


async def test_a_due_hold_that_nobody_wanted_is_still_good(network: Connection) -> None:
    await stock.hold(network, wants=[want(1)], now=START)
    assert await stock.confirm(network, items=[item(1)], now=LATER) == {item(1): True}


async def test_a_longer_hold_is_not_due(network: Connection) -> None:
    await stock.hold(network, wants=[want(1, seats=3)], now=START)
    assert await stock.extend(network, items=[item(1), item(9)], until=LATER) == {item(1)}
    assert await stock.hold(network, wants=[want(2)], now=UNTIL) == {item(2): SoldOut()}


async def test_a_released_item_can_be_held_anew_on_another_way(network: Connection) -> None:
    await stock.hold(network, wants=[want(1, 1)], now=START)
    await stock.release(network, items=[item(1)], now=START)
    await stock.hold(network, wants=[want(1, 2)], now=START)
    assert await stock.confirm(network, items=[item(1)], now=START) == {item(1): True}
    assert (await taken(network, 1), await taken(network, 2)) == (0, 1)


async def test_an_item_that_lost_a_leg_takes_that_leg_anew(network: Connection) -> None:
    await stock.hold(network, wants=[want(1, 1, 2, seats=3)], now=START)
    await stock.hold(network, wants=[want(2, 1)], now=UNTIL)
    await stock.release(network, items=[item(2)], now=UNTIL)
    assert await stock.hold(network, wants=[want(1, 1, 2, seats=3)], now=UNTIL) == {
        item(1): Held(until=UNTIL)
    }
    assert await stock.check_books(network) == []


async def test_capacity_is_the_last_word(network: Connection) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="never_oversold"):
        await network.execute("UPDATE cabin_stock SET taken = 4 WHERE departure_id = 1")


async def test_books_that_do_not_balance_are_named(network: Connection) -> None:
    await stock.hold(network, wants=[want(1)], now=START)
    await network.execute("UPDATE cabin_stock SET taken = 2 WHERE departure_id = 1")
    [found] = await stock.check_books(network)
    assert (found.departure_id, found.taken, found.claimed) == (1, 2, 1)


def test_a_want_names_each_departure_once() -> None:
    with pytest.raises(ValueError, match="each once"):
        want(1, 1, 1)


async def test_of_many_buyers_exactly_as_many_succeed_as_there_are_seats(
    database: Database, network: Connection
) -> None:
    answers = await asyncio.gather(*(buy(database, number, 5) for number in range(1, 261)))
    assert sum(isinstance(answer, Held) for answer in answers) == 200
    assert sum(isinstance(answer, SoldOut) for answer in answers) == 60
    assert await taken(network, 5) == 200
    assert await stock.check_books(network) == []


async def test_buyers_of_the_same_legs_in_opposite_order_do_not_block_each_other(
    database: Database, network: Connection
) -> None:
    await network.execute("UPDATE cabin_stock SET capacity = 100")
    ways = [(1, 2) if number % 2 else (2, 1) for number in range(1, 121)]
    answers = await asyncio.gather(*(buy(database, number, *way) for number, way in enumerate(ways, start=1)))
    assert sum(isinstance(answer, Held) for answer in answers) == 100
    assert await stock.check_books(network) == []


async def exchange(database: Database, number: int, old: int, new: int) -> None:
    async with database.transaction() as connection:
        fresh = [want(number + 1000, new)]
        await stock.lock(connection, wants=fresh, items=[item(number)])
        await stock.release(connection, items=[item(number)], now=START)
        await stock.hold(connection, wants=fresh, now=START)


async def test_giving_back_and_taking_in_one_transaction_does_not_deadlock(
    database: Database, network: Connection
) -> None:
    await network.execute("UPDATE cabin_stock SET capacity = 100")
    wants = [want(number, 1 if number % 2 else 2) for number in range(1, 61)]
    await stock.hold(network, wants=wants, now=START)
    await asyncio.gather(
        *(exchange(database, number, *((1, 2) if number % 2 else (2, 1))) for number in range(1, 61))
    )
    assert (await taken(network, 1), await taken(network, 2)) == (30, 30)
    assert await stock.check_books(network) == []


async def test_a_hold_that_is_being_confirmed_is_not_taken_away(
    database: Database, network: Connection
) -> None:
    await stock.hold(network, wants=[want(1, seats=3)], now=START)
    async with database.transaction() as paying:
        await stock.confirm(paying, items=[item(1)], now=LATER)
        assert await stock.hold(network, wants=[want(2)], now=LATER) == {item(2): SoldOut()}
    assert await stock.check_books(network) == []


async def test_paying_and_losing_the_seats_at_once_ends_one_way_for_both(
    database: Database, network: Connection
) -> None:
    await stock.hold(network, wants=[want(number, 5) for number in range(1, 201)], now=START)

    async def pay(number: int) -> bool:
        async with database.transaction() as connection:
            return (await stock.confirm(connection, items=[item(number)], now=LATER))[item(number)]

    async def grab(number: int) -> bool:
        async with database.transaction() as connection:
            answer = await stock.hold(connection, wants=[want(number, 5)], now=UNTIL)
        return isinstance(answer[item(number)], Held)

    outcomes = await asyncio.gather(
        *(pay(number) for number in range(1, 101)), *(grab(number) for number in range(1001, 1101))
    )
    sold, grabbed = sum(outcomes[:100]), sum(outcomes[100:])
    kept = await network.fetchval("SELECT count(*) FROM stock_claims WHERE state = 'sold'")
    assert kept == sold
    assert grabbed == 100
    assert await stock.check_books(network) == []


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["hold", "confirm", "extend", "release"]),
        st.integers(1, 4),
        st.sampled_from([(1,), (2,), (1, 2)]),
        st.integers(1, 2),
        st.integers(0, 60),
    ),
    max_size=14,
)


@given(actions=ACTIONS)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_after_any_history_the_books_balance(
    connection: Connection, actions: list[tuple[str, int, tuple[int, ...], int, int]]
) -> None:
    history = connection.transaction()
    await history.start()
    await plant_world(connection)
    await plant(connection, Planted(id=1, seats=3), Planted(id=2, seats=3))
    for verb, number, way, seats, minutes in sorted(actions, key=lambda action: action[4]):
        await act(connection, verb, one_itinerary(number, way, seats, minutes))
        assert await stock.check_books(connection) == []
    await history.rollback()


def one_itinerary(number: int, way: tuple[int, ...], seats: int, minutes: int) -> StockWant:
    """As in a booking, another way or number of seats is another item."""
    return StockWant(
        item_id=item(number * 100 + len(way) * 30 + way[0] * 10 + seats),
        legs=tuple(leg(one) for one in way),
        seats=seats,
        until=START + timedelta(minutes=minutes + 10),
    )


async def act(connection: Connection, verb: str, wanted: StockWant) -> None:
    now = wanted.until - timedelta(minutes=10)
    match verb:
        case "hold":
            await stock.hold(connection, wants=[wanted], now=now)
        case "confirm":
            await stock.confirm(connection, items=[wanted.item_id], now=now)
        case "extend":
            await stock.extend(connection, items=[wanted.item_id], until=wanted.until)
        case _:
            await stock.release(connection, items=[wanted.item_id], now=now)
