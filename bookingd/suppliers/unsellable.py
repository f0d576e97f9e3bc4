"""What proved unsellable is not offered again for a while, whatever searches still find of it.

In this process's memory, and in Redis for the others; a notice tells them sooner. The one rule: this hides
offers and refuses none, so that losing it costs somebody a vain attempt, and nothing more (P12).

Suppliers go on finding what they no longer sell, since their searches are cached: they are not believed for a
while. Own inventory answers from its stock, so what it finds after a refusal is there again.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from prometheus_client import Counter

from bookingd.domain.offers import Offer
from bookingd.domain.stays import StayOffer
from bookingd.domain.unsellable import keys, wanted
from bookingd.messages.catalogue import Message
from bookingd.messages.live import Refused
from bookingd.redis_calls import BUDGET, Client, RedisCalls, Rest
from bookingd.sources import Clock
from bookingd.suppliers.own_stock import NAME as OWN
from bookingd.telemetry.metrics import CacheMetrics

MOST = 10_000
"""Refusals in mind, and such as are still to be told; the oldest go first."""

AT_ONCE = 500
"""Of what others have told, so much is taken in before requests have their turn: some milliseconds."""

BEAT = 1.0
"""Seconds between two looks whether there is something to tell."""

LOOK_EVERY = 5.0
"""Seconds between two looks at what others have told, where a notice was lost."""

KEY = "bookingd:unsellable"

EXCHANGE = """
for i = 3, #ARGV, 2 do
    redis.call('ZADD', KEYS[1], 'GT', ARGV[i], ARGV[i + 1])
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - tonumber(ARGV[2]))
return redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
"""
"""ARGV: the time, and how many are kept; then for each refusal until when it counts, and what it is. All
times in milliseconds. Gives all that are kept, each with its time.
"""

_MILLISECOND = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

O = TypeVar("O", Offer, StayOffer)  # noqa: E741 - an offer of either kind


@dataclass(frozen=True, slots=True)
class _What:
    """What is not to be had, and from how much of it on."""

    key: int
    number: int
    supplier: str


class Unsellable:
    """What this process knows of refusals, for `seconds` each."""

    def __init__(
        self,
        client: Client,
        *,
        clock: Clock,
        seconds: int,
        redis_errors: Counter | None = None,
        budget: float = BUDGET,
        rest: Rest | None = None,
    ) -> None:
        self._client = client
        self._clock = clock
        self._lasts = seconds * 1000
        self._until: OrderedDict[_What, int] = OrderedDict()
        """In milliseconds since 1970; those that were learnt last are the last."""
        self._untold: dict[_What, int] = {}
        self._answers: dict[int, tuple[float, Mapping[int, int]]] = {}
        """What `refused` gave last, and when: by number, forgotten when something else is learnt."""
        self._redis = RedisCalls(
            client,
            clock=clock,
            errors=CacheMetrics().errors if redis_errors is None else redis_errors,
            meanwhile="what is sold out may be offered again",
            budget=budget,
            rest=rest,
        )

    def hear(self, notice: Message) -> None:
        """A notice of the bus."""
        if not isinstance(notice, Refused):
            return
        for refusal in notice.refusals:
            what = _What(refusal.key, refusal.number, refusal.supplier)
            until = (refusal.at - _EPOCH) // _MILLISECOND + self._lasts
            self._learn(what, until)
            self._untold[what] = max(until, self._untold.pop(what, 0))
        _cut(self._untold)

    def refused(self, number: int) -> Mapping[int, int]:
        """What is not to be had for whoever wants so much of it (see `domain.unsellable.wanted`): for each
        key, until when an offer of it has to have been made to be hidden, in milliseconds since 1970.

        Each page of each search asks: what was found stands for BEAT, unless there is something new.
        """
        monotonic = self._clock.monotonic()
        last = self._answers.get(number)
        if last is None or not 0 <= monotonic - last[0] < BEAT:
            last = self._answers[number] = monotonic, self._found(number)
        return last[1]

    def _found(self, number: int) -> Mapping[int, int]:
        now = self._now()
        found: dict[int, int] = {}
        for what, until in self._until.items():
            if what.number <= number and until > now:
                found[what.key] = max(found.get(what.key, 0), self._believed_from(what, until))
        return found

    def sellable(self, offers: Sequence[O]) -> Sequence[O]:
        """The offers but those that are known not to be had."""
        if not offers or not self._until:
            return offers
        refused = self.refused(wanted(offers[0]))
        return [offer for offer in offers if not _is_hidden(offer, refused)] if refused else offers

    async def run(self) -> None:
        """Tell others, and look at what they have told, until cancelled."""
        looked = -LOOK_EVERY
        while True:
            if self._untold or self._clock.monotonic() - looked >= LOOK_EVERY:
                looked = self._clock.monotonic()
                await self.exchange()
            await self._clock.sleep(BEAT)

    async def exchange(self) -> None:
        """Tell others what was heard, and learn what they know."""
        told, self._untold = self._untold, {}
        arguments: list[str | int] = [self._now(), MOST]
        for what, until in told.items():
            arguments += [until, f"{what.key} {what.number} {what.supplier}"]
        answer: list[bytes] | None = await self._redis.answer(
            lambda: self._client.eval(EXCHANGE, 1, KEY, *arguments), awaited=False
        )
        if answer is None:
            self._untold = told | self._untold
            _cut(self._untold)
            return
        for number, (member, score) in enumerate(zip(answer[::2], answer[1::2], strict=True), 1):
            if (known := _read(member)) is not None:
                self._learn(known, int(float(score)))
            if number % AT_ONCE == 0:
                await self._clock.sleep(0)

    async def close(self) -> None:
        """Leave Redis."""
        await self._redis.close()

    def _learn(self, what: _What, until: int) -> None:
        if until > self._until.get(what, 0):
            self._until[what] = until
            self._answers.clear()
        self._until.move_to_end(what)
        now = self._now()
        while len(self._until) > MOST or next(iter(self._until.values())) <= now:
            self._until.popitem(last=False)
            if not self._until:
                return

    def _believed_from(self, what: _What, until: int) -> int:
        """From when on its supplier is believed that it has it again."""
        return until - self._lasts if what.supplier == OWN else until

    def _now(self) -> int:
        return (self._clock.now() - _EPOCH) // _MILLISECOND


def _cut(untold: dict[_What, int]) -> None:
    """However long nobody can be told, no more than that is kept for it."""
    while len(untold) > MOST:
        del untold[next(iter(untold))]


def _read(member: bytes) -> _What | None:
    """What was told; None for what somebody else put there."""
    try:
        key, number, supplier = member.decode().split(" ", 2)
        return _What(int(key), int(number), supplier)
    except ValueError:
        return None


def _is_hidden(offer: Offer | StayOffer, refused: Mapping[int, int]) -> bool:
    made = (offer.made_at - _EPOCH) // _MILLISECOND
    return any(made <= refused.get(key, -1) for key in keys(offer))
