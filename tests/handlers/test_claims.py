"""An account takes over what was booked with its address: once, by nothing else, and for good."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import hdrs

from bookingd.bus.memory import MemoryBus
from bookingd.domain.booking.state import Booking, BookingState
from bookingd.domain.ids import AccountId
from bookingd.messages.catalogue import CATALOGUE, Message
from bookingd.security.addresses import key_of
from bookingd.sources import Sources
from bookingd.storage import accounts, bookings
from bookingd.storage.database import Connection, Database
from bookingd.storage.outbox import Bundle
from bookingd.storage.transactions import Transactions
from bookingd.tokens import Purpose
from tests.fakes.accounts import plant_account
from tests.fakes.inventory import plant_world
from tests.fakes.sources import ManualClock, SeededChance, SequentialIds
from tests.handlers.conftest import CONTACT, Api, MakeApi
from tests.handlers.test_access import told

EMAIL = CONTACT["email"]
MOVED = "new@mail.example"


class Telling:
    """Tells the server's own bus of what was committed, as the relay does; messages stay in the outbox."""

    bus: MemoryBus

    def claim_until(self) -> None:
        return None

    def hand_over(self, bundles: Sequence[Bundle], notices: Sequence[Message]) -> None:
        self.bus.notify(notices)


@pytest.fixture
async def api(
    make_api: MakeApi,
    owner_connection: Connection,
    database: Database,
    clock: ManualClock,
    ids: SequentialIds,
) -> Api:
    """As elsewhere, and notices are heard."""
    await plant_world(owner_connection)
    sources, telling = Sources(clock=clock, ids=ids, chance=SeededChance()), Telling()
    transactions = Transactions(database=database, sources=sources, catalogue=CATALOGUE, outlet=telling)
    made = await make_api(transactions=transactions)
    telling.bus = made.bus
    return await made.somebody()


@pytest.fixture
async def account(connection: Connection) -> AccountId:
    """Who has the address of the bookings that guests make here."""
    return await plant_account(connection, 1, address=EMAIL)


@pytest.fixture
async def traveller(api: Api, account: AccountId) -> Api:
    return await api.signed_in(account)


async def take(who: Api, reference: str, **more: Any) -> Any:
    return await who.post(f"/v1/bookings/{reference}/claims", {}, **more)


async def listed(who: Api, path: str = "/v1/bookings") -> list[str]:
    return [one["reference"] for one in (await who.get(path))["bookings"]]


async def trail(api: Api, booking: Booking) -> list[dict[str, Any]]:
    async with api.parts.database.connection() as connection:
        rows = await connection.fetch(
            "SELECT canonical::text FROM audit_entries WHERE subject_id = $1 ORDER BY at, id", str(booking.id)
        )
    return [json.loads(row["canonical"]) for row in rows]


async def somebody_waits(connection: Connection, *, many: int = 1) -> None:
    """Until so many wait for what others have locked; the database has no event for that."""
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    async with asyncio.timeout(10):
        while await connection.fetchval(waiting) < many:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def booked_with(api: Api, email: str) -> Booking:
    made = await api.book(api.order(await api.shown(), contact={"email": email}))
    assert api.status == 202, made
    return await api.stored(made["reference"])


async def test_what_was_booked_with_its_address_is_the_accounts(api: Api, traveller: Api) -> None:
    booking = await api.booked()
    assert await listed(traveller) == []

    taken = await take(traveller, booking.reference)

    assert (traveller.status, taken["reference"]) == (200, booking.reference)
    assert await listed(traveller) == [booking.reference]
    assert (await traveller.get(taken["links"]["self"]))["reference"] == booking.reference
    assert (await api.stored(booking.reference)).owner == traveller.principal


async def test_the_rest_of_the_booking_stays_as_it_was(api: Api, traveller: Api) -> None:
    booking = await api.booked(state=BookingState.AWAITING_PAYMENT)

    await take(traveller, booking.reference)

    after = await api.stored(booking.reference)
    assert after.sequence == booking.sequence
    assert (after.state, after.items) == (booking.state, booking.items)


