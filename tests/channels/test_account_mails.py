"""What mails to accounts say, and what nobody can make them say."""

from dataclasses import replace
from datetime import UTC, datetime
from html import unescape

import pytest

from bookingd.channels.account_views import AccountMailKind, MailAccount, one_line
from bookingd.channels.port import OutgoingMail
from bookingd.channels.render import Agency, write_account_mail
from bookingd.domain.accounts.factors import FactorChange
from bookingd.domain.ids import Reference
from tests.channels import trips
from tests.channels.test_render import EVIL, flat, read

NOW = datetime(2026, 11, 23, 9, 40, tzinfo=UTC)
LINK = "https://agency.example/v1/accounts/verifications?token=v.1.2.signed-_"
LINKED = {
    AccountMailKind.VERIFY,
    AccountMailKind.RESET,
    AccountMailKind.ADDRESS_CONFIRM,
    AccountMailKind.ADDRESS_CHANGED,
}


def view(kind: AccountMailKind) -> MailAccount:
    return MailAccount(
        kind=kind,
        locale="en",
        name="Zoë Müller",
        link=LINK,
        code="492039",
        until=NOW,
        at=NOW,
        device="Firefox on Linux",
        address="new.zoe@mail.example",
        reference=Reference("KV7Q2M"),
        change=FactorChange.PASSKEY_ADDED,
        passkey="My telephone",
    )


def written(shown: MailAccount, agency: Agency = trips.AGENCY) -> OutgoingMail:
    return write_account_mail(shown, agency=agency, recipient="zoe@example.org")


@pytest.mark.parametrize("kind", AccountMailKind)
def test_every_mail_is_well_formed_and_loads_nothing(kind: AccountMailKind) -> None:
    html = written(view(kind)).html

    tags = [tag for tag, _ in read(html).tags]

    assert tags.count("h1") == 1
    assert not {"script", "img", "link", "iframe", "form", "object"} & set(tags)


@pytest.mark.parametrize("kind", AccountMailKind)
def test_text_and_html_say_the_same(kind: AccountMailKind) -> None:
    mail = written(view(kind))

    said = flat(unescape(mail.html))

    words = [line for line in mail.text.splitlines() if line != "--"]
    missing = [line for line in words if LINK not in line and "Code: " not in line and flat(line) not in said]
    assert len(words) > 4
    assert missing == []


@pytest.mark.parametrize("kind", AccountMailKind)
def test_only_what_needs_one_carries_a_link_or_a_code(kind: AccountMailKind) -> None:
    mail = written(view(kind))

    assert (LINK in mail.text, LINK in mail.html) == (kind in LINKED, kind in LINKED)
    has_code = kind is AccountMailKind.ACCESS_CODE
    assert ("492039" in mail.text, "492039" in mail.html) == (has_code, has_code)
    assert "492039" not in mail.subject


@pytest.mark.parametrize("kind", AccountMailKind)
def test_what_others_wrote_is_text_and_nothing_else(kind: AccountMailKind) -> None:
    shown = replace(view(kind), name=EVIL, device=EVIL, passkey=EVIL, address=EVIL)

    html = written(shown).html

    assert not {"script", "img"} & {tag for tag, _ in read(html).tags}
    assert "49&amp;" not in html


def test_our_own_address_can_be_followed_and_no_address_of_others() -> None:
    shown = replace(view(AccountMailKind.NEW_DEVICE), device="Visit https://evil.example")

    links = [dict(attributes)["href"] for tag, attributes in read(written(shown).html).tags if tag == "a"]

    assert set(links) == {trips.AGENCY.url, f"mailto:{trips.AGENCY.support}"}


def test_a_mail_with_nothing_to_add_has_no_empty_paragraphs() -> None:
    for kind in AccountMailKind:
        assert "></p>" not in written(view(kind)).html


@pytest.mark.parametrize("change", FactorChange)
def test_every_change_of_second_factors_has_its_words(change: FactorChange) -> None:
    shown = replace(view(AccountMailKind.SECOND_FACTOR_CHANGED), change=change)

    mail = written(shown)

    assert ("My telephone" in mail.text) == change.value.startswith(("passkey", "api_key"))


def test_who_is_told_of_what_others_did_for_them_is_not_asked_whether_it_was_them() -> None:
    shown = replace(view(AccountMailKind.SECOND_FACTOR_CHANGED), change=FactorChange.RESET)

    text = flat(written(shown).text)

    assert "If you asked for it, set a new one up when you have signed in again." in text
    assert (
        "If you did not ask for it, change your password at https://trips.agency.example at once, and" in text
    )


def test_who_did_not_make_a_key_is_told_that_a_new_password_does_not_end_it() -> None:
    shown = replace(view(AccountMailKind.SECOND_FACTOR_CHANGED), change=FactorChange.API_KEY_MADE)

    assert "at once and revoke the key, which a new password does not end, and" in flat(written(shown).text)


def test_who_is_not_known_is_not_called_by_a_name() -> None:
    mail = written(replace(view(AccountMailKind.VERIFY), name=""))

    assert "Dear" not in mail.text + mail.html
    assert mail.recipient_name == ""


def test_a_language_that_we_do_not_write_gets_english() -> None:
    mail = written(replace(view(AccountMailKind.RESET), locale="uk-UA"))

    assert (mail.language, mail.subject) == ("en-GB", "Set a new password")


def test_a_moment_is_told_with_its_clock() -> None:
    assert "At 09:40, Mon, 23 Nov 2026 (UTC)" in written(view(AccountMailKind.NEW_DEVICE)).text


def test_words_of_others_are_one_line() -> None:
    assert one_line(" Firefox\r\n\r\nClick  here\t") == "Firefox Click here"


def test_words_of_others_hold_nothing_that_refuses_a_mail_or_turns_it_around() -> None:
    assert one_line("Zoë\x00 \x9f\u202eMüller\u2066\x7f") == "Zoë Müller"
    assert one_line("\u0645\u06cc\u200c\u062e") == "\u0645\u06cc\u200c\u062e"
