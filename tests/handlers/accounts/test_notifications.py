"""What an account was told, as a list: its own mails and those of its bookings, and nobody else's (P10)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from bookingd.domain.ids import AccountId, BookingId
from bookingd.storage import notifications
from bookingd.storage.database import Connection
from bookingd.storage.notifications import Attempt, NotificationKey
from tests.fakes.accounts import plant_account
from tests.handlers.conftest import Api

TOLD = "/v1/me/notifications"


@pytest.fixture
async def account(connection: Connection) -> AccountId:
    return await plant_account(connection)


@pytest.fixture
async def owner(api: Api, account: AccountId) -> Api:
    return await api.signed_in(account)


async def tell(api: Api, connection: Connection, key: NotificationKey, *, sent: bool = True) -> None:
    """Somebody is told, a second after whoever was told before."""
    api.clock.advance(timedelta(seconds=1))
    attempt = Attempt(
        key=key, recipient="somebody-1@mail.example", message_id=f"<{key.id}@agency.example>", repeat=False
    )
    await notifications.begin(connection, attempts=[attempt], channel="email", now=api.clock.now())
    if sent:
        await notifications.mark_sent(connection, receipts={key.id: "250 ok"}, sent_at=api.clock.now())


def about(account: AccountId, kind: str, occasion: str = "") -> NotificationKey:
    return NotificationKey(account_id=account, kind=kind, occasion=occasion)


def lines(page: Any) -> list[tuple[str, str | None]]:
    return [(one["kind"], one["reference"]) for one in page["notifications"]]


async def test_an_account_sees_what_it_was_told_of_itself_and_of_its_bookings(
    owner: Api, account: AccountId, connection: Connection
) -> None:
    reference = (await owner.book())["reference"]
    booking = (await owner.stored(reference)).id
    await tell(owner, connection, about(account, "new_device", "1"))
    await tell(owner, connection, NotificationKey(booking_id=booking, kind="confirmed"))
    code = NotificationKey(booking_id=booking, kind="access_code", occasion="77")
    await tell(owner, connection, code, sent=False)

    page = await owner.get(TOLD)

    assert lines(page) == [("access_code", reference), ("confirmed", reference), ("new_device", None)]
    assert page["next"] is None
    now = owner.clock.now().isoformat().replace("+00:00", "Z")
    assert page["notifications"][0] == {
        "id": str(code.id),
        "kind": "access_code",
        "reference": reference,
        "channel": "email",
        "recipient": "somebody-1@mail.example",
        "state": "sending",
        "made_at": now,
        "sent_at": None,
    }


async def test_the_messages_of_a_booking_name_a_code_that_was_sent_and_do_not_have_it(
    owner: Api, connection: Connection
) -> None:
    reference = (await owner.book())["reference"]
    booking = (await owner.stored(reference)).id
    key = NotificationKey(booking_id=booking, kind="access_code", occasion=str(UUID(int=77)))
    await tell(owner, connection, key)

    told = (await owner.get(f"/v1/bookings/{reference}/messages"))["messages"]

    assert [one["kind"] for one in told] == ["access_code"]
    assert set(told[0]) == {"kind", "channel", "recipient", "state", "sent_at"}


async def test_nobody_sees_what_others_were_told(
    api: Api, owner: Api, account: AccountId, connection: Connection
) -> None:
    booking = (await owner.stored((await owner.book())["reference"])).id
    guests = (await api.booked()).id
    other = await plant_account(connection, 2)
    await tell(owner, connection, about(account, "new_device"))
    await tell(owner, connection, NotificationKey(booking_id=booking, kind="confirmed"))
    await tell(owner, connection, NotificationKey(booking_id=guests, kind="confirmed"))

    assert lines(await (await api.signed_in(other)).get(TOLD)) == []
    assert len(lines(await owner.get(TOLD))) == 2


async def test_whether_a_link_went_to_a_wanted_address_is_not_told(
    owner: Api, account: AccountId, connection: Connection
) -> None:
    """None goes to one that has an account: the list would say who has one."""
    await tell(owner, connection, about(account, "address_asked"))
    await tell(owner, connection, about(account, "address_confirm"))

    assert lines(await owner.get(TOLD)) == [("address_asked", None)]


async def test_pages_follow_each_other_over_both_kinds(
    owner: Api, account: AccountId, connection: Connection
) -> None:
    booking: BookingId = (await owner.stored((await owner.book())["reference"])).id
    for number in range(3):
        await tell(owner, connection, about(account, "new_device", str(number)))
        await tell(
            owner, connection, NotificationKey(booking_id=booking, kind="price_changed", occasion=str(number))
        )
    whole = (await owner.get(TOLD))["notifications"]

    paged: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await owner.get(f"{TOLD}?limit=4" + (f"&cursor={cursor}" if cursor else ""))
        paged += page["notifications"]
        cursor = page["next"]

    assert len(whole) == 6
    assert paged == whole
    assert [one["made_at"] for one in paged] == sorted((one["made_at"] for one in paged), reverse=True)


@pytest.mark.parametrize("query", ["cursor=nonsense", "limit=0", "limit=101", "kind=verify"])
async def test_what_cannot_be_asked_for_is_refused(owner: Api, query: str) -> None:
    problem = await owner.get(f"{TOLD}?{query}")

    assert (owner.status, problem["type"]) == (422, "/problems/invalid-fields")


async def test_a_guest_has_no_such_list(api: Api) -> None:
    await api.get(TOLD)

    assert api.status == 401
