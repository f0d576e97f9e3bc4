"""Draws the lifecycle from its table, so that the picture in docs/lifecycle.md cannot disagree with it."""

from bookingd.domain.booking.decide import TABLE
from bookingd.domain.booking.state import FINAL, BookingState


def diagram() -> str:
    """A Mermaid state diagram: an edge for each pair of states, with the messages that lead there."""
    edges: dict[tuple[BookingState, BookingState], list[str]] = {}
    for message, row in TABLE.items():
        for state, answer in row.items():
            for target in answer.leads_to:
                edges.setdefault((state, target), []).append(message.__name__)
    order = list(BookingState)
    return "\n".join(
        [
            "stateDiagram-v2",
            f"    [*] --> {BookingState.PENDING}",
            *(
                f"    {state} --> {target}: {', '.join(edges[state, target])}"
                for state, target in sorted(edges, key=lambda edge: [order.index(end) for end in edge])
            ),
            *(f"    {state} --> [*]" for state in order if state in FINAL),
        ]
    )
