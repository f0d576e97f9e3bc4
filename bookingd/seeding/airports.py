"""The airports that the made-up network serves, by traffic.

Positions, names and zones come from the package airportsdata, metropolitan areas from its list with a few
additions. Passengers are approximate, in millions of 2024, as operators and ACI World publish them yearly:
good enough to say which airport is bigger.
"""

from dataclasses import dataclass
from functools import cache

import airportsdata

_MILLIONS_A_YEAR = """
ATL 108.1 DXB 92.3 DFW 87.8 HND 85.9 LHR 83.9 DEN 82.4 IST 80.1 ORD 80.0 DEL 77.8 PVG 76.8 LAX 76.6 CAN 76.4
ICN 71.2 CDG 70.3 SIN 67.7 PEK 67.4 AMS 66.8 MAD 66.2 JFK 63.3 BKK 62.2 FRA 61.6 SZX 61.5 CLT 58.8 LAS 58.4
MCO 57.2 KUL 57.1 MIA 55.9 BCN 55.0 BOM 54.9 TFU 54.9 CGK 54.8 HKG 53.1 DOH 52.7 SEA 52.6 PHX 52.3 SFO 52.2
MNL 50.1 PKX 49.4 FCO 49.2 JED 49.1 EWR 48.8 CKG 48.7 IAH 48.4 HGH 48.0 SHA 47.9 KMG 47.2 XIY 47.0 YYZ 46.8
BOG 45.8 MEX 45.4 TPE 44.9 GRU 43.6 BOS 43.5 LGW 43.2 MUC 41.6 SYD 41.5 SAW 41.4 BLR 40.7 SGN 39.9 NRT 39.8
AYT 39.2 RUH 37.6 MSP 37.2 FLL 35.2 LIS 35.1 MEL 35.0 DUB 34.6 LGA 33.5 PMI 33.3 ORY 33.1 DTW 32.9 ATH 31.9
VIE 31.7 CSX 31.6 WUH 31.4 NKG 31.3 ZRH 31.2 PHL 30.9 MAN 30.8 KIX 30.6 CUN 30.4 DMK 30.0 HAN 29.9 CPH 29.8
STN 29.7 AUH 29.4 CJU 29.0 XMN 28.9 MXP 28.8 CAI 28.6 CGO 28.5 SLC 28.4 HYD 28.0 URC 27.7 IAD 27.3 BWI 27.1
HAK 26.9 FUK 26.8 OSL 26.4 DCA 26.3 TAO 26.2 YVR 26.1 SCL 26.0 BER 25.5 SAN 25.2 AGP 24.9 TPA 24.8 BNA 24.6
LIM 24.5 CTS 24.0 DPS 23.9 BRU 23.6 BNE 23.4 CGH 22.9 ARN 22.8 YUL 22.4 GMP 22.0 MAA 21.9 AUS 21.8 MDW 21.5
HNL 21.4 WAW 21.3 CCU 21.0 OKA 20.9 DUS 20.0 PTY 19.3 YYC 18.9 AKL 18.5 ALC 18.4 JNB 18.3 DAL 17.8 GVA 17.7
GDL 17.6 BUD 17.5 PDX 17.4 PER 17.3 HKT 17.0 LTN 16.7 PRG 16.4 HEL 16.3 OTP 16.0 STL 15.9 EDI 15.8 PUS 15.6
RDU 15.5 KWI 15.4 ITM 15.2 SUB 15.1 AEP 15.0 BSB 14.9 HAM 14.8 NCE 14.7 HOU 14.6 GIG 14.5 TLV 13.9 SMF 13.6
MTY 13.5 AMD 13.4 DAD 13.2 SJU 13.1 MSY 13.0 MCT 12.9 ESB 12.8 DMM 12.7 TIJ 12.6 CNF 12.5 VCP 12.1 ADD 12.0
DAC 11.9 MDE 11.8 EZE 11.2 COK 11.1 NGO 11.0 LIN 10.6 CMN 10.5 CPT 10.4 PUJ 9.6 BAH 9.3 KTM 9.0 ALG 8.9
AMM 8.8 NBO 8.7 CMB 8.6 ADL 8.5 KEF 8.3 TUN 7.2 KHI 7.1 LOS 6.5 CHC 6.3 BEY 5.6 ANC 5.5 UIO 5.2 NAN 2.4
"""

