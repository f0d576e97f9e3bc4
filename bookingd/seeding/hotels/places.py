"""The cities in which the made-up hotels stand, by how many travellers come.

These are the cities of the airports that the made-up network serves, and some that people go to for a
holiday. What a plain three-star double room costs there on an ordinary night is a rounded estimate in euros
of 2025: good enough to say that a night in Zurich costs twice one in Warsaw.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from bookingd.seeding.airports import airports_of_cities


class Character(StrEnum):
    """What most guests come for; kinds of hotels, weekdays and boards follow it."""

    CITY = "c"
    """Business in the week, sights at the weekend."""
    SIGHTS = "l"
    """Leisure in a town: weekends are dear."""
    BEACH = "b"
    """Holidays by the sea."""


class Climate(StrEnum):
    """When it is season."""

    TEMPERATE = "n"
    """Northern towns: spring and autumn."""
    MEDITERRANEAN = "m"
    """Northern beaches: July and August."""
    SOUTHERN = "s"
    """The temperate south: December to February."""
    DESERT = "g"
    """Too hot in summer."""
    WINTER_SUN = "t"
    """The tropics to which people flee the winter."""
    MONSOON = "i"
    """Rain from June to September."""
    EVEN = "e"
    """On the equator, or always busy."""
    SNOW = "w"
    """Skiing in winter, walking in summer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A city with hotels."""

    code: str
    """IATA, of the city."""
    name: str
    country: str
    level: int
    """Whole euros: a plain three-star double on an ordinary night."""
    climate: Climate
    character: Character
    flavour: str
    """Whose language names and streets have: a key of the flavours."""
    known_as: str
    """Its name in GeoNames."""
    millions: float
    """Passengers a year of its airports."""
    zone: str
    """IANA."""


# City code, name | euros, climate, character; then, where it differs from the country's: @flavour; where it
# differs from the name: = its name in GeoNames.
_PLACES = """
LON London | 150 n c
MAN Manchester | 95 n c
EDI Edinburgh | 125 n l
DUB Dublin | 145 n c
PAR Paris | 145 n l
NCE Nice | 120 m b
LYS Lyon | 95 n c
MRS Marseille | 95 m l
BOD Bordeaux | 100 n l
AMS Amsterdam | 150 n l
BRU Brussels | 105 n c @fr
FRA Frankfurt am Main | 105 n c
MUC Munich | 125 n c
BER Berlin | 105 n c
HAM Hamburg | 110 n c
DUS Düsseldorf | 100 n c
CGN Cologne | 98 n c =Köln
STR Stuttgart | 98 n c
DRS Dresden | 85 n l
ZRH Zurich | 175 n c =Zürich
GVA Geneva | 175 n c @fr
VIE Vienna | 110 n l
SZG Salzburg | 115 w l
PRG Prague | 85 n l
BUD Budapest | 80 n l
WAW Warsaw | 75 n c
KRK Kraków | 70 n l
GDN Gdańsk | 75 n l
OTP Bucharest | 70 n c
SOF Sofia | 65 n c
BEG Belgrade | 75 n c
ZAG Zagreb | 85 n c
LJU Ljubljana | 95 n l
SPU Split | 95 m b
DBV Dubrovnik | 115 m b
ATH Athens | 105 m l
HER Heraklion | 85 m b =Irákleion
RHO Rhodes | 85 m b =Ródos
JTR Santorini | 150 m b
IST Istanbul | 75 n l
ANK Ankara | 60 n c
AYT Antalya | 70 m b
ROM Rome | 130 n l
MIL Milan | 130 n c
VCE Venice | 145 n l
FLR Florence | 125 n l
NAP Naples | 95 m l
PMO Palermo | 85 m l
CTA Catania | 80 m l
MAD Madrid | 110 n c
BCN Barcelona | 130 n l @cat
PMI Palma de Mallorca | 115 m b @cat =Palma
IBZ Ibiza | 140 m b @cat
AGP Malaga | 95 m b =Málaga
SVQ Seville | 95 n l =Sevilla
ALC Alicante | 80 m b
VLC Valencia | 90 m l
TCI Tenerife | 95 e b =Adeje
LPA Gran Canaria | 85 e b =Las Palmas de Gran Canaria
LIS Lisbon | 110 n l
OPO Porto | 90 n l
FAO Faro | 85 m b
FNC Funchal | 95 e b
CPH Copenhagen | 140 n c
OSL Oslo | 125 n c
BGO Bergen | 125 n l
STO Stockholm | 125 n c
GOT Gothenburg | 110 n c
HEL Helsinki | 110 n c
REK Reykjavik | 175 n l =Reykjavík
RIX Riga | 65 n l
TLL Tallinn | 72 n l
VNO Vilnius | 65 n l
LUX Luxembourg | 130 n c @fr
MLA Valletta | 95 m b
LCA Larnaca | 85 m b @gr

