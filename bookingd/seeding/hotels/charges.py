"""What states and towns take for staying, and what hotels take besides the room.

Rates are those of 2025 and 2026 as tax offices and towns publish them (for example the Paris taxe de séjour,
Rome's contributo di soggiorno, Dubai's tourism dirham, the Maldives' green tax, US occupancy taxes), rounded,
and in euros at about the exchange rates of 2025: good enough for totals that look right.
"""

from collections.abc import Iterator, Mapping
from functools import cache

from bookingd.domain.hotels import WHOLE, Charge, ChargePer
from bookingd.domain.stays import HotelKind, PaidAt
from bookingd.seeding.hotels.houses import House

CLEANING = (25, 85)
"""Euros: final cleaning of an apartment, the smallest and the biggest."""

# By country or city; what a city has goes before what its country has. `vat` and `service` are per cent and
# in the rates; `tax` is per cent that are added; `city` is a town's tax: so many euros a person or room and
# night, for nought to five stars or for all, or per cent, `from` an age, for so many `nights` at most;
# `resort` and `visit` are euros a room or person and night that hotels or states take.
_CHARGES = """
DE | vat 7
BER | city share 7.5
CGN | city share 5
DRS | city share 6
HAM | city person 1.2,1.2,1.8,2.4,3,4.2
FRA | city person 2 from 18
DUS | city person 3 from 18
FR | vat 10 | city person 0.9,0.9,1.1,1.8,2.7,3.6 from 18
PAR | city person 2.6,2.6,3.25,5.53,8.45,11.38 from 18
IT | vat 10 | city person 2,1.5,2,3,4,5 from 12 nights 7
ROM | city person 5,4,5,6,7.5,10 from 10 nights 10
MIL | city person 4.5,3,4.5,6.3,7,7 from 18 nights 14
FLR | city person 5.5,3.5,4.5,6,7,8 from 12 nights 7
VCE | city person 4,1,2,3.5,4.5,5 from 10 nights 5
ES | vat 10
BCN | city person 5,5,5,5,5.7,7.5 from 17 nights 7
PMI | city person 2,1,1,2,3,4 from 16 nights 8
IBZ | city person 2,1,1,2,3,4 from 16 nights 8
TCI | vat 7
LPA | vat 7
PT | vat 6
LIS | city person 4 from 13 nights 7
OPO | city person 3 from 13 nights 7
FAO | city person 2 from 16 nights 7
FNC | city person 2 from 13 nights 7
NL | vat 9
AMS | city share 12.5
BE | vat 6
BRU | city room 5
AT | vat 10
VIE | city share 5
SZG | city person 3.55 from 15
CH | vat 3.8
ZRH | city person 3.7 from 16
GVA | city person 3.9 from 16
LU | vat 3
GB | vat 20
EDI | city share 5
MAN | city room 1.2
IE | vat 13.5
DK | vat 25
SE | vat 12
NO | vat 12
FI | vat 14
IS | vat 11 | city room 2,3,3,4.5,5.5,5.5
PL | vat 8
CZ | vat 12
PRG | city person 2 from 18 nights 60
HU | vat 5
BUD | city share 4
RO | vat 11 | city room 2
BG | vat 9 | city person 0.5,0.4,0.5,0.7,1,1.5
HR | vat 13 | city person 1.6,1.3,1.3,1.6,1.9,1.9 from 12
SI | vat 9.5
LJU | city person 3.13 from 7
RS | vat 10 | city person 1.4 from 15
GR | vat 13 | city room 4,2,2,5,10,15
CY | vat 9
MT | vat 7 | city person 0.5 from 18 nights 10
LV | vat 12 | city person 1 from 18
EE | vat 13
LT | vat 12 | city person 2 from 18
TR | vat 10 | service 2
IL | vat 18

US | tax 13 Occupancy tax
NYC | tax 14.75 Occupancy tax | city room 3.2 | resort 32 of 40
BOS | tax 14.95 Occupancy tax
PHL | tax 16.25 Occupancy tax
WAS | tax 15.95 Occupancy tax
CLT | tax 15.25 Occupancy tax
ATL | tax 16.9 Occupancy tax | city room 4.6
MIA | tax 14 Occupancy tax | resort 38 of 75
FLL | tax 13 Occupancy tax | resort 34 of 70
MCO | tax 12.5 Occupancy tax | resort 32 of 75
MSY | tax 16.35 Occupancy tax
BNA | tax 15.25 Occupancy tax | city room 2.3
CHI | tax 17.4 Occupancy tax
STL | tax 17.93 Occupancy tax
HOU | tax 17 Occupancy tax
AUS | tax 17 Occupancy tax
DEN | tax 15.75 Occupancy tax
LAS | tax 13.38 Occupancy tax | resort 42 of 95
LAX | tax 14 Occupancy tax
SAN | tax 12.5 Occupancy tax | resort 32 of 40
SFO | tax 14 Occupancy tax
PDX | tax 16 Occupancy tax
SEA | tax 15.7 Occupancy tax
HNL | tax 17.96 Occupancy tax | resort 42 of 85
SJU | tax 11 Occupancy tax | resort 30 of 60
CA | tax 15 Taxes
YTO | tax 13 HST | city share 6
YUL | tax 14.98 GST and QST | city share 3.5
YVR | tax 16 Taxes
YYC | tax 9 GST and levy
MX | vat 16 | city share 3
CO | vat 19
PE | vat 10
CL | vat 19
AR | vat 21
EC | vat 15
PA | vat 10
BR | vat 5 | service 10
DO | vat 18 | service 10
JM | vat 15 | service 10 | visit 1 GART room tax

AE | vat 5 | service 10 | city room 1.7,1.7,2.5,2.5,3.7,4.9
AUH | city share 4
OM | vat 5 | service 8
BH | vat 10 | service 10
SA | vat 15
KW | service 5
QA | service 10
JO | vat 8 | service 10
LB | vat 11
EG | vat 14 | service 12
MA | vat 10 | city person 1.2,1.2,1.5,1.9,2.6,4 from 12
DZ | vat 9 | city person 0.8
TN | vat 7 | city person 0.5,0.9,1.2,1.2,2.4,3.6 from 12
ET | vat 15 | service 10
KE | vat 16 | service 2
TZ | vat 18 | visit 4.6 Infrastructure fee
NG | vat 7.5 | service 5
ZA | vat 15 | city share 1
MU | vat 15 | city person 3 from 12
MV | vat 17 | service 10 | visit 5.5 Green tax

IN | vat 12
NP | vat 13
LK | vat 18 | service 10
BD | vat 15
PK | vat 15
TH | vat 7 | service 10
VN | vat 8 | service 5
MY | vat 8 | city room 2
SG | vat 9 | service 10
ID | vat 11 | service 10
PH | vat 12 | service 10
HK | service 10 | city share 3
TW | vat 5
CN | vat 6
JP | vat 10
TYO | city person 0,0,0.6,0.6,1.2,1.2
OSA | city person 1.2,1.2,1.2,1.2,2.4,3
FUK | city person 1.2
SPK | city person 0.6,0.6,0.6,0.6,1.2,3
KR | vat 10
AU | vat 10
NZ | vat 15
FJ | vat 15
"""

