"""Sheets and files of exchange rates for tests."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from bookingd.domain.exchange import FrozenRate, RateSheet

FRIDAY = date(2026, 11, 27)
PER_EURO = {"CHF": "0.9312", "GBP": "0.8342", "JPY": "171.45", "KWD": "0.33410", "USD": "1.0876"}


def sheet(
    day: date = FRIDAY, *, source: str = "European Central Bank", version: int = 0, **rates: str
) -> RateSheet:
    told = {code: Decimal(rate) for code, rate in (PER_EURO | rates).items()}
    return RateSheet(day=day, source=source, rates=told, version=version)


def frozen(
    base: str = "EUR",
    quote: str = "USD",
    *,
    base_per_euro: str = "1",
    quote_per_euro: str = "1.0876",
    margin: str = "2",
    day: date = FRIDAY,
) -> FrozenRate:
    return FrozenRate(
        base=base,
        quote=quote,
        base_per_euro=Decimal(base_per_euro),
        quote_per_euro=Decimal(quote_per_euro),
        margin_percent=Decimal(margin),
        day=day,
        version=7,
    )


def xml(
    days: Mapping[str, Mapping[str, str]] | None = None, *, sender: str = "European Central Bank"
) -> bytes:
    """A file as the ECB makes it."""
    days = {FRIDAY.isoformat(): PER_EURO} if days is None else days
    cubes = "".join(
        f"\t\t<Cube time='{day}'>\n"
        + "".join(f"\t\t\t<Cube currency='{code}' rate='{rate}'/>\n" for code, rate in rates.items())
        + "\t\t</Cube>\n"
        for day, rates in days.items()
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
\t<gesmes:subject>Reference rates</gesmes:subject>
\t<gesmes:Sender>
\t\t<gesmes:name>{sender}</gesmes:name>
\t</gesmes:Sender>
\t<Cube>
{cubes}\t</Cube>
</gesmes:Envelope>
""".encode()