NYC New York | 190 n c =New York City
BOS Boston | 180 n c
PHL Philadelphia | 140 n c
WAS Washington | 150 n c
BWI Baltimore | 115 n c
CLT Charlotte | 115 n c
RDU Raleigh | 110 n c
ATL Atlanta | 120 n c
MIA Miami | 160 t b @florida
FLL Fort Lauderdale | 140 t b @florida
MCO Orlando | 110 e l @florida
TPA Tampa | 125 t l @florida
MSY New Orleans | 130 n l
BNA Nashville | 140 n l
CHI Chicago | 140 n c
DTW Detroit | 110 n c
MSP Minneapolis | 115 n c
STL St. Louis | 105 n c
DFW Dallas | 115 n c
HOU Houston | 105 n c
AUS Austin | 135 n c
DEN Denver | 130 n c
SLC Salt Lake City | 115 w c
PHX Phoenix | 120 g c @southwest
LAS Las Vegas | 90 e l @southwest
LAX Los Angeles | 160 e c @west
SAN San Diego | 155 e b @west
SFO San Francisco | 160 n c @west
SMF Sacramento | 110 n c @west
PDX Portland | 115 n c @west
SEA Seattle | 145 n c @west
ANC Anchorage | 135 n l @alaska
HNL Honolulu | 190 e b @hawaii
SJU San Juan | 140 t b @latin
YTO Toronto | 135 n c
YUL Montreal | 125 n l @fr =Montréal
YVR Vancouver | 145 n c
YYC Calgary | 110 w c
MEX Mexico City | 80 e c
GDL Guadalajara | 60 e c
MTY Monterrey | 62 e c
TIJ Tijuana | 58 e c
CUN Cancun | 95 t b =Cancún
PTY Panama City | 78 t c
BOG Bogota | 55 e c =Bogotá
MDE Medellin | 52 e c =Medellín
CTG Cartagena | 70 t b
UIO Quito | 52 e l
LIM Lima | 62 s c
CUZ Cusco | 58 e l
SCL Santiago | 75 s c
BUE Buenos Aires | 75 s c
SAO Sao Paulo | 62 s c =São Paulo
RIO Rio de Janeiro | 80 s b
BSB Brasilia | 58 e c =Brasília
BHZ Belo Horizonte | 50 s c
SSA Salvador | 58 s b
PUJ Punta Cana | 110 t b
MBJ Montego Bay | 120 t b @florida

DXB Dubai | 100 g c
AUH Abu Dhabi | 85 g c
DOH Doha | 85 g c
KWI Kuwait City | 90 g c
BAH Manama | 75 g c
MCT Muscat | 75 g c
RUH Riyadh | 105 g c
JED Jeddah | 100 g c
DMM Dammam | 80 g c
AMM Amman | 72 n c
BEY Beirut | 85 n c
TLV Tel Aviv | 155 m b
CAI Cairo | 55 g l
HRG Hurghada | 55 e b
SSH Sharm el-Sheikh | 58 e b =Sharm el-Sheikh
CMN Casablanca | 65 n c
RAK Marrakesh | 75 n l
ALG Algiers | 70 n c
TUN Tunis | 52 m l
ADD Addis Ababa | 70 e c
NBO Nairobi | 78 e c
MBA Mombasa | 65 e b
ZNZ Zanzibar | 85 e b
LOS Lagos | 85 e c
JNB Johannesburg | 65 s c
CPT Cape Town | 95 s b
MRU Port Louis | 95 s b
MLE Malé | 90 t b

