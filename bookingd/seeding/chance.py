"""Chance that never surprises: a number for a seed and the parts of a thing's name, always the same.

Not a random source (that is bookingd.sources.Chance): the same world must come out in every run and release.
"""

_MASK = (1 << 64) - 1


def draw(seed: int, *parts: int) -> int:
    """A number of 64 bits for `parts`; neighbours have nothing in common (the mixer of splitmix64)."""
    state = seed & _MASK
    for part in parts:
        state = (state + part * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return state


def between(low: float, high: float, drawn: int) -> float:
    """`drawn` as a number from `low` to below `high`."""
    return low + (high - low) * (drawn >> 11) / 2**53


def name_number(name: str) -> int:
    """A short name (a code of letters and digits) as a number, to be drawn for."""
    return int.from_bytes(name.encode(), "big")
