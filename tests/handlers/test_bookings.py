"""Bookings over HTTP: what is taken in, once and for good; what is refused; what is shown."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bookingd.domain.booking.facts import PlaceBooking
from bookingd.domain.booking.state import BookingState
from bookingd.domain.passengers import Party
from bookingd.sources import Sources
from bookingd.storage.database import Connection, DatabaseUnavailable
from tests import factories
from tests.fakes.inventory import plant_world
from tests.fakes.sources import SeededChance
from tests.handlers.conftest import AMADOU, Api, MakeApi

TABLES = ("bookings", "booking_passengers", "booking_contacts", "idempotency_records", "outbox")


async def nothing_is_stored(api: Api) -> bool:
    return [await api.count(table) for table in TABLES] == [0] * len(TABLES)


# Taken in


async def test_a_booking_is_safe_before_its_answer(api: Api) -> None:
    """P4: nobody has published anything here; the row and the command are committed all the same."""
    accepted = await api.book()

    booking = await api.stored(accepted["reference"])
    assert (api.status, api.headers["Location"]) == (202, f"/v1/bookings/{booking.reference}")
    assert (booking.owner, booking.state) == (api.principal, BookingState.PENDING)
    assert await api.outbox() == [PlaceBooking(booking_id=booking.id)]


async def test_the_people_are_recorded_with_their_types(api: Api) -> None:
    child = {"given_name": "Zoë", "surname": "O'Neill-García", "born": "2018-06-01"}
    offer = await api.shown(Party(adults=1, children=1))

    accepted = await api.book(api.order(offer, passengers=[AMADOU, child]))

    shown = await api.get(accepted["links"]["self"])
    assert [(one["surname"], one["type"]) for one in shown["passengers"]] == [
        ("Diallo", "adult"),
        ("O'Neill-García", "child"),
    ]
    assert shown["contact"] == {"email": "amadou@example.org", "phone": None, "locale": "en"}


async def test_the_same_request_gets_the_same_answer(api: Api) -> None:
    order = api.order(await api.shown())
    first = await api.book(order, key="once")
    api.clock.advance(timedelta(hours=1))  # the offer has expired meanwhile

    again = await api.book(order, key="once")

    assert again == first
    assert (api.status, await api.count("bookings")) == (202, 1)


async def test_the_same_key_for_another_request_is_refused(api: Api) -> None:
    offer = await api.shown()
    await api.book(api.order(offer), key="once")

    problem = await api.book(api.order(offer, contact={"email": "other@example.org"}), key="once")

    assert (api.status, problem["type"]) == (422, "/problems/key-reused")
    assert await api.count("bookings") == 1


async def test_the_order_of_a_bodys_fields_does_not_matter(api: Api) -> None:
    order = api.order(await api.shown())
    first = await api.book(order, key="once")

    again = await api.book(dict(reversed(order.items())), key="once")

    assert again == first


async def test_two_guests_may_use_the_same_key(api: Api, stranger: Api) -> None:
    order = api.order(await api.shown())

    mine, theirs = await api.book(order, key="1"), await stranger.book(order, key="1")

    assert mine["reference"] != theirs["reference"]


async def test_twenty_clicks_are_one_booking(api: Api) -> None:
    order = api.order(await api.shown())
    clickers = [await api.somebody() for _ in range(20)]
    for clicker in clickers:
        clicker.token = api.token

    answers = await asyncio.gather(*(clicker.book(order, key="click") for clicker in clickers))

    taken = [answer for clicker, answer in zip(clickers, answers, strict=True) if clicker.status == 202]
    told = {clicker.status for clicker in clickers}
    assert (await api.count("bookings"), len(await api.outbox())) == (1, 1)
    assert told <= {202, 409}
    assert len({answer["reference"] for answer in taken}) == 1


async def test_the_same_request_is_not_begun_while_it_runs(api: Api, owner_connection: Connection) -> None:
    order, again = api.order(await api.shown()), replace(api)
    async with owner_connection.transaction():
        await owner_connection.execute("LOCK TABLE bookings")
        running = asyncio.ensure_future(api.book(order, key="once"))
        await asyncio.sleep(0.1)

        problem = await again.book(order, key="once")

    assert (again.status, problem["type"]) == (409, "/problems/request-running")
    assert "Retry-After" in again.headers
    await running
    assert (api.status, await api.count("bookings")) == (202, 1)


async def test_two_processes_that_get_the_same_request_make_one_booking(api: Api, make_api: MakeApi) -> None:
    order = api.order(await api.shown())
    others = [await make_api() for _ in range(4)]
    for other in others:
        other.token = api.token

    answers = await asyncio.gather(*(other.book(order, key="once") for other in others))

    assert [other.status for other in others] == [202] * 4
    assert len({answer["booking_token"] for answer in answers}) == 1
    assert await api.count("bookings") == 1


async def test_many_requests_are_all_taken_in(api: Api) -> None:
    order = api.order(await api.shown())
    buyers = [await api.somebody() for _ in range(50)]

    answers = await asyncio.gather(*(buyer.book(order) for buyer in buyers))

    assert len({answer["reference"] for answer in answers}) == 50
    assert len(await api.outbox()) == 50
    owners = [(await api.stored(answer["reference"])).owner for answer in answers]
    assert owners == [buyer.principal for buyer in buyers]


async def test_a_reference_that_is_taken_is_drawn_again(api: Api, make_api: MakeApi) -> None:
    """Two processes with the same chances draw the same reference."""
    order = api.order(await api.shown())
    twins = []
    for _ in range(2):
        sources = Sources(clock=api.clock, ids=api.parts.sources.ids, chance=SeededChance(7))
        twins.append(await make_api(sources=sources))
        twins[-1].token = api.token

    answers = [await twin.book(order) for twin in twins]

    assert [twin.status for twin in twins] == [202, 202]
    assert answers[0]["reference"] != answers[1]["reference"]
    for answer in answers:
        assert (await api.stored(answer["reference"])).reference == answer["reference"]


async def test_the_booking_token_is_not_kept_anywhere(api: Api) -> None:
    accepted = await api.book()

    async with api.parts.database.connection() as connection:
        (record,) = await connection.fetch("SELECT * FROM idempotency_records")
    assert accepted["booking_token"].encode() not in record["answer"]
    assert record["status"] == 202


# Waiting


async def test_whoever_prefers_to_wait_is_told_what_came_of_it(api: Api) -> None:
    order = api.order(await api.shown())
    waiting = asyncio.ensure_future(api.book(order, Prefer="wait=20"))
    await api.until_stored("bookings")
    async with api.parts.database.connection() as connection:
        reference = await connection.fetchval("SELECT reference FROM bookings")

    await api.change(reference, state=BookingState.AWAITING_PAYMENT)
    async with asyncio.timeout(10):  # woken, long before its time was over
        answer = await waiting

    assert (api.status, answer["state"]) == (201, "awaiting_payment")
    assert api.headers["Preference-Applied"] == "wait=20"


async def test_a_wait_that_is_over_says_how_far_it_has_come(api: Api) -> None:
    answer = await api.book(Prefer="respond-async, wait=1")

    assert (api.status, answer["state"]) == (202, "pending")
    assert api.headers["Preference-Applied"] == "wait=1"


async def test_a_lost_notice_costs_only_time(api: Api) -> None:
    order = api.order(await api.shown())
    waiting = asyncio.ensure_future(api.book(order, Prefer="wait=1"))
    await api.until_stored("bookings")
    async with api.parts.database.connection() as connection:
        reference = await connection.fetchval("SELECT reference FROM bookings")

    await api.change(reference, quietly=True, state=BookingState.FAILED, reason="sold_out")
    answer = await waiting

    assert (api.status, answer["state"], answer["reason"]) == (201, "failed", "sold_out")


async def test_nobody_waits_longer_than_twenty_seconds(api: Api) -> None:
    order = api.order(await api.shown())
    accepted = await api.book(order, key="k")
    await api.change(accepted["reference"], state=BookingState.AWAITING_PAYMENT)

    await api.book(order, key="k", Prefer="wait=3600")

    assert (api.status, api.headers["Preference-Applied"]) == (201, "wait=20")


# Refused


def passengers(*people: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**AMADOU, **person} for person in people]


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"offer_id": "of_nonsense"}, "offer_id", "unknown_offer"),
        ({"offer_id": "of_" + "A" * 24}, "offer_id", "unknown_offer"),
        ({"offer_id": "st_" + "A" * 24}, "offer_id", "not_bookable"),
        ({"offer_id": "pk_" + "A" * 52}, "offer_id", "not_bookable"),
        ({"offer_id": 7}, "offer_id", "type"),
        ({"offer_id": None}, "offer_id", "required"),
        ({"passengers": []}, "passengers", "length"),
        ({"passengers": "all"}, "passengers", "type"),
        ({"passengers": [1]}, "passengers[0]", "type"),
        ({"passengers": passengers({}, {})}, "passengers", "party_differs"),
        ({"passengers": passengers(*({} for _ in range(10)))}, "passengers", "too_many"),
        ({"passengers": passengers(*({} for _ in range(30)))}, "passengers", "length"),
        ({"passengers": passengers({"born": "2026-02-03"})}, "passengers", "infants_without_adults"),
        ({"passengers": passengers({"born": "2017-02-03"})}, "passengers", "minors_alone"),
        ({"passengers": passengers({"born": "2027-01-01"})}, "passengers[0].born", "born_in_future"),
        ({"passengers": passengers({"born": "03/07/1985"})}, "passengers[0].born", "date"),
        ({"passengers": passengers({"born": 19850307})}, "passengers[0].born", "date"),
        ({"passengers": passengers({"type": "child"})}, "passengers[0].born", "type_differs"),
        ({"passengers": passengers({"given_name": "Амаду"})}, "passengers[0].given_name", "name_spelling"),
        ({"passengers": passengers({"surname": "D\u0000"})}, "passengers[0].surname", "characters"),
        ({"passengers": passengers({"surname": ""})}, "passengers[0].surname", "length"),
        ({"passengers": [{"given_name": "A", "born": "1985-03-07"}]}, "passengers[0].surname", "required"),
        ({"contact": {"email": "nobody"}}, "contact.email", "email"),
        ({"contact": {"email": "a@b.example\r\nBcc: c@d.example"}}, "contact.email", "characters"),
        ({"contact": {"email": "a@localhost"}}, "contact.email", "email"),
        ({"contact": {}}, "contact.email", "required"),
        ({"contact": {"email": "a@b.example", "phone": "call me"}}, "contact.phone", "phone"),
        ({"contact": {"email": "a@b.example", "locale": "!!"}}, "contact.locale", "locale"),
        ({"contact": None}, "contact", "required"),
        ({"kontact": {}}, "kontact", "unknown"),
    ],
)
async def test_what_is_wrong_is_told_by_its_field_and_nothing_is_stored(
    api: Api, changes: dict[str, Any], field: str, code: str
) -> None:
    problem = await api.book(api.order(await api.shown(), **changes))

    assert (api.status, problem["type"]) == (422, "/problems/invalid-fields")
    assert (field, code) in {(error["field"], error["code"]) for error in problem["errors"]}
    assert await nothing_is_stored(api)


async def test_an_expired_offer_is_gone(api: Api) -> None:
    order = api.order(await api.shown())
    api.clock.advance(timedelta(minutes=20))

    problem = await api.book(order)

    assert (api.status, problem["type"]) == (410, "/problems/offer-expired")
    assert problem["errors"][0]["field"] == "offer_id"
    assert await nothing_is_stored(api)


async def test_an_offer_that_expires_after_it_was_booked_once_is_gone_for_the_next(
    api: Api, stranger: Api
) -> None:
    order = api.order(await api.shown())
    await api.book(order)
    api.clock.advance(timedelta(minutes=20))

    await stranger.book(order)

    assert stranger.status == 410


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"{", "line 1, column 2: it ends too early"),
        (b'{"offer_id":\n  of_1}', "line 2, column 3: this is not JSON"),
        (b"", "line 1, column 1: it ends too early"),
        (b"\xff\xfe", "line 1, column 1: this is not JSON"),
        (b'{"a": 1,\n "b": "x\xff"}', "line 2, column 9: this is not UTF-8"),
        (b'{"\xc3": 1}', "line 1, column 3: this is not UTF-8"),
        (b"[" * 10_000, "nested too deeply"),
        (b'{"offer_id": "a", "offer_id": "b"}', "'offer_id' stands in one object more than once"),
        (b'{"a": [{"b": 1, "\\u0062": 2}]}', "'b' stands in one object more than once"),
    ],
)
async def test_malformed_json_is_told_with_its_place(api: Api, body: bytes, told: str) -> None:
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}

    problem = await api.ask("POST", "/v1/bookings", data=body, headers=headers)

    assert (api.status, problem["type"]) == (400, "/problems/malformed-json")
    assert told in problem["detail"]
    assert await nothing_is_stored(api)


async def test_a_list_is_no_booking(api: Api) -> None:
    problem = await api.post("/v1/bookings", [], headers={"Idempotency-Key": "k"})

    assert (api.status, problem["errors"][0]["code"]) == (422, "type")


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "identity", "x"])
async def test_a_body_is_taken_without_encoding_only(api: Api, encoding: str) -> None:
    """What is said to be gzip and is none met an error of aiohttp's own."""
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json", "Content-Encoding": encoding}

    problem = await api.ask("POST", "/v1/bookings", data=b"garbage", headers=headers)

    assert (api.status, problem["type"]) == (415, "/problems/media-type")
    assert api.headers["Accept-Encoding"] == "identity"