async def test_the_guest_keeps_the_tokens_and_nothing_else(api: Api, traveller: Api) -> None:
    made = await api.book()
    await take(traveller, made["reference"])

    await api.get(made["links"]["self"])
    assert api.status == 404
    assert await listed(api) == []
    await api.get(made["links"]["self"], headers={"Booking-Token": made["booking_token"]})
    assert api.status == 200


async def test_asking_again_does_nothing(api: Api, traveller: Api) -> None:
    booking = await api.booked()
    await take(traveller, booking.reference)
    before = await trail(api, booking)

    await take(traveller, booking.reference)

    assert traveller.status == 200
    assert await trail(api, booking) == before


async def test_the_trail_says_who_took_it_from_whom(api: Api, traveller: Api) -> None:
    booking = await api.booked()

    await take(traveller, booking.reference)

    (entry,) = [one for one in await trail(api, booking) if one["action"] == "booking.taken_over"]
    assert entry["principal"] == entry["details"]["owner"] == traveller.principal
    assert entry["details"]["former_owner"] == api.principal


@pytest.mark.parametrize("address", ["somebody@else.example", "amadou@example.com", "xamadou@example.org"])
async def test_another_address_gets_nothing(api: Api, connection: Connection, address: str) -> None:
    booking = await api.booked()
    other = await api.signed_in(await plant_account(connection, 2, address=address))

    foreign = await take(other, booking.reference)
    assert other.status == 404
    unknown = await take(other, "ZZZZZZ")

    assert told(foreign) == told(unknown)
    assert (await api.stored(booking.reference)).owner == api.principal
    assert "access.refused" in [entry["action"] for entry in await trail(api, booking)]


@pytest.mark.parametrize("purpose", [Purpose.BOOKING, Purpose.LINK])
async def test_a_token_gives_no_booking_away(api: Api, connection: Connection, purpose: Purpose) -> None:
    """P10: who was handed a token may look and pay, and takes nothing from who made it."""
    booking = await api.booked()
    other = await api.signed_in(await plant_account(connection, 2))
    until = api.clock.now() + timedelta(hours=1)
    token = api.parts.signer.sign(purpose, str(booking.id), expires_at=until)
    await other.get(f"/v1/bookings/{booking.reference}", headers={"Booking-Token": token})
    assert other.status == 200

    await take(other, booking.reference, headers={"Booking-Token": token})

    assert other.status == 404


async def test_what_has_an_account_is_not_there_for_another(
    api: Api, traveller: Api, connection: Connection
) -> None:
    """Also where its contact has the other's address: who books for a friend keeps the booking."""
    friend = await api.signed_in(await plant_account(connection, 2))
    made = await friend.book()

    await take(traveller, made["reference"])

    assert traveller.status == 404
    assert await listed(traveller, "/v1/me/claimable-bookings") == []
    assert await listed(friend) == [made["reference"]]


async def test_of_two_who_had_the_address_at_once_one_gets_it(
    api: Api, account: AccountId, traveller: Api, connection: Connection
) -> None:
    """The address goes from one account to another while both ask."""
    booking = await api.booked()
    heir = await plant_account(connection, 2)
    other = await api.signed_in(heir)

    async def inherit() -> None:
        async with api.parts.database.transaction() as changing:
            await accounts.set_address(changing, account=account, address=MOVED, key=MOVED)
            await accounts.set_address(changing, account=heir, address=EMAIL, key=EMAIL)

    await asyncio.gather(
        *(take(traveller, booking.reference) for _ in range(3)),
        inherit(),
        *(take(other, booking.reference) for _ in range(3)),
    )
    await take(other, booking.reference)

    owner = (await api.stored(booking.reference)).owner
    lists = {who.principal: await listed(who) for who in (traveller, other)}
    assert lists.pop(owner) == [booking.reference]
    assert list(lists.values()) == [[]]
    entries = [entry["action"] for entry in await trail(api, booking)]
    assert entries.count("booking.taken_over") == 1


