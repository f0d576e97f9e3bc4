"""Return, webhook, poll, expiry, cancel, refund and dispute, each up to three times and in any order, by four
ways to pay, over bad lines, with crashes between: always one right ledger (P2, P3, P5, P6, P9, P11).

https://github.com/medusajs/medusa/issues/13301, https://github.com/HiEventsDev/Hi.Events/issues/513,
https://github.com/pretix/pretix/issues/343, https://github.com/202-ecommerce/stripe_official/issues/78 and
the like: money and orders that parted over an order of events that nobody had thought of.

All chance comes from a seed, which names the test: `pytest -m "" -k "ledger[17]"` lives it again. Tasks and
the database still take turns as they like, so what failed once may need some repeats.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from bookingd.domain.booking.confirming import charge_id
from bookingd.domain.booking.state import BookingState
from bookingd.domain.ids import PaymentId
from bookingd.gateways.port import GatewayNotice, GatewayPayment
from bookingd.reconciliation.judging import GRACE
from bookingd.sources import Sources, SystemChance, SystemIds
from bookingd.storage.database import Database
from tests.actors.booking_house import PacedClock, plant_departures
from tests.fakes.inventory import Planted
from tests.faults.converging import ledgers
from tests.faults.converging.history import Act, History
from tests.faults.converging.house import PAYPAL, STRIPE, House, World, verify_trail
from tests.faults.converging.sides import FakeSide
from tests.faults.converging.stand_ins import open_stand_ins

TOGETHER = 24
"""Histories that go on in one house at a time."""

SEATS = TOGETHER - 6
"""Of the flight that all of them want."""

ROUNDS = 5
LEAPS = [timedelta()] * 3 + [
    timedelta(seconds=20),
    timedelta(minutes=16),
    timedelta(minutes=26),
    timedelta(days=1),
]
"""How far time goes on after a round; a hold lasts 15 minutes, and 10 longer for who pays."""

PEACE = (
    [timedelta(minutes=31)] * 3
    + [timedelta(days=1, hours=1)] * 4
    + [timedelta(days=days) for days in (3, 7, 14, 30)]
)
"""And after all of them: until no timer of a booking, a payment or a refund is left."""


class Life:
    """A house full of histories, from the first payment to the last timer."""

    def __init__(self, database: Database, seed: str) -> None:
        self.chance = Random(seed)
        self.database = database
        self.world = World(database, seed, PacedClock())
        self.histories = [
            History(number, Random(f"{number} of {seed}"), self.world) for number in range(1, TOGETHER + 1)
        ]
        self._of = {charge_id(history.booking): history for history in self.histories}

    def before_fakes(self) -> None:
        """Have gateways in memory, in the manners of both."""
        for name in (STRIPE, PAYPAL):
            side = FakeSide(self.world.clock, approving=name == PAYPAL)
            side.note = partial(self._noted, name)
            self.world.connect(name, side, self._made)

    async def before_stand_ins(self, stack: AsyncExitStack) -> None:
        """Have the real adapters, before our stand-ins, until the stack is left."""
        sources = Sources(clock=self.world.clock, ids=SystemIds(), chance=SystemChance())
        for side in await open_stand_ins(sources, self._heard, stack):
            self.world.connect(side.name, side, None)

    async def live(self) -> None:
        """Acts in rounds, then peace."""
        self.house = House(self.database, self.world)
        await self.house.start()
        await self.house.open_line()
        await self.house.place(*(history.booking for history in self.histories))
        await self.house.rest()
        acts = {history.number: list(_in_rounds(history, self.chance)) for history in self.histories}
        for number in range(ROUNDS):
            await self._round([(history, acts[history.number][number]) for history in self.histories])
        await self._find_peace()
        await self.house.stop()

    async def _round(self, slices: Sequence[tuple[History, Sequence[Act]]]) -> None:
        dies = self.chance.random() < 0.5

        async def one(history: History, acts: Sequence[Act]) -> None:
            for act in acts:
                await history.act(self.house, act)

        self.world.weather.mute = dies and self.chance.random() < 0.5
        await asyncio.gather(*(one(*each) for each in slices))
        await asyncio.sleep(self.chance.uniform(0, 0.3))
        if dies:
            await self.house.die()
        self.house.jump(self.chance.choice(LEAPS))
        if dies:
            self.world.weather.mute = False
            self.house = House(self.database, self.world)
            await self.house.start()

    async def _find_peace(self) -> None:
        """Nothing goes wrong any more; whatever waits for others comes to its end, and all timers come."""
        self.world.weather.calm = True
        late = [told for history in self.histories for told in history.events]
        for told in self.chance.sample(late, len(late)):
            self.house.tell(told)
        for leap in PEACE:
            await self.house.rest(30)
            for history in self.histories:
                await history.settle(self.house)
            self.house.jump(leap)
        await self.house.rest(30)
        self.house.jump(GRACE * 2)  # what has just changed is not compared yet
        await self.house.rest(30)

    def _noted(self, name: str, payment: GatewayPayment, dispute: str | None) -> None:
        """Something happened at a gateway, of which it will tell."""
        self._history(payment.payment_id).note(name, payment, dispute)

    async def _made(self, name: str, payment: GatewayPayment) -> None:
        """We have something done, of which its gateway tells by webhook too: sometimes before it answers."""
        told = self._history(payment.payment_id).note(name, payment)
        if self.chance.random() < 0.4:
            self.house.tell(told)

    async def _heard(self, name: str, notice: GatewayNotice) -> None:
        """A stand-in tells: we are told at once, or some other time."""
        told = self._history(notice.payment_id).hear(name, notice)
        if self.chance.random() < 0.4 or self.world.weather.calm:
            self.house.tell(told)

    def _history(self, payment_id: PaymentId | None) -> History:
        """Whose payment it is; what names none is as good as another's."""
        if payment_id is None:
            return self.histories[0]
        return self._of.get(payment_id) or self.histories[(payment_id.int >> 64) - 1]


