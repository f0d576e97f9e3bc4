"""Exchange rates for demonstrations: made up, marked as that, and of today."""

from dataclasses import replace
from datetime import date
from importlib.resources import files

from bookingd.domain.exchange import RateSheet, last_business_day
from bookingd.domain.rate_files import read


def sheet_of(today: date) -> RateSheet:
    """What the packaged file says, as of the last day on which real rates are published."""
    content = files("bookingd.seeding").joinpath("rates.xml").read_bytes()
    (sheet,) = read(content, today=today).sheets
    return replace(sheet, day=last_business_day(today))