_LABELS = {"vat": "VAT", "service": "Service charge", "city": "City tax", "resort": "Resort fee"}


def charges_of(house: House) -> tuple[Charge, ...]:
    """All that it takes besides its rates, or within them."""
    entries = _entries(house.place.country) | _entries(house.place.code)
    return (*_taxes(entries, house), *_cleaning(house))


def _taxes(entries: Mapping[str, str], house: House) -> Iterator[Charge]:
    for code, told in entries.items():
        match code:
            case "vat" | "service":
                yield _included(code, float(told))
            case "tax":
                rate, _, label = told.partition(" ")
                yield _share("occupancy_tax", label, float(rate), PaidAt.BOOKING)
            case "city":
                yield from _city_tax(told, house)
            case "resort":
                yield from _resort_fee(told, house)
            case "visit":
                amount, _, label = told.partition(" ")
                yield _per(ChargePer.PERSON_NIGHT, "visitor_fee", label, float(amount))


def _included(code: str, rate: float) -> Charge:
    """`rate` per cent on top of what is left without it."""
    share = round(WHOLE * rate / (100 + rate))
    label = f"{_LABELS[code]} {rate:g} %"
    return Charge(code=code, label=label, per=ChargePer.SHARE, share=share, included=True)


def _share(code: str, label: str, rate: float, paid_at: PaidAt) -> Charge:
    return Charge(
        code=code, label=label, per=ChargePer.SHARE, share=round(rate * WHOLE / 100), paid_at=paid_at
    )


def _per(
    per: ChargePer, code: str, label: str, euros: float, *, age_from: int = 0, nights: int | None = None
) -> Charge:
    return Charge(
        code=code,
        label=label,
        per=per,
        amount=round(euros * 100),
        age_from=age_from,
        nights_max=nights,
        paid_at=PaidAt.PROPERTY,
    )


def _city_tax(told: str, house: House) -> Iterator[Charge]:
    words = told.split()
    options = dict(zip(words[2::2], map(int, words[3::2]), strict=True))
    if words[0] == "share":
        yield _share("city_tax", "City tax", float(words[1]), PaidAt.PROPERTY)
        return
    amounts = [float(amount) for amount in words[1].split(",")]
    amount = amounts[house.stars] if len(amounts) > 1 else amounts[0]
    per = ChargePer.PERSON_NIGHT if words[0] == "person" else ChargePer.ROOM_NIGHT
    age_from, nights = options.get("from", 0), options.get("nights")
    if amount:
        yield _per(per, "city_tax", "City tax", amount, age_from=age_from, nights=nights)


def _resort_fee(told: str, house: House) -> Iterator[Charge]:
    """Of so many in a hundred hotels that are proud of themselves."""
    amount, percent = map(float, told.split(" of "))
    proud = house.stars >= 4 and house.kind in {HotelKind.HOTEL, HotelKind.RESORT}
    if proud and house.die.share("resort fee") * 100 < percent:
        euros = round(amount * house.die.between(0.8, 1.25, "resort fee amount"))
        yield _per(ChargePer.ROOM_NIGHT, "resort_fee", "Resort fee", euros)


def _cleaning(house: House) -> Iterator[Charge]:
    if house.kind is HotelKind.APARTMENT and house.die.share("cleaning") < 0.7:
        euros = (
            round(house.die.between(*CLEANING, "cleaning fee") * min(1.3, house.place.level / 110) / 5) * 5
        )
        label, amount = "Final cleaning", max(10, euros) * 100
        yield Charge(code="cleaning_fee", label=label, per=ChargePer.ROOM, amount=amount)


@cache
def _entries(key: str) -> dict[str, str]:
    return _table().get(key, {})


@cache
def _table() -> dict[str, dict[str, str]]:
    lines = [line.split(" | ") for line in _CHARGES.splitlines() if line]
    return {
        key: {code: told for code, _, told in (part.partition(" ") for part in parts)}
        for key, *parts in lines
    }