DEL Delhi | 50 i c
BOM Mumbai | 68 i c
BLR Bengaluru | 52 i c
MAA Chennai | 48 i c
HYD Hyderabad | 48 i c
CCU Kolkata | 45 i c
AMD Ahmedabad | 42 i c
COK Kochi | 48 i l
GOI Goa | 65 i b =Panjim
KTM Kathmandu | 42 i l
CMB Colombo | 58 t c
DAC Dhaka | 58 i c
KHI Karachi | 58 i c
BKK Bangkok | 52 t l
HKT Phuket | 60 t b @phuket
CNX Chiang Mai | 42 t l @chiangmai
SGN Ho Chi Minh City | 45 t c
HAN Hanoi | 42 t l
DAD Da Nang | 45 e b
KUL Kuala Lumpur | 48 e c
SIN Singapore | 140 e c
JKT Jakarta | 48 e c
SUB Surabaya | 38 e c
DPS Bali | 58 e b =Denpasar
MNL Manila | 65 t c
CEB Cebu | 52 t b =Cebu City
HKG Hong Kong | 120 n c
TPE Taipei | 90 n c
BJS Beijing | 72 n c
SHA Shanghai | 75 n c
CAN Guangzhou | 62 n c
SZX Shenzhen | 62 n c
HGH Hangzhou | 58 n l
NKG Nanjing | 50 n c
WUH Wuhan | 45 n c
CSX Changsha | 45 n c
CKG Chongqing | 45 n c
TFU Chengdu | 48 n l
KMG Kunming | 42 e l
XIY Xi'an | 48 n l =Xi\N{RIGHT SINGLE QUOTATION MARK}an
CGO Zhengzhou | 42 n c
TAO Qingdao | 52 n b
XMN Xiamen | 55 n b
HAK Haikou | 52 t b
URC Urumqi | 45 n c =Ürümqi
TYO Tokyo | 110 n c
OSA Osaka | 95 n c
NGO Nagoya | 80 n c
FUK Fukuoka | 80 n c
SPK Sapporo | 85 w l
OKA Naha | 85 m b
SEL Seoul | 95 n c
PUS Busan | 80 n b
CJU Jeju | 85 n b =Jeju City

SYD Sydney | 145 s c
MEL Melbourne | 120 s c
BNE Brisbane | 120 s c
PER Perth | 115 s c
ADL Adelaide | 105 s c
CNS Cairns | 110 e b
OOL Gold Coast | 125 s b
AKL Auckland | 110 s c
CHC Christchurch | 105 s l
ZQN Queenstown | 140 w l
NAN Nadi | 95 e b
"""

_MILLIONS_BEYOND = {
    "LYS": 10.4, "MRS": 11.2, "BOD": 6.6, "CGN": 10.0, "STR": 9.1, "DRS": 1.0, "SZG": 1.8, "KRK": 11.1,
    "GDN": 6.7, "SOF": 7.9, "BEG": 8.4, "ZAG": 4.3, "LJU": 1.4, "SPU": 3.6, "DBV": 3.0, "HER": 9.9,
    "RHO": 7.0, "JTR": 2.9, "VCE": 11.6, "FLR": 3.5, "NAP": 12.6, "PMO": 8.9, "CTA": 12.4, "IBZ": 9.1,
    "SVQ": 9.2, "VLC": 10.8, "TCI": 20.5, "LPA": 15.2, "OPO": 15.9, "FAO": 9.8, "FNC": 5.0, "BGO": 6.9,
    "GOT": 6.3, "RIX": 7.1, "TLL": 3.5, "VNO": 4.8, "LUX": 5.1, "MLA": 9.0, "LCA": 8.7, "CTG": 7.5,
    "CUZ": 4.0, "SSA": 7.8, "MBJ": 5.2, "HRG": 9.0, "SSH": 6.0, "RAK": 9.3, "MBA": 1.6, "ZNZ": 2.2,
    "MRU": 4.0, "MLE": 4.4, "GOI": 7.0, "CNX": 8.8, "CEB": 11.3, "CNS": 4.9, "OOL": 6.3, "ZQN": 2.6,
}  # fmt: skip
"""Of cities whose airport the network does not serve, as operators publish them for 2024."""


@cache
def places() -> tuple[Place, ...]:
    """All of them, those to which most travellers come leading."""
    found = [_place(line) for line in _PLACES.splitlines() if line]
    return tuple(sorted(found, key=lambda one: (-one.millions, one.code)))


def _place(line: str) -> Place:
    label, _, facts = line.partition(" | ")
    facts, _, known_as = facts.partition("=")
    code, _, name = label.partition(" ")
    level, climate, character, *flavour = facts.split()
    airport = airports_of_cities()[code][0]
    return Place(
        code=code,
        name=name,
        country=airport.country,
        level=int(level),
        climate=Climate(climate),
        character=Character(character),
        flavour=flavour[0][1:] if flavour else airport.country.lower(),
        known_as=known_as or name,
        millions=_millions(code),
        zone=airport.zone,
    )


def _millions(city_code: str) -> float:
    served = sum(airport.millions for airport in airports_of_cities()[city_code])
    return served or _MILLIONS_BEYOND[city_code]
