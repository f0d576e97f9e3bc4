"""How long changing planes takes in the made-up world: longer at large airports, unless made for it.

The minutes are invented, near what airports of a size ask for; the quick ones are near what they advertise.
"""

from typing import NamedTuple

from bookingd.seeding.airports import Airport


class ConnectionMinutes(NamedTuple):
    """The least time from arrival to departure; a flight is domestic within one country."""

    domestic_to_domestic: int
    domestic_to_international: int
    international_to_domestic: int
    international_to_international: int


LARGE, SMALL = 50.0, 10.0
"""Millions of passengers a year: from here, and up to here."""

AT_LARGE = ConnectionMinutes(55, 85, 105, 80)
USUAL = ConnectionMinutes(45, 75, 90, 75)
AT_SMALL = ConnectionMinutes(35, 60, 75, 60)

QUICK = {"VIE": 25, "MUC": 30, "HEL": 35, "AMS": 40, "ZRH": 40, "DOH": 45, "FRA": 45, "SIN": 45, "CPH": 40}
"""Minutes from a flight to one of the same kind at airports that were made for changing."""
BORDER_OUT, BORDER_IN = 10, 20
"""Minutes that a border takes more there, on the way out and on the way in."""


def connection_minutes(airport: Airport) -> ConnectionMinutes:
    """The four times of an airport."""
    if airport.code in QUICK:
        least = QUICK[airport.code]
        return ConnectionMinutes(least, least + BORDER_OUT, least + BORDER_IN, least)
    if airport.millions >= LARGE:
        return AT_LARGE
    return AT_SMALL if airport.millions <= SMALL else USUAL
