"""Very many histories of bookings in a model world; see world.py. What `check` asserts are the promises."""

import multiprocessing
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookingd.domain.booking.facts import PaymentNeeded
from bookingd.domain.booking.state import BookingState
from tests.domain.booking.world import World, history

HISTORIES = 30_000
MANY_HISTORIES = 500_000
CHUNK = 10_000


def live_through(seeds: range) -> Counter[str]:
    """The histories of these seeds, and how they went. Fails with the seed of the first that went wrong."""
    seen: Counter[str] = Counter()
    for seed in seeds:
        try:
            world = history(Random(seed))
        except Exception as error:
            raise AssertionError(f"history {seed}: {error!r}") from error
        seen.update(_what_happened(world))
    return seen


def _what_happened(world: World) -> set[str]:
    happened: set[str] = {world.booking.state, *world.happened}
    if any(isinstance(told, PaymentNeeded) for told in world.told):
        happened.add("capture refused")
        if world.booking.state is BookingState.CONFIRMED:
            happened.add("paid by a second payment")
    if any(payment.refunded for payment in world.till.payments.values()):
        happened.add("refunded")
    if world.given_by_staff:
        happened.add("given back by staff")
    if any(payment.disputes for payment in world.booking.payments):
        happened.add("disputed")
    if world.booking.reason == "unpaid_balance":
        happened.add("deposit kept" if world.booking.kept else "balance not paid")
    if any(item.releases > 1 for item in world.booking.items):
        happened.add("given back again")
    if world.consented:
        happened.add("consent")
    if len(world.booking.items) > 1:
        happened.add("two items")
    return happened


def test_every_history_ends_as_promised() -> None:
    """P2, P3, P6, P8, and no stock or money is left with a booking that is over."""
    seen = live_through(range(HISTORIES))

    rare = {what: count for what, count in seen.items() if count < HISTORIES / 1000}
    assert rare == {}
    assert set(seen) == {
        *("confirmed", "expired", "failed", "cancelled"),
        *("capture refused", "paid by a second payment", "refunded", "given back again"),
        *("consent", "two items", "review", "renewed", "renewal refused", "transfer in parts"),
        *("received by staff", "given back by staff", "refund failed", "disputed"),
        *("balance paid", "balance not paid", "deposit kept", "kept card charged"),
    }


@given(st.randoms(note_method_calls=False))
@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
def test_no_history_can_be_thought_of_that_ends_otherwise(chance: Random) -> None:
    """Hypothesis looks for one that breaks a promise, and would show the shortest."""
    history(chance)


@pytest.mark.full
@pytest.mark.alone
@pytest.mark.timeout(900)
def test_half_a_million_histories_end_as_promised() -> None:
    chunks = [range(start, start + CHUNK) for start in range(0, MANY_HISTORIES, CHUNK)]
    workers = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=2, mp_context=workers) as pool:
        seen = sum(pool.map(live_through, chunks), Counter())

    assert seen["confirmed"] > MANY_HISTORIES / 10
