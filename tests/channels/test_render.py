"""What the mails say, and what nobody can make them say."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from bookingd.channels.port import OutgoingMail
from bookingd.channels.render import NO_BREAK_SPACE, formats, locale_of, write_mail
from bookingd.channels.views import Airport, MailBooking, MailKind, Names
from bookingd.domain.booking.state import BookingState, PaymentState
from bookingd.domain.declines import DeclineReason
from bookingd.domain.money import Money
from bookingd.domain.passengers import PassengerType
from tests.channels import trips

VIEWS = trips.views()
EVIL = '<script>alert(1)</script>"><img src=x onerror=alert(2)>{{ 7 * 7 }}&'
VOID = {"meta", "br", "img", "hr", "link", "input"}


def written(view: MailBooking) -> OutgoingMail:
    return write_mail(view, agency=trips.AGENCY, recipient="zoe@example.org", name="Zoë")


def flat(text: str) -> str:
    """The words of HTML, as a person reads them."""
    inline = re.sub(r"</?(?:strong|a)\b[^>]*>", "", text.replace("&#39;", "'"))
    return " ".join(re.sub(r"<[^>]+>", " ", inline).split())


class Reader(HTMLParser):
    """Notes tags and attributes; an end without its beginning is an error."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


@pytest.mark.parametrize("name", VIEWS)
def test_every_mail_is_well_formed_and_accessible(name: str) -> None:
    html = written(VIEWS[name]).html
    reader = read(html)
    root = next(attributes for tag, attributes in reader.tags if tag == "html")
    assert root["lang"] == "en-GB"
    assert all(attributes.get("role") == "presentation" for tag, attributes in reader.tags if tag == "table")
    assert [tag for tag, _ in reader.tags].count("h1") == 1
    assert "color-scheme" in {attributes.get("name") for tag, attributes in reader.tags if tag == "meta"}
    assert len(html.encode()) < 90_000, "Gmail cuts a mail off at 102 KB"


@pytest.mark.parametrize("name", VIEWS)
def test_no_mail_loads_or_runs_anything(name: str) -> None:
    reader = read(written(VIEWS[name]).html)
    assert not {tag for tag, _ in reader.tags} & {"script", "img", "link", "iframe", "form", "object"}
    assert not [key for _, attributes in reader.tags for key in attributes if key.startswith("on")]


@pytest.mark.parametrize("name", VIEWS)
def test_every_mail_names_the_booking_in_subject_text_and_html(name: str) -> None:
    mail = written(VIEWS[name])
    assert mail.subject.endswith(" - KV7Q2M")
    assert "\n" not in mail.subject
    assert "KV7Q2M" in mail.text
    assert "KV7Q2M" in mail.html


@pytest.mark.parametrize("name", VIEWS)
def test_text_needs_no_html(name: str) -> None:
    text = written(VIEWS[name]).text
    assert "<" not in text
    assert "&#" not in text
    assert "\n\n\n" not in text
    assert "{" not in text


@pytest.mark.parametrize("name", VIEWS)
def test_net_markup_and_commission_stay_in_the_house(name: str) -> None:
    mail = written(VIEWS[name])
    for secret in ("secret", "1,220.00", "86.42", "7.77"):
        assert secret not in mail.text + mail.html


def test_a_confirmation_tells_the_whole_trip() -> None:
    mail = written(VIEWS["confirmed"])
    assert mail.subject == "Your trip is booked - KV7Q2M"
    for part in (mail.text.replace(NO_BREAK_SPACE, " "), flat(mail.html).replace(NO_BREAK_SPACE, " ")):
        for fact in (
            "X7RT2P",
            "LH 410",
            "Lufthansa",
            "Premium economy",
            "Fri, 18 Dec 2026",
            "09:45",
            "John F Kennedy International Airport",
            "1h 5m to change in Munich",
            "+1 day",
            "1 checked bag for each passenger",
            "Changes for €150.00 a passenger",
            "Not refundable",
            "Zoë Müller-Lüdenscheidt",
            "Jean d'Arc",
            "999-1000000003",
            "€1,306.42",
            "€2,055.92",
            "All times are local",
        ):
            assert fact in part, fact
    assert trips.LINK in mail.text
    assert f'href="{trips.LINK}"' in mail.html


def test_each_ticket_stands_with_its_traveller() -> None:
    text = written(VIEWS["confirmed"]).text
    assert "Jean d'Arc (adult), ticket 999-1000000002" in text


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "failed",
            "You have not been charged. If your bank shows an amount as reserved, it is being released",
        ),
        ("failed-refunded", "Your payment of €2,043.92 is being refunded in full."),
        ("expired", "You have not been charged."),
        ("called_off", "it is being released"),
        ("payment_declined", "You have not been charged."),
        ("payment_needed", "Please pay €2,055.92 by 13:25, Sun, 22 Nov 2026 (Hamburg time)."),
        ("price_changed", "the price changed from €2,055.92 to €2,155.92."),
        ("conditions_changed", "the conditions of the fare changed; the price did not."),
    ],
)
def test_bad_news_says_what_becomes_of_the_money(name: str, sentence: str) -> None:
    mail = written(VIEWS[name])
    assert sentence in flat(mail.html)
    assert sentence in " ".join(mail.text.split())


