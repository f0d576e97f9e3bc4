"""Decisions in batches: what waits is taken in, decided and answered in one transaction, or not at all."""

from collections.abc import Awaitable, Callable, Iterable, Sequence

from bookingd.actor.backoff import FIRST_EARLY, backoff
from bookingd.actor.batching import Batcher
from bookingd.actor.kinds import Decide, Letter
from bookingd.actor.patience import Patience
from bookingd.sources import Sources
from bookingd.storage import inbox
from bookingd.storage.transactions import Transaction, Transactions
from bookingd.telemetry.metrics import Metrics

EARLY_ATTEMPTS = 20
"""Attempts at what comes too early: by then it has waited for about half an hour."""

DONE, EARLY, HOPELESS = "done", "early", "hopeless"


class StillTooEarly(Exception):
    """What must come before this message has not come in all its attempts."""


class Decisions:
    """Carries out the deciding messages of one actor: a batcher for each function of its table."""

    def __init__(
        self,
        *,
        actor: str,
        functions: Iterable[Decide],
        transactions: Transactions,
        sources: Sources,
        metrics: Metrics,
        batch: int,
        patiently: Patience,
    ) -> None:
        self._actor = actor
        self._transactions = transactions
        self._sources = sources
        self._batches = metrics.batch.labels(actor)
        self._patiently = patiently
        self._desks: dict[Decide, Batcher[Letter, str]] = {
            decide: Batcher(self._work_of(decide), limit=batch) for decide in functions
        }

    @property
    def loops(self) -> Sequence[Callable[[], Awaitable[None]]]:
        """The batchers, for the runtime to keep alive."""
        return [desk.run for desk in self._desks.values()]

    async def decide(self, decide: Decide, letter: Letter, *, rank: int, alone: bool = False) -> str:
        """Have one message decided, with others or `alone` in its transaction.

        Returns what became of it, for the metrics. Raises StillTooEarly.
        """
        if alone:
            [outcome] = await self._patiently(lambda: self._decide(decide, [letter]))
        else:
            outcome = await self._desks[decide].submit(letter, rank=rank)
        if outcome is HOPELESS:
            raise StillTooEarly(f"{letter.envelope.name} came too early {letter.envelope.attempt} times")
        return outcome

    def _work_of(self, decide: Decide) -> Callable[[Sequence[Letter]], Awaitable[Sequence[str]]]:
        async def work(letters: Sequence[Letter]) -> Sequence[str]:
            self._batches.observe(len(letters))
            return await self._patiently(lambda: self._decide(decide, letters))

        return work

    async def _decide(self, decide: Decide, letters: Sequence[Letter]) -> Sequence[str]:
        """One transaction for all: take them in, decide, put back what came too early."""
        async with self._transactions.begin() as transaction:
            new = await inbox.take(
                transaction.connection,
                actor=self._actor,
                envelopes=[letter.envelope for letter in letters],
            )
            fresh = _once_each([letter for letter in letters if letter.envelope.id in new])
            early = await decide(transaction, fresh) if fresh else ()
            outcomes = {letter.envelope.id: _outcome_of_early(letter) for letter in early}
            if early:
                await self._put_back(transaction, early)
        return [outcomes.get(letter.envelope.id, DONE) for letter in letters]

    async def _put_back(self, transaction: Transaction, early: Sequence[Letter]) -> None:
        """They count as not handled; those with hope come again after a while."""
        envelopes = [letter.envelope for letter in early]
        await inbox.put_back(transaction.connection, actor=self._actor, envelopes=envelopes)
        for letter in early:
            if _outcome_of_early(letter) is EARLY:
                transaction.send_again(
                    letter.envelope,
                    actor=self._actor,
                    lane=transaction.lane_of(letter.envelope),
                    after=backoff(letter.envelope.attempt, first=FIRST_EARLY, chance=self._sources.chance),
                )


def _outcome_of_early(letter: Letter) -> str:
    return EARLY if letter.envelope.attempt < EARLY_ATTEMPTS else HOPELESS


def _once_each(letters: Sequence[Letter]) -> list[Letter]:
    """A batch may hold the same message twice: the inbox tells them from old ones, not from each other."""
    return list({letter.envelope.id: letter for letter in letters}.values())