async def test_a_booking_that_moves_meanwhile_loses_neither_its_step_nor_its_owner(
    api: Api, traveller: Api, connection: Connection
) -> None:
    """The booking actor writes the whole lifecycle, with the owner in it, under the same lock."""
    booking = await api.booked()

    async with api.parts.transactions.begin() as transaction:
        locked = (await bookings.lock(transaction.connection, ids=[booking.id]))[booking.id]
        taking = asyncio.create_task(take(traveller, booking.reference))
        await somebody_waits(connection)
        moved = replace(locked, state=BookingState.AWAITING_PAYMENT)
        await bookings.save(transaction.connection, bookings=[moved], events=[], now=transaction.now)
    await taking

    after = await api.stored(booking.reference)
    assert (after.owner, after.state) == (traveller.principal, BookingState.AWAITING_PAYMENT)


async def test_an_address_is_not_changed_between_the_look_at_it_and_the_deed(
    api: Api, account: AccountId, traveller: Api, connection: Connection
) -> None:
    booking = await api.booked()

    async def change() -> None:
        async with api.parts.database.transaction() as changing:
            await accounts.set_address(changing, account=account, address=MOVED, key=MOVED)

    async with api.parts.transactions.begin() as transaction:
        await bookings.lock(transaction.connection, ids=[booking.id])
        taking = asyncio.create_task(take(traveller, booking.reference))
        await somebody_waits(connection)
        changing = asyncio.create_task(change())
        await somebody_waits(connection, many=2)
    await asyncio.gather(taking, changing)

    assert (await api.stored(booking.reference)).owner == traveller.principal


async def test_another_address_later_changes_nothing_of_what_is_owned(
    api: Api, account: AccountId, traveller: Api, connection: Connection
) -> None:
    booking, later = await api.booked(), await api.booked()
    await take(traveller, booking.reference)
    await accounts.set_address(
        connection, account=account, address="new@mail.example", key="new@mail.example"
    )

    await take(traveller, booking.reference)
    assert traveller.status == 200
    await take(traveller, later.reference)

    assert traveller.status == 404
    assert await listed(traveller) == [booking.reference]


@pytest.mark.parametrize("email", ["AMADOU@Example.org", "amadou@EXAMPLE.ORG"])
async def test_however_the_address_was_written(api: Api, traveller: Api, email: str) -> None:
    booking = await booked_with(api, email)

    assert await listed(traveller, "/v1/me/claimable-bookings") == [booking.reference]
    await take(traveller, booking.reference)

    assert traveller.status == 200


@pytest.mark.parametrize("email", ["am\u0430dou@example.org", "amadou@ex\u0430mple.org"])
async def test_an_address_that_looks_the_same_is_another(api: Api, traveller: Api, email: str) -> None:
    """A Cyrillic letter among Latin ones."""
    booking = await booked_with(api, email)

    assert await listed(traveller, "/v1/me/claimable-bookings") == []
    await take(traveller, booking.reference)

    assert traveller.status == 404


async def test_what_was_erased_belongs_to_nobody_any_more(
    api: Api, traveller: Api, owner_connection: Connection
) -> None:
    booking = await api.booked()
    await owner_connection.execute("DELETE FROM booking_contacts")

    await take(traveller, booking.reference)

    assert traveller.status == 404


async def test_guests_and_nobody_take_nothing_over(api: Api, stranger: Api) -> None:
    booking = await api.booked()
    for who in (stranger, api, api.nobody()):
        await take(who, booking.reference)
        assert who.status == 401


@pytest.mark.parametrize("body", [{"account": "x"}, {"owner": "account:1"}, {"token": "x"}, [], "x"])
async def test_nothing_is_taken_with_the_request(api: Api, traveller: Api, body: Any) -> None:
    """Mass assignment."""
    booking = await api.booked()

    await traveller.post(f"/v1/bookings/{booking.reference}/claims", body)

    assert traveller.status == 422
    assert (await api.stored(booking.reference)).owner == api.principal


async def test_another_site_takes_nothing_over(api: Api, traveller: Api) -> None:
    booking = await api.booked()

    await take(traveller, booking.reference, headers={"Sec-Fetch-Site": "cross-site"})

    assert traveller.status == 403