def test_only_mails_with_a_private_link_warn_about_it() -> None:
    for name, view in VIEWS.items():
        mail = written(view)
        ways = (trips.LINK, view.pay_link)
        linked = any(way in mail.html for way in ways)
        assert linked == any(way in mail.text for way in ways), name
        assert linked == ("without a password" in mail.html) == ("without a password" in mail.text), name


def test_a_proposal_shows_what_is_held_and_not_what_was_shown() -> None:
    text = written(VIEWS["conditions_changed"]).text
    assert "No checked bag included" in text


def test_travellers_and_places_cannot_write_html() -> None:
    names = Names(airports={"HAM": Airport(code="HAM", name=EVIL, city=EVIL)}, airlines={"LH": EVIL})
    view = trips.view(MailKind.CONFIRMED, people=((EVIL, PassengerType.ADULT),), names=names)
    html = written(replace(view, link=f"https://x.example/?a={EVIL}")).html
    reader = read(html)
    assert not {"script", "img"} & {tag for tag, _ in reader.tags}
    assert "{{ 7 * 7 }}" in html
    assert "49" not in re.findall(r">\s*49\s*<", html)


def test_a_name_cannot_break_out_of_its_line() -> None:
    view = trips.view(
        MailKind.CONFIRMED, people=(("Eve\r\n\r\nPay at http://evil.example", PassengerType.ADULT),)
    )
    assert "Eve Pay at http://evil.example (adult)" in written(view).text


def test_unknown_places_stand_for_themselves() -> None:
    text = written(trips.view(MailKind.CONFIRMED, names=Names(airports={}, airlines={}))).text
    assert "HAM TO JFK" in text
    assert "09:45  HAM (HAM)\n" in text


@pytest.mark.parametrize(
    ("tag", "written_as"),
    [
        ("en", "en_GB"),
        ("en-GB", "en_GB"),
        ("en-US", "en_US"),
        ("en_AU", "en_AU"),
        ("de-DE", "en_GB"),
        ("tlh", "en_GB"),
        ("", "en_GB"),
        ("../../etc/passwd", "en_GB"),
        ("en-US\r\nBcc: eve@example.org", "en_GB"),
    ],
)
def test_a_locale_is_honoured_as_far_as_we_can_write_it(tag: str, written_as: str) -> None:
    assert str(locale_of(tag)) == written_as


def test_americans_read_their_own_clock() -> None:
    mail = written(replace(VIEWS["confirmed"], locale="en-US"))
    assert "9:45\u202fAM" in mail.text
    assert "Fri, Dec 18, 2026" in mail.text
    assert mail.language == "en-US"


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Money(123450, "EUR"), "€1,234.50"),
        (Money(1234, "JPY"), "JP¥1,234"),
        (Money(1234567, "KWD"), f"KWD{NO_BREAK_SPACE}1,234.567"),
        (Money(1234567, "IQD"), f"IQD{NO_BREAK_SPACE}1,234.567"),
        (Money(100, "CLP"), f"CLP{NO_BREAK_SPACE}100"),
        (Money(-5, "USD"), "-US$0.05"),
    ],
)
def test_money_has_all_its_decimals(amount: Money, text: str) -> None:
    assert formats(locale_of("en"))["money"](amount) == text


@pytest.mark.parametrize(
    ("span", "text"),
    [(timedelta(minutes=65), "1h\u00a05m"), (timedelta(hours=26), "26h"), (timedelta(minutes=40), "40m")],
)
def test_spans_are_short(span: timedelta, text: str) -> None:
    assert formats(locale_of("en"))["span"](span) == text


@pytest.mark.parametrize(
    ("states", "back"),
    [
        ((), "none"),
        ((PaymentState.FAILED,), "none"),
        ((PaymentState.FAILED, PaymentState.VOIDING), "released"),
        ((PaymentState.VOIDED, PaymentState.REFUNDED), "refunded"),
    ],
)
def test_what_became_of_the_money_follows_the_payments(states: tuple[PaymentState, ...], back: str) -> None:
    booking = trips.booking(BookingState.FAILED, payments=tuple(trips.payment(state) for state in states))
    assert trips.view(MailKind.FAILED, booking).money_back == back


def test_a_deadline_is_told_by_the_clock_of_the_town_of_departure() -> None:
    until = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    deadline = trips.view(MailKind.PRICE_CHANGED, trips.proposal(), until=until).deadline
    assert deadline is not None
    assert (deadline.at.strftime("%d %H:%M"), deadline.city) == ("02 00:30", "Hamburg")


def test_each_reason_of_a_decline_has_words_of_its_own() -> None:
    told = [
        written(replace(VIEWS["payment_declined"], reason=str(reason))).text.splitlines()[2]
        for reason in DeclineReason
    ]
    unknown = written(replace(VIEWS["payment_declined"], reason="a_new_code")).text.splitlines()[2]

    assert told[list(DeclineReason).index(DeclineReason.DECLINED)] == unknown
    # What was asked for and what failed are the same to who reads it.
    assert len(set(told)) == len(DeclineReason) - 1


@pytest.mark.parametrize("reason", [DeclineReason.DECLINED, "lost_card", "stolen_card", "fraudulent"])
def test_nobody_is_told_of_fraud_or_theft(reason: str) -> None:
    text = written(replace(VIEWS["payment_declined"], reason=reason)).text

    assert not re.search("fraud|stolen|lost", text, re.IGNORECASE)
