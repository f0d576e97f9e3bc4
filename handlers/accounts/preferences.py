"""What an account wants to hear of: shown, and chosen as a whole."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from aiohttp import hdrs, web
from msgspec import Meta

from bookingd.domain.accounts.preferences import ALWAYS, Channel, Preferences, Topic, chosen
from bookingd.storage import preferences, travellers
from bookingd.storage.preferences import Chosen
from handlers.accounts.changes import account_of
from handlers.accounts.preference_requests import NewPreferences
from handlers.accounts.trail import record
from handlers.bodies import json_body
from handlers.edits import changed_meanwhile, check_match, etag_of
from handlers.fields import refuse
from handlers.gate import who_of
from handlers.parts import PARTS
from handlers.principals import origin_of, session_required
from handlers.reply import json_reply
from handlers.views import View


class PreferencesView(View, frozen=True, kw_only=True):
    """What an account hears of, and how."""

    topics: Annotated[dict[Topic, tuple[Channel, ...]], Meta(description="How each topic is told.")]
    always: Annotated[tuple[Topic, ...], Meta(description="Told by mail whatever is chosen.")]
    sms_number: Annotated[str | None, Meta(description="E.164.")]
    news_since: Annotated[datetime | None, Meta(description="When consent to news was given.")]


async def notification_preferences(request: web.Request) -> web.Response:
    """What holds."""
    async with request.app[PARTS].database.connection() as connection:
        found = await preferences.of_account(connection, account=account_of(request))
    return _answer(found)


async def choose_notifications(request: web.Request) -> web.Response:
    """What holds from now on."""
    asked, _ = await json_body(request, NewPreferences)
    topics = _topics(asked)
    parts, account = request.app[PARTS], account_of(request)
    async with parts.transactions.begin() as transaction:
        connection = transaction.connection
        if not await travellers.keep(connection, account=account):
            raise session_required("This account is not open.")
        former = await preferences.of_account(connection, account=account)
        check_match(request, former.version)
        now_on = chosen(
            topics,
            sms_number=asked["sms_number"],
            former=former.preferences,
            now=transaction.now.replace(microsecond=0),
        )
        version = await preferences.choose(connection, account=account, former=former, preferences=now_on)
        if version is None:
            raise changed_meanwhile(former.version + 1)
        record(
            transaction,
            parts.sources,
            origin_of(request, who_of(request).principal),
            account=account,
            action="account.notifications_chosen",
            details={topic.value: sorted(ways) for topic, ways in now_on.channels.items()},
        )
    return _answer(Chosen(now_on, version))


def _topics(asked: Mapping[str, Any]) -> dict[Topic, frozenset[Channel]]:
    """Raises Problem where something is to be told by SMS and nobody knows where."""
    topics = {Topic(name): frozenset(map(Channel, ways)) for name, ways in asked["topics"].items()}
    if asked["sms_number"] is None and any(Channel.SMS in ways for ways in topics.values()):
        raise refuse("sms_number", "required", "Where to? Something is to be told by SMS.")
    return topics


def preferences_view(known: Preferences) -> PreferencesView:
    """What holds, as its owner sees it."""
    return PreferencesView(
        topics={
            topic: tuple(channel for channel in Channel if known.wants(topic, channel)) for topic in Topic
        },
        always=tuple(topic for topic in Topic if topic in ALWAYS),
        sms_number=known.sms_number,
        news_since=known.news_since,
    )


def _answer(found: Chosen) -> web.Response:
    return json_reply(preferences_view(found.preferences), headers={hdrs.ETAG: etag_of(found.version)})
