"""How exchange rates are printed: as tables for eyes, as values for programs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from bookingd.cli.screen import facts, listing, moment, one_line, shown, stamp
from bookingd.domain.exchange import FrozenRate, age_of, decimal_text
from bookingd.domain.money import Money, exponent
from bookingd.domain.rate_files import RateFile
from bookingd.storage.rates import Imported, ListedSheet

EXAMPLE = 100
"""Units of the supplier's currency that are converted to show how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A rate, and what is said about it."""

    rate: FrozenRate
    source: str
    today: date

    @property
    def example(self) -> tuple[Money, Money]:
        """An amount before and after."""
        before = Money(EXAMPLE * 10 ** exponent(self.rate.base), self.rate.base)
        return before, self.rate.convert(before)


def import_data(file: RateFile, done: Imported) -> dict[str, Any]:
    """What an import did, for programs."""
    return {
        "source": file.sheets[0].source,
        "first_day": file.sheets[0].day.isoformat(),
        "last_day": file.sheets[-1].day.isoformat(),
        "added": [
            {"day": day.isoformat(), "version": version} for day, version in sorted(done.added.items())
        ],
        "known": done.known,
        "left_out": list(file.left_out),
    }


def import_page(file: RateFile, done: Imported) -> RenderableType:
    """The same for people."""
    first, last = file.sheets[0], file.sheets[-1]
    of = f"of {last.day}" if first is last else f"from {first.day} to {last.day}"
    added = _days(len(done.added))
    lines = [f"Rates {of} ({one_line(last.source)})", f"{added} imported, {done.known} known already"]
    if file.left_out:
        lines.append(f"left out, since they are no more: {', '.join(file.left_out)}")
    return Group(*map(shown, lines))


def list_data(sheets: Sequence[ListedSheet], today: date) -> dict[str, Any]:
    """Sheets for programs."""
    return {
        "sheets": [
            {
                "version": sheet.version,
                "day": sheet.day.isoformat(),
                "age_business_days": age_of(sheet.day, today),
                "rates": sheet.rates,
                "source": sheet.source,
                "made_up": sheet.made_up,
                "counts": sheet.counts,
                "imported_at": stamp(sheet.imported_at),
                "imported_by": sheet.imported_by,
            }
            for sheet in sheets
        ]
    }


def list_page(sheets: Sequence[ListedSheet], today: date) -> RenderableType:
    """Sheets for people."""
    if not sheets:
        return Text("No exchange rates: bookingd rates import FILE.")
    table = listing("Day", "Age>", "Version>", "Rates>", "Imported", "By", "Source")
    for sheet in sheets:
        table.add_row(
            sheet.day.isoformat(),
            str(age_of(sheet.day, today)),
            str(sheet.version),
            str(sheet.rates),
            moment(sheet.imported_at),
            shown(sheet.imported_by),
            shown(one_line(sheet.source) + ("" if sheet.counts else " (replaced)")),
        )
    return Group(table, Text("\nAges are business days. Times are UTC.", style="dim"))


def rate_data(told: Shown) -> dict[str, Any]:
    """A rate for programs; numbers are decimal texts."""
    rate, (before, after) = told.rate, told.example
    return {
        "from": rate.base,
        "to": rate.quote,
        "rate": decimal_text(rate.rate),
        "middle_rate": decimal_text(rate.middle),
        "margin_percent": f"{rate.margin_percent:f}",
        "from_per_euro": f"{rate.base_per_euro:f}",
        "to_per_euro": f"{rate.quote_per_euro:f}",
        "day": rate.day.isoformat(),
        "age_business_days": age_of(rate.day, told.today),
        "version": rate.version,
        "source": told.source,
        "example": {"from": before.format(), "to": after.format()},
    }


def rate_page(told: Shown) -> RenderableType:
    """The same for people."""
    rate, (before, after) = told.rate, told.example
    return facts(
        [
            ("rate", f"1 {rate.base} = {decimal_text(rate.rate)} {rate.quote}"),
            ("without margin", f"1 {rate.base} = {decimal_text(rate.middle)} {rate.quote}"),
            ("margin", f"{rate.margin_percent:f} %"),
            ("one euro", _per_euro(rate)),
            ("day", f"{rate.day}, {_days(age_of(rate.day, told.today))} old, version {rate.version}"),
            ("source", one_line(told.source)),
            ("example", f"{before} is sold for {after}"),
        ]
    )


def _per_euro(rate: FrozenRate) -> str:
    return f"{rate.base_per_euro:f} {rate.base}, {rate.quote_per_euro:f} {rate.quote}"


def _days(count: int) -> str:
    return "1 business day" if count == 1 else f"{count:,} business days"