async def test_a_body_of_another_type_is_refused(api: Api) -> None:
    problem = await api.ask("POST", "/v1/bookings", data={"offer_id": "x"}, headers={"Idempotency-Key": "k"})

    assert (api.status, problem["type"]) == (415, "/problems/media-type")


async def test_a_body_that_is_missing_is_told_apart_from_a_wrong_one(api: Api) -> None:
    problem = await api.ask("POST", "/v1/bookings", headers={"Idempotency-Key": "k"})

    assert (api.status, problem["detail"].split(";")[0]) == (415, "There is no body")


async def test_a_huge_body_is_refused(api: Api) -> None:
    body = {"offer_id": "x" * 300_000}

    problem = await api.post("/v1/bookings", body, headers={"Idempotency-Key": "k"})

    assert (api.status, problem["type"]) == (413, "/problems/body-too-large")
    assert await nothing_is_stored(api)


@pytest.mark.parametrize("key", [None, "", "x" * 256, "schl\u00fcssel"])
async def test_a_booking_needs_a_good_key(api: Api, key: str | None) -> None:
    order = api.order(await api.shown())
    headers = {} if key is None else {"Idempotency-Key": key}

    problem = await api.post("/v1/bookings", order, headers=headers)

    assert (api.status, problem["errors"][0]["field"]) == (400, "Idempotency-Key")
    assert await nothing_is_stored(api)