def _in_rounds(history: History, chance: Random) -> Iterator[Sequence[Act]]:
    """Its acts, cut into as many parts as there are rounds."""
    acts = history.acts()
    cuts = [0, *sorted(chance.randrange(1, len(acts) + 1) for _ in range(ROUNDS - 1)), len(acts)]
    return (acts[start:end] for start, end in pairwise(cuts))


async def converge(life: Life, directory: Path) -> None:
    """Live, and see that all came right."""
    await plant_departures(life.database, Planted(id=1, seats=SEATS))

    await life.live()

    booked = [one.booking for one in life.histories]
    ended = await ledgers.check(life.database, life.world.lines, booked, life.house.sources)
    assert (await verify_trail(life.database, life.world, directory)).intact
    assert any(payment.taken for booking in ended for payment in booking.payments)
    assert len([one for one in ended if one.state is BookingState.FAILED]) >= TOGETHER - SEATS
    assert life.world.weather.struck > 0


def seeds(few: int, many: int) -> pytest.MarkDecorator:
    """A few in every run, many in a full one."""
    full = [pytest.param(seed, marks=pytest.mark.full) for seed in range(few + 1, many + 1)]
    return pytest.mark.parametrize("seed", [*range(1, few + 1), *full])


@seeds(1, 16)
async def test_every_order_of_events_ends_in_one_right_ledger(
    database: Database, tmp_path: Path, seed: int
) -> None:
    life = Life(database, f"{seed}")
    life.before_fakes()

    await converge(life, tmp_path)


@seeds(1, 5)
async def test_so_it_does_through_the_adapters_of_both_gateways(
    database: Database, tmp_path: Path, seed: int
) -> None:
    life = Life(database, f"adapters {seed}")
    async with AsyncExitStack() as stack:
        await life.before_stand_ins(stack)

        await converge(life, tmp_path)
