"""Aircraft: how far they fly and how many seats they have, near what airlines publish of their cabins."""

from dataclasses import dataclass

from bookingd.domain.flights import Cabin

E, P, B, F = Cabin.ECONOMY, Cabin.PREMIUM_ECONOMY, Cabin.BUSINESS, Cabin.FIRST


@dataclass(frozen=True, slots=True, kw_only=True)
class Aircraft:
    """A type by its ICAO designator, with `reach` in km as airlines use it and seats by cabin."""

    type: str
    reach: int
    seats: dict[Cabin, int]


E190 = Aircraft(type="E190", reach=3500, seats={E: 88, B: 12})
A320 = Aircraft(type="A320", reach=5000, seats={E: 144, B: 24})
B738 = Aircraft(type="B738", reach=5000, seats={E: 150, B: 12})
A21N = Aircraft(type="A21N", reach=7000, seats={E: 170, B: 20})
A333 = Aircraft(type="A333", reach=10500, seats={E: 240, B: 36})
B788 = Aircraft(type="B788", reach=13000, seats={E: 186, P: 28, B: 28})
B789 = Aircraft(type="B789", reach=14000, seats={E: 200, P: 35, B: 42})
A359 = Aircraft(type="A359", reach=15500, seats={E: 211, P: 24, B: 48})
B77W = Aircraft(type="B77W", reach=13600, seats={E: 232, P: 28, B: 52, F: 8})
A388 = Aircraft(type="A388", reach=14500, seats={E: 371, P: 44, B: 76, F: 14})
A320_DENSE = Aircraft(type="A320", reach=5000, seats={E: 186})
B738_DENSE = Aircraft(type="B738", reach=5000, seats={E: 189})

FARTHEST = A359.reach
LOW_COST_REACH = 4200
"""How far low-cost airlines go, in km: there and back within a crew's day."""

_DOUBLE_DECKERS = frozenset({"EK", "SQ", "BA", "QF", "LH", "EY", "KE", "QR"})
_SHORT = {True: (A320_DENSE, B738_DENSE), False: (A320, B738)}


def choose(airline: str, *, low_cost: bool, distance: float, demand: float, draw: int) -> Aircraft:
    """What an airline sends over `distance` km; `demand` is 1 for a middling pair, `draw` decides ties."""
    if low_cost:
        return _SHORT[True][draw % 2]
    if distance < 1500 and demand < 0.7:
        return E190
    if distance < 4600:
        return A21N if demand > 1.6 else _SHORT[False][draw % 2]
    if distance < A21N.reach - 600 and demand < 0.7:
        return A21N
    if airline in _DOUBLE_DECKERS and demand > 1.8 and distance < A388.reach:
        return A388
    if distance > B77W.reach:
        return A359
    if demand > 1.2 and draw % 2:
        return B77W
    wide = (A333, B788, B789, A359) if distance < A333.reach else (B789, A359)
    return wide[draw % len(wide)]