# Shown


async def test_a_booking_that_has_not_moved_is_not_sent_again(api: Api) -> None:
    booking = await api.booked()
    here = f"/v1/bookings/{booking.reference}"
    await api.get(here)
    etag = api.headers["ETag"]

    await api.get(here, headers={"If-None-Match": etag})
    assert api.status == 304

    await api.change(booking.reference, state=BookingState.AWAITING_PAYMENT)
    await api.get(here, headers={"If-None-Match": etag})
    assert api.status == 200


async def test_a_reference_is_read_however_it_is_typed(api: Api) -> None:
    booking = await api.booked()

    shown = await api.get(f"/v1/bookings/{booking.reference.lower()}")

    assert shown["reference"] == booking.reference


async def test_a_proposed_price_is_shown_beside_the_agreed_one(api: Api) -> None:
    booking = await api.booked()
    (item,) = booking.items
    dearer = factories.dearer(item.offer)
    proposed = booking.with_item(type(item)(id=item.id, offer=item.offer, state=item.state, proposed=dearer))
    await api.change(booking.reference, state=BookingState.PRICE_CHANGED, items=proposed.items)

    shown = await api.get(f"/v1/bookings/{booking.reference}")

    assert shown["total"]["decimal"] == "100.00"
    assert shown["proposed_total"]["decimal"] == "105.00"
    assert shown["items"][0]["proposed"]["price"]["total"]["decimal"] == "105.00"