GATEWAYS = frozenset(
    "LHR CDG FRA AMS MAD MUC ZRH IST DXB DOH JFK EWR BOS ORD IAD MIA LAX SFO YYZ MEX GRU HND NRT ICN PEK PVG"
    " HKG TPE SIN BKK KUL DEL BOM SYD MEL JNB".split()
)
"""Where the world's long ways begin and end: the airports of its most connected cities."""

_KNOWN_AS = {
    "BEG": "Belgrade", "BLR": "Bengaluru", "BOD": "Bordeaux", "CEB": "Cebu", "CJU": "Jeju", "COK": "Kochi",
    "DEL": "Delhi", "DMM": "Dammam", "DPS": "Bali", "DUS": "Düsseldorf", "FLR": "Florence", "GOI": "Goa",
    "JTR": "Santorini", "LPA": "Gran Canaria", "MDE": "Medellin", "MLA": "Valletta", "NAP": "Naples",
    "PMI": "Palma de Mallorca", "PTY": "Panama City", "RAK": "Marrakesh", "RDU": "Raleigh", "RHO": "Rhodes",
    "STL": "St. Louis", "SVQ": "Seville", "TFU": "Chengdu", "VCE": "Venice", "XIY": "Xi'an",
    "YUL": "Montreal", "YVR": "Vancouver", "ZNZ": "Zanzibar",
}  # fmt: skip
"""What cities are called in English that airportsdata calls otherwise, or by the town of their airport."""

_MORE_METROPOLITAN = {"EWR": "NYC", "SEN": "LON", "BVA": "PAR", "NYO": "STO", "VST": "STO", "JNB": "JNB"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Airport:
    """An airport as it is; `millions` of passengers a year are 0 for those that the network leaves out."""

    code: str
    icao: str
    name: str
    city_code: str
    city: str
    country: str
    latitude: float
    longitude: float
    zone: str
    millions: float
    rank: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """A place with one or more airports."""

    code: str
    name: str
    country: str


@cache
def airports() -> dict[str, Airport]:
    """Every airport with an IATA code, by code; those served first, the biggest leading."""
    facts = airportsdata.load("IATA")
    metropolitan = _metropolitan()
    traffic = passengers()
    order = [*traffic, *(code for code in sorted(facts) if code not in traffic)]
    return {
        code: Airport(
            code=code,
            icao=facts[code]["icao"],
            name=facts[code]["name"],
            city_code=metropolitan.get(code, code),
            city=facts[code]["city"] or facts[code]["name"],
            country=facts[code]["country"],
            latitude=facts[code]["lat"],
            longitude=facts[code]["lon"],
            zone=facts[code]["tz"],
            millions=traffic.get(code, 0.0),
            rank=number if code in traffic else None,
        )
        for number, code in enumerate(order, start=1)
    }


@cache
def airports_of_cities() -> dict[str, tuple[Airport, ...]]:
    """Every airport, by the code of its city; those served first, the biggest leading."""
    found: dict[str, list[Airport]] = {}
    for airport in airports().values():
        found.setdefault(airport.city_code, []).append(airport)
    return {code: tuple(of_city) for code, of_city in found.items()}


@cache
def cities() -> dict[str, City]:
    """Every city code that an airport belongs to: metropolitan areas under their own names."""
    areas = airportsdata.load_iata_macs()
    found: dict[str, City] = {}
    for airport in airports().values():
        area = areas.get(airport.city_code)
        name = _KNOWN_AS.get(airport.city_code) or (area["name"] if area else airport.city)
        found.setdefault(airport.city_code, City(code=airport.city_code, name=name, country=airport.country))
    return found


@cache
def passengers() -> dict[str, float]:
    """Millions a year by airport code, the biggest first."""
    words = _MILLIONS_A_YEAR.split()
    return dict(zip(words[::2], map(float, words[1::2]), strict=True))


def _metropolitan() -> dict[str, str]:
    """Airport code to the metropolitan area that it belongs to."""
    areas = airportsdata.load_iata_macs()
    known = {code: area for area, facts in areas.items() for code in facts["airports"]}
    return known | _MORE_METROPOLITAN
