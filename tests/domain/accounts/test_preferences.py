"""What is told whom: what was chosen, and what nobody can be kept from hearing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bookingd.domain.accounts.preferences import ALWAYS, Channel, Preferences, Topic, chosen

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
NOTHING: dict[Topic, frozenset[Channel]] = {topic: frozenset() for topic in Topic}
BOTH = frozenset(Channel)


def test_who_has_chosen_nothing_is_told_all_but_news_by_mail() -> None:
    known = Preferences()

    told = {topic for topic in Topic if known.wants(topic, Channel.EMAIL)}

    assert told == set(Topic) - {Topic.NEWS}
    assert not any(known.wants(topic, Channel.SMS) for topic in Topic)


@pytest.mark.parametrize("topic", Topic)
def test_everything_can_be_switched_off_but_what_one_has_to_hear(topic: Topic) -> None:
    known = Preferences(channels=NOTHING)

    assert known.wants(topic, Channel.EMAIL) is (topic in ALWAYS)
    assert not known.wants(topic, Channel.SMS)


def test_nothing_is_told_by_sms_without_a_number() -> None:
    everything = Preferences(channels=dict.fromkeys(Topic, BOTH), news_since=NOW)

    assert not any(everything.wants(topic, Channel.SMS) for topic in Topic)
    reachable = replace(everything, sms_number="+4930123456")
    assert all(reachable.wants(topic, Channel.SMS) for topic in Topic)


def test_consent_to_news_has_the_time_at_which_it_was_given() -> None:
    wanted = {**NOTHING, Topic.NEWS: frozenset({Channel.EMAIL})}

    given = chosen(wanted, sms_number=None, former=Preferences(), now=NOW)
    kept = chosen(wanted, sms_number=None, former=given, now=NOW + timedelta(days=1))
    taken_back = chosen(NOTHING, sms_number=None, former=kept, now=NOW + timedelta(days=2))
    again = chosen(wanted, sms_number=None, former=taken_back, now=NOW + timedelta(days=3))

    assert [one.news_since for one in (given, kept, taken_back, again)] == [
        NOW,
        NOW,
        None,
        NOW + timedelta(days=3),
    ]
    assert given.wants(Topic.NEWS, Channel.EMAIL)
    assert not taken_back.wants(Topic.NEWS, Channel.EMAIL)


def test_a_topic_that_is_new_is_told_as_if_nothing_had_been_chosen() -> None:
    old = Preferences(channels={Topic.NEWS: frozenset()})

    assert old.wants(Topic.SCHEDULE_CHANGES, Channel.EMAIL)