async def test_the_timeline_is_read_from_any_step_on(api: Api) -> None:
    booking = await api.booked()
    for state in (BookingState.AWAITING_PAYMENT, BookingState.CONFIRMING, BookingState.CONFIRMED):
        await api.change(booking.reference, state=state)

    told = await api.get(f"/v1/bookings/{booking.reference}/events?after=1")

    assert [(event["sequence"], event["state"]) for event in told["events"]] == [
        (2, "confirming"),
        (3, "confirmed"),
    ]
    assert told["events"][0]["details"] == {"step": 2}
    assert told["more"] is False


async def test_the_list_holds_ones_own_the_newest_first(api: Api, stranger: Api) -> None:
    await stranger.booked()
    mine = []
    for _ in range(5):
        mine.append((await api.booked()).reference)
        api.clock.advance(1)

    first = await api.get("/v1/bookings?limit=3")
    second = await api.get(f"/v1/bookings?limit=3&cursor={first['next']}")

    shown = [line["reference"] for page in (first, second) for line in page["bookings"]]
    assert shown == mine[::-1]
    assert second["next"] is None


async def test_a_made_up_cursor_is_refused(api: Api) -> None:
    problem = await api.get("/v1/bookings?cursor=WyJ4Il0")

    assert (api.status, problem["errors"][0]["field"]) == (422, "cursor")


