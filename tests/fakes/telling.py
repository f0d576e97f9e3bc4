"""What a fake is told to do at its next calls: each telling fits one operation, for a number of times."""

from dataclasses import dataclass
from typing import TypeVar


@dataclass(slots=True, kw_only=True)
class Telling:
    """To be extended by what is told. `times` is how often it still holds."""

    operation: str
    times: int


Told = TypeVar("Told", bound=Telling)


def take(told: list[Told], operation: str) -> Told | None:
    """The first telling for `operation`, which counts as one of its times; None without any."""
    for telling in told:
        if telling.operation == operation:
            telling.times -= 1
            if not telling.times:
                told.remove(telling)
            return telling
    return None
