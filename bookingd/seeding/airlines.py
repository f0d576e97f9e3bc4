"""The airlines of the made-up network: real codes, names, alliances and hubs; what they fly is invented.

Codes are IATA's and ICAO's, memberships those that the alliances themselves list. A low-cost airline flies
short ways, in one cabin.
"""

from dataclasses import dataclass
from functools import cache

STAR = "Star Alliance"
ONEWORLD = "oneworld"
SKYTEAM = "SkyTeam"

# IATA, ICAO, country, name, hubs.
_MEMBERS = {
    STAR: """
LH DLH DE Lufthansa: FRA MUC
LX SWR CH SWISS: ZRH GVA
OS AUA AT Austrian Airlines: VIE
SN BEL BE Brussels Airlines: BRU
TP TAP PT TAP Air Portugal: LIS
A3 AEE GR Aegean Airlines: ATH
LO LOT PL LOT Polish Airlines: WAW
TK THY TR Turkish Airlines: IST
UA UAL US United Airlines: ORD DEN IAH EWR SFO IAD LAX
AC ACA CA Air Canada: YYZ YVR YUL
NH ANA JP All Nippon Airways: HND NRT ITM
SQ SIA SG Singapore Airlines: SIN
TG THA TH Thai Airways: BKK
CA CCA CN Air China: PEK TFU
ZH CSZ CN Shenzhen Airlines: SZX
ET ETH ET Ethiopian Airlines: ADD
MS MSR EG Egyptair: CAI
SA SAA ZA South African Airways: JNB
AI AIC IN Air India: DEL BOM
BR EVA TW EVA Air: TPE
CM CMP PA Copa Airlines: PTY
AV AVA CO Avianca: BOG
NZ ANZ NZ Air New Zealand: AKL
""",
    ONEWORLD: """
BA BAW GB British Airways: LHR LGW
AA AAL US American Airlines: DFW CLT MIA PHX ORD PHL JFK DCA
AS ASA US Alaska Airlines: SEA PDX SAN
IB IBE ES Iberia: MAD
AY FIN FI Finnair: HEL
QR QTR QA Qatar Airways: DOH
CX CPA HK Cathay Pacific: HKG
JL JAL JP Japan Airlines: HND NRT KIX
QF QFA AU Qantas: SYD MEL BNE PER
MH MAS MY Malaysia Airlines: KUL
RJ RJA JO Royal Jordanian: AMM
AT RAM MA Royal Air Maroc: CMN
UL ALK LK SriLankan Airlines: CMB
FJ FJI FJ Fiji Airways: NAN
""",
    SKYTEAM: """
AF AFR FR Air France: CDG ORY NCE
KL KLM NL KLM: AMS
SK SAS SE Scandinavian Airlines: CPH OSL ARN
VS VIR GB Virgin Atlantic: LHR MAN
DL DAL US Delta Air Lines: ATL MSP DTW SLC JFK SEA BOS LAX
AM AMX MX Aeromexico: MEX
AR ARG AR Aerolineas Argentinas: AEP EZE
KE KAL KR Korean Air: ICN GMP
MU CES CN China Eastern: PVG SHA KMG XIY
MF CXA CN XiamenAir: XMN
CI CAL TW China Airlines: TPE
VN HVN VN Vietnam Airlines: SGN HAN
GA GIA ID Garuda Indonesia: CGK DPS
SV SVA SA Saudia: JED RUH
ME MEA LB Middle East Airlines: BEY
KQ KQA KE Kenya Airways: NBO
RO ROT RO TAROM: OTP
UX AEA ES Air Europa: MAD PMI
""",
    "": """
EK UAE AE Emirates: DXB
EY ETD AE Etihad Airways: AUH
CZ CSN CN China Southern: CAN PKX WUH
HU CHH CN Hainan Airlines: HAK PEK
LA LAN CL LATAM Airlines: SCL
JJ TAM BR LATAM Brasil: GRU BSB
AZ ITY IT ITA Airways: FCO LIN
EI EIN IE Aer Lingus: DUB
FI ICE IS Icelandair: KEF
LY ELY IL El Al: TLV
PR PAL PH Philippine Airlines: MNL
GF GFA BH Gulf Air: BAH
WY OMA OM Oman Air: MCT
KU KAC KW Kuwait Airways: KWI
PK PIA PK Pakistan International: KHI
BG BBC BD Biman Bangladesh: DAC
RA RNA NP Nepal Airlines: KTM
TU TAR TN Tunisair: TUN
AH DAH DZ Air Algerie: ALG
P4 APK NG Air Peace: LOS
OZ AAR KR Asiana Airlines: ICN GMP CJU
HA HAL US Hawaiian Airlines: HNL
WS WJA CA WestJet: YYC
""",
    "low cost": """
WN SWA US Southwest Airlines: MDW DAL DEN BWI LAS PHX HOU BNA
B6 JBU US JetBlue: JFK BOS FLL
F9 FFT US Frontier Airlines: DEN MCO
U2 EZY GB easyJet: LGW LTN MAN EDI
EC EJU AT easyJet Europe: MXP GVA BER ORY
FR RYR IE Ryanair: DUB STN
W6 WZZ HU Wizz Air: BUD
VY VLG ES Vueling: BCN
EW EWG DE Eurowings: DUS HAM
PC PGT TR Pegasus: SAW AYT
DY NOZ NO Norwegian: OSL
6E IGO IN IndiGo: DEL BOM BLR HYD MAA CCU
AK AXM MY AirAsia: KUL
FD AIQ TH Thai AirAsia: DMK
TR TGW SG Scoot: SIN
JT LNI ID Lion Air: CGK SUB
5J CEB PH Cebu Pacific: MNL
VJ VJC VN VietJet Air: SGN HAN
JQ JST AU Jetstar: MEL ADL
7C JJA KR Jeju Air: CJU PUS
MM APJ JP Peach: KIX
HD ADO JP Air Do: CTS
FZ FDB AE flydubai: DXB
Y4 VOI MX Volaris: GDL TIJ CUN
VB VIV MX Viva: MTY
G3 GLO BR Gol: CGH GIG
AD AZU BR Azul: VCP CNF
FA SFR ZA FlySafair: CPT JNB
""",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Airline:
    """An airline and the airports that it flies from."""

    code: str
    icao: str
    name: str
    country: str
    alliance: str | None
    low_cost: bool
    hubs: tuple[str, ...]


@cache
def airlines() -> tuple[Airline, ...]:
    """All of them, by code."""
    found = [_parse(line, group) for group, text in _MEMBERS.items() for line in text.strip().splitlines()]
    return tuple(sorted(found, key=lambda airline: airline.code))


def _parse(line: str, group: str) -> Airline:
    facts, _, hubs = line.partition(": ")
    code, icao, country, name = facts.split(" ", 3)
    return Airline(
        code=code,
        icao=icao,
        name=name,
        country=country,
        alliance=group if group in {STAR, ONEWORLD, SKYTEAM} else None,
        low_cost=group == "low cost",
        hubs=tuple(hubs.split()),
    )
