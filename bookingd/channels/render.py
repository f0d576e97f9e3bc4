"""From a view to a written mail: subject, text and HTML out of templates/, formats out of CLDR.

Its one rule: HTML templates escape everything, and a value that is missing is an error and not a gap. A
language is a folder of templates; where a traveller's language has none, English is written, in formats
of English too, so that no mail mixes two languages.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache, partial
from typing import Any, Literal

from babel import Locale, UnknownLocaleError, dates, numbers, units
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from bookingd.channels.account_views import MailAccount
from bookingd.channels.port import OutgoingMail
from bookingd.channels.views import MailBooking
from bookingd.domain.money import Money, exponent

FALLBACK = Locale("en", "GB")
"""What a bare `en` means too: days before months and 24 hours, as tickets are printed."""

LANGUAGES = frozenset({"en"})
"""Those with a folder in templates/."""

NO_BREAK_SPACE = "\u00a0"

remembered = lru_cache(maxsize=10_000)
"""CLDR's formats cost as much as the rest of a mail, and the same days and amounts come again and again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """Who writes. `url` is where travellers find us, `support` an address for questions, if there is one."""

    name: str
    url: str
    support: str | None = None


def write_mail(view: MailBooking, *, agency: Agency, recipient: str, name: str = "") -> OutgoingMail:
    """The mail of the view's kind, in its locale, to `recipient` (called `name`)."""
    locale = locale_of(view.locale)
    language = str(locale).replace("_", "-")
    values = {"booking": view, "agency": agency, "lang": language}
    render = partial(_render, locale=locale, name=view.kind.value)
    subject = " ".join(render("subject.txt", values).split())
    return OutgoingMail(
        recipient=recipient,
        recipient_name=name,
        subject=subject,
        text=render("txt", values).strip() + "\n",
        html=render("html", values | {"subject": subject}),
        language=language,
    )


def write_account_mail(view: MailAccount, *, agency: Agency, recipient: str) -> OutgoingMail:
    """The mail of the view's kind, in its locale, to `recipient`.

    The words are written once, as text; the frames of both forms, of which HTML's escapes them, stand around.
    """
    locale = locale_of(view.locale)
    language = str(locale).replace("_", "-")
    words = _Words(locale, {"mail": view, "agency": agency}, name=view.kind.value)
    values = {
        "mail": view,
        "agency": agency,
        "lang": language,
        "subject": words.line("subject"),
        "heading": words.line("heading"),
        "paragraphs": words.paragraphs("body"),
        "code": words.line("code"),
        "button": words.line("button"),
        "advice": words.paragraphs("advice"),
        "after": words.paragraphs("after"),
        "because": words.line("because"),
    }
    return OutgoingMail(
        recipient=recipient,
        recipient_name=view.name,
        subject=words.line("subject"),
        text=_render("txt", values, locale=locale, name="account").strip() + "\n",
        html=_render("html", values, locale=locale, name="account"),
        language=language,
    )


def decline_words(reason: str) -> str:
    """Why a payment was declined, as mails say it and pages too: a sentence in English."""
    words = vars(_environment(FALLBACK).get_template(f"{FALLBACK.language}/words.html").make_module())
    return " ".join(str(words["decline"](reason)).split())


class _Words:
    """The blocks of a template of words; one that it has not is that of all mails, or empty."""

    def __init__(self, locale: Locale, values: Mapping[str, Any], *, name: str) -> None:
        where = f"{locale.language}/accounts"
        self._template = _environment(locale).get_template(f"{where}/{name}.txt")
        self._all_mails = _environment(locale).get_template(f"{where}/all_mails.txt")
        self._values = values

    def line(self, block: str) -> str:
        return " ".join(self._written(block).split())

    def paragraphs(self, block: str) -> list[str]:
        """Those that an empty line parts; spaces that do not break stay as they are."""
        parts = re.split(r"\n[ \n]*\n", self._written(block).strip())
        return [re.sub(r"[ \n]+", " ", part) for part in parts if part]

    def _written(self, block: str) -> str:
        write = self._template.blocks.get(block) or self._all_mails.blocks.get(block)
        return "".join(write(self._template.new_context(dict(self._values)))) if write else ""


def locale_of(tag: str) -> Locale:
    """The locale that `tag` (BCP 47) means, as far as we can write its language."""
    try:
        locale = Locale.parse(tag.replace("_", "-"), sep="-")
    except (UnknownLocaleError, ValueError):
        return FALLBACK
    if locale.language not in LANGUAGES or locale.territory is None:
        return FALLBACK
    return locale


def _render(extension: str, values: Mapping[str, Any], *, locale: Locale, name: str) -> str:
    template = _environment(locale).get_template(f"{locale.language}/{name}.{extension}")
    return template.render(values)


@cache
def _environment(locale: Locale) -> Environment:
    environment = Environment(
        loader=PackageLoader("bookingd.channels"),
        autoescape=select_autoescape(["html"]),
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= formats(locale)
    return environment


def formats(locale: Locale) -> dict[str, Callable[[Any], str]]:
    """The filters that templates format with."""
    return {
        "money": partial(_money, locale=locale),
        "day": partial(_day, locale=locale),
        "clock": partial(_clock, locale=locale),
        "span": partial(_span, locale=locale),
        "days": partial(_unit, unit="duration-day", length="long", locale=locale),
        "moment": partial(_moment, locale=locale),
        "date": partial(_date, locale=locale),
    }


@remembered
def _money(amount: Money, *, locale: Locale) -> str:
    """With all decimals that ISO 4217 gives the currency, which are not always those of CLDR (P8)."""
    symbol = numbers.get_currency_symbol(amount.currency, locale=locale)
    written = str(locale.currency_formats["standard"].pattern)
    if symbol[-1:].isalpha():
        written = written.replace("¤#", f"¤{NO_BREAK_SPACE}#")  # CLDR's currencySpacing: KWD 1.234
    pattern = numbers.parse_pattern(written)
    decimals = exponent(amount.currency)
    pattern.frac_prec = (decimals, decimals)
    return str(pattern.apply(amount.decimal(), locale, currency=amount.currency, currency_digits=False))


@remembered
def _unit(count: int, *, unit: str, length: Literal["short", "long", "narrow"], locale: Locale) -> str:
    return units.format_unit(count, unit, length, locale=locale)


@remembered
def _span(span: timedelta, *, locale: Locale) -> str:
    """`2h 5m`, never broken over two lines."""
    hours, minutes = divmod(span // timedelta(minutes=1), 60)
    parts = [(hours, "duration-hour"), (minutes, "duration-minute")]
    written = [units.format_unit(count, unit, "narrow", locale=locale) for count, unit in parts if count]
    return NO_BREAK_SPACE.join(written) or units.format_unit(0, "duration-minute", "narrow", locale=locale)


def _day(at: datetime, *, locale: Locale) -> str:
    return _date(at.date(), locale=locale)


def _clock(at: datetime, *, locale: Locale) -> str:
    return _time(at.hour, at.minute, locale=locale)


def _moment(at: datetime, *, locale: Locale) -> str:
    """Day and time by the clock that `at` carries."""
    return f"{_clock(at, locale=locale)}, {_day(at, locale=locale)}"


@remembered
def _date(day: date, *, locale: Locale) -> str:
    return dates.format_skeleton("yMMMEd", day, locale=locale)


@remembered
def _time(hour: int, minute: int, *, locale: Locale) -> str:
    return dates.format_time(time(hour, minute), "short", locale=locale)