async def test_with_the_database_away_everybody_is_told_at_once(
    make_api: MakeApi, owner_connection: Connection
) -> None:
    """P12."""
    await plant_world(owner_connection)
    api = await (await make_api()).somebody()
    order = api.order(await api.shown())
    await api.book(order)  # the offer is known now
    lost = await make_api(transactions=_Lost())
    buyers = [await lost.somebody() for _ in range(30)]

    await asyncio.gather(*(buyer.book(order) for buyer in buyers))

    assert {buyer.status for buyer in buyers} == {503}
    assert all("Retry-After" in buyer.headers for buyer in buyers)


class _Lost:
    """Transactions of a database that has gone."""

    def begin(self) -> Any:
        raise DatabaseUnavailable


async def test_who_booked_for_whom_is_in_the_trail_and_can_be_erased(
    api: Api, connection: Connection
) -> None:
    """P11: the entry commits with the booking; of its people it holds commitments only."""
    booking = await api.booked()

    trail = await connection.fetchval(
        "SELECT string_agg(canonical::text, ' ') FROM audit_entries WHERE action = 'booking.requested'"
    )
    kept = await connection.fetch("SELECT field FROM audit_personal ORDER BY field")

    assert booking.reference in trail
    assert "@" not in trail
    assert [row["field"] for row in kept] == ["email", "travellers"]