async def test_an_account_that_is_closed_meanwhile_gets_nothing(
    api: Api, account: AccountId, traveller: Api, connection: Connection
) -> None:
    """Its session is believed for a moment; the account's row is not."""
    booking = await api.booked()
    await traveller.get("/v1/bookings")
    await connection.execute("UPDATE accounts SET state = 'suspended' WHERE id = $1", account)

    await take(traveller, booking.reference)

    assert traveller.status == 401
    assert (await api.stored(booking.reference)).owner == api.principal


# What may be taken over


async def test_what_may_be_taken_over_is_listed_until_it_is(api: Api, traveller: Api) -> None:
    first = await api.booked()
    api.clock.advance(timedelta(seconds=1))
    second = await (await api.somebody()).booked()
    await booked_with(api, "somebody@else.example")

    assert await listed(traveller, "/v1/me/claimable-bookings") == [second.reference, first.reference]
    await take(traveller, first.reference)
    assert await listed(traveller, "/v1/me/claimable-bookings") == [second.reference]


async def test_the_list_goes_on_where_its_page_ends(api: Api, traveller: Api) -> None:
    made = [(await api.booked()).reference for _ in range(3)]

    page = await traveller.get("/v1/me/claimable-bookings", params={"limit": 2})
    rest = await traveller.get("/v1/me/claimable-bookings", params={"limit": 2, "cursor": page["next"]})

    assert sorted(one["reference"] for one in page["bookings"] + rest["bookings"]) == sorted(made)
    assert rest["next"] is None


async def test_a_foreign_cursor_is_refused(traveller: Api) -> None:
    await traveller.get("/v1/me/claimable-bookings", params={"cursor": "x"})

    assert traveller.status == 422


# From the start, and live


async def test_what_is_booked_while_signed_in_is_the_accounts_from_the_start(
    api: Api, traveller: Api, account: AccountId
) -> None:
    made = await traveller.book()

    elsewhere = await api.signed_in(account)
    assert await listed(elsewhere) == [made["reference"]]
    await take(elsewhere, made["reference"])
    assert elsewhere.status == 200


async def test_a_socket_of_the_former_owner_is_hung_up_on(api: Api, traveller: Api) -> None:
    booking = await api.booked()
    headers = {hdrs.AUTHORIZATION: f"Bearer {api.token}"}
    async with api.client.ws_connect("/v1/live", headers=headers) as socket:
        await socket.send_json({"subscribe": f"booking:{booking.reference}", "after": 0})
        assert "subscribed" in await socket.receive_json(timeout=5)

        await take(traveller, booking.reference)
        await socket.receive(timeout=5)
        assert socket.close_code == 4001

    async with api.client.ws_connect("/v1/live", headers=headers) as socket:
        await socket.send_json({"subscribe": f"booking:{booking.reference}", "after": 0})
        answer = await socket.receive_json(timeout=5)
    assert answer["error"]["type"] == "/problems/not-found"


async def test_the_new_owner_follows_it(api: Api, traveller: Api) -> None:
    booking = await api.booked()
    await take(traveller, booking.reference)
    headers = {hdrs.AUTHORIZATION: f"Bearer {traveller.token}"}
    async with api.client.ws_connect("/v1/live", headers=headers) as socket:
        await socket.send_json({"subscribe": f"booking:{booking.reference}", "after": 0})
        assert "subscribed" in await socket.receive_json(timeout=5)

        await api.change(booking.reference, state=BookingState.AWAITING_PAYMENT)

        assert (await socket.receive_json(timeout=5))["state"] == "awaiting_payment"


async def test_who_follows_another_booking_is_left_alone(api: Api, stranger: Api, traveller: Api) -> None:
    booking, other = await api.booked(), await stranger.booked()
    headers = {hdrs.AUTHORIZATION: f"Bearer {stranger.token}"}
    async with api.client.ws_connect("/v1/live", headers=headers) as socket:
        await socket.send_json({"subscribe": f"booking:{other.reference}", "after": 0})
        await socket.receive_json(timeout=5)
        await take(traveller, booking.reference)

        await api.change(other.reference, state=BookingState.AWAITING_PAYMENT)

        assert (await socket.receive_json(timeout=5))["state"] == "awaiting_payment"


def test_the_key_of_a_contact_is_that_of_an_account() -> None:
    assert key_of(EMAIL.upper()) == EMAIL
