"""What a client would rather be answered: the header Accept (RFC 9110, 12.5.1)."""

from collections.abc import Sequence

from aiohttp import hdrs, web


def accepted(request: web.Request) -> Sequence[tuple[str, float]]:
    """Media ranges in small letters, each with its weight; 1.0 where none is given."""
    return [_range(part) for part in ",".join(request.headers.getall(hdrs.ACCEPT, ())).split(",")]


def _range(part: str) -> tuple[str, float]:
    kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            return kind, _weight(value)
    return kind, 1.0


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
