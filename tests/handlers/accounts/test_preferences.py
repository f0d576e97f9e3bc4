"""Choosing what one hears of: by the account alone, and never away from what it has to hear."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from bookingd.domain.accounts.preferences import Channel, Topic
from bookingd.domain.ids import AccountId
from bookingd.storage import preferences
from bookingd.storage.database import Connection
from tests.fakes.accounts import plant_account
from tests.handlers.conftest import Api, MakeApi

HERE = "/v1/me/notification-preferences"

FEW = {"topics": {"payment_reminders": [], "news": ["email"]}}


@pytest.fixture
async def account(connection: Connection) -> AccountId:
    return await plant_account(connection)


@pytest.fixture
async def api(make_api: MakeApi, account: AccountId) -> Api:
    """The account's owner."""
    return await (await make_api()).signed_in(account)


async def choose(api: Api, body: Any, tag: str | None = '"0"') -> Any:
    return await api.ask("PUT", HERE, json=body, headers={"If-Match": tag} if tag else {})


async def test_an_account_begins_with_everything_by_mail_but_news(api: Api) -> None:
    told = await api.get(HERE)

    assert told == {
        "topics": {
            "bookings": ["email"],
            "security": ["email"],
            "payment_reminders": ["email"],
            "schedule_changes": ["email"],
            "price_alerts": ["email"],
            "news": [],
        },
        "always": ["bookings", "security"],
        "sms_number": None,
        "news_since": None,
    }
    assert api.headers["ETag"] == '"0"'


async def test_what_was_chosen_holds_for_whoever_sends(
    api: Api, account: AccountId, connection: Connection
) -> None:
    told = await choose(api, FEW)

    assert (api.status, api.headers["ETag"]) == (200, '"1"')
    assert (told["topics"]["payment_reminders"], told["topics"]["news"]) == ([], ["email"])
    assert told["news_since"] == "2026-11-22T12:00:00Z"
    assert await api.get(HERE) == told
    known = (await preferences.of_account(connection, account=account)).preferences
    assert known.wants(Topic.NEWS, Channel.EMAIL)
    assert not known.wants(Topic.PAYMENT_REMINDERS, Channel.EMAIL)


async def test_whoever_has_not_chosen_is_asked_for_as_well(
    connection: Connection, account: AccountId
) -> None:
    other = await plant_account(connection, 2)

    found = await preferences.of_accounts(connection, accounts=[account, other])

    assert found == {account: preferences.UNCHANGED, other: preferences.UNCHANGED}


async def test_an_sms_goes_to_the_number_that_was_given(api: Api, connection: Connection) -> None:
    told = await choose(api, {"topics": {"schedule_changes": ["sms", "email"]}, "sms_number": "+4930123456"})

    assert (told["topics"]["schedule_changes"], told["sms_number"]) == (["email", "sms"], "+4930123456")
    entry = await connection.fetchval("SELECT canonical FROM audit_entries")
    assert "4930123456" not in entry
    assert '"schedule_changes":["email","sms"]' in entry


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "topics", "required"),
        ({"topics": []}, "topics", "type"),
        ({"topics": {"bookings": []}}, "topics.bookings", "always"),
        ({"topics": {"security": ["sms"]}, "sms_number": "+4930123456"}, "topics.security", "always"),
        ({"topics": {"news": ["pigeon"]}}, "topics.news[0]", "choice"),
        ({"topics": {"news": "email"}}, "topics.news", "type"),
        ({"topics": {"news": None}}, "topics.news", "required"),
        ({"topics": {"gossip": ["email"]}}, "topics.gossip", "unknown"),
        ({"topics": {"news": ["sms"]}}, "sms_number", "required"),
        ({"topics": {}, "sms_number": "030 123456"}, "sms_number", "sms_number"),
        ({"topics": {}, "sms_number": "+0301234567"}, "sms_number", "sms_number"),
        ({"topics": {}, "sms_number": "+49" + "1" * 14}, "sms_number", "length"),
        ({"topics": {}, "sms_number": "+\u0664\u0669301234567"}, "sms_number", "sms_number"),
        ({"topics": {}, "sms_number": "+4930123456\n"}, "sms_number", "characters"),
        ({"topics": {}, "sms_number": 4930123456}, "sms_number", "type"),
        ({"topics": {}, "news_since": "2020-01-01T00:00:00Z"}, "news_since", "unknown"),
        ({"topics": {}, "account_id": "x"}, "account_id", "unknown"),
    ],
)
async def test_what_cannot_be_chosen_is_refused(api: Api, body: Any, field: str, code: str) -> None:
    told = await choose(api, body)

    assert api.status == 422, told
    assert (field, code) in [(error["field"], error["code"]) for error in told["errors"]]
    assert await api.count("notification_preferences") == 0


async def test_nobody_chooses_over_somebodys_head(api: Api) -> None:
    await choose(api, FEW)

    late = await choose(api, FEW)
    assert (api.status, late["type"]) == (412, "/problems/precondition-failed")
    blind = await choose(api, FEW, None)
    assert (api.status, blind["type"]) == (428, "/problems/precondition-required")
    await choose(api, {"topics": {}}, '"1"')
    assert (api.status, api.headers["ETag"]) == (200, '"2"')


async def test_of_choices_at_one_moment_one_wins(api: Api) -> None:
    sides = [replace(api) for _ in range(5)]

    await asyncio.gather(*(choose(side, FEW) for side in sides))

    assert sorted(side.status for side in sides) == [200, 412, 412, 412, 412]


async def test_what_one_account_chooses_is_no_other_accounts(api: Api, connection: Connection) -> None:
    stranger = await api.signed_in(await plant_account(connection, 2))
    await choose(api, FEW)

    assert (await stranger.get(HERE))["topics"]["news"] == []
    guest = await api.somebody()
    await choose(guest, FEW)
    assert guest.status == 401
