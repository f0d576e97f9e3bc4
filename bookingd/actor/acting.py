"""Outside effects under intents: recorded before they begin, looked up when their outcome is unknown (P9).

    lease the intent, commit  ->  look up, or call  ->  record the outcome, commit

A second delivery that meets a live lease comes back later; one that meets a lapsed lease, or an outcome
that is unknown, goes to the look-up and never straight to the call.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from bookingd.actor.backoff import FIRST_OUTSIDE, backoff
from bookingd.actor.batching import Batcher
from bookingd.actor.kinds import Acting, Ended, Letter, Reading
from bookingd.actor.patience import Patience
from bookingd.domain.ids import IntentId, MessageId
from bookingd.outcomes import CALL_LIMIT, Refused, Unavailable, UnknownOutcome
from bookingd.sources import Sources
from bookingd.storage import intents
from bookingd.storage.database import is_unavailable
from bookingd.storage.intents import Ending, Intent, IntentKey, IntentState, Wish
from bookingd.storage.transactions import Transaction, Transactions

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=CALL_LIMIT * 2)
"""Longer than any call: a lease that lapses belongs to a process that is gone. When one is seen to have died
its leases end at once (bookingd.storage.processes).
"""

WARN_AT = 3
"""The attempt from which on waiting for somebody who is not available is a warning in the log."""

TELL_OPERATOR_AT = 8
"""The attempt at which a person is told: about a minute of trying."""

LOOK_AGAIN = 1.0
"""Seconds, of which half are drawn, until who met a live lease looks again. They do not grow: whoever
calls is done within moments, or dies and is inherited from within seconds.
"""

BUSY = "busy"
"""What became of a message that met a live lease: it was not tried."""

ORPHANED = "orphaned"
"""The same of one whose former caller is gone and may have died of it: it is to be done alone."""

MAY_PASS = (Unavailable, UnknownOutcome, TimeoutError)
"""Errors after which another look may find more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    acting: Acting
    letter: Letter
    id: IntentId
    """Of the intent, where it is new. It stays the same while the request is repeated."""

    @property
    def key(self) -> IntentKey:
        return self.acting.key(self.letter.message)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    acting: Reading
    letter: Letter


@dataclass(frozen=True, slots=True, kw_only=True)
class _Conclusion:
    """What a call came to: `outcome` where it is known, `left` where somebody must come back."""

    request: _Request | _Look
    intent: Intent | None
    """None for a reading."""
    outcome: Any = None
    left: IntentState | None = None
    note: str | None = None
    """Why somebody must come back, or why a look was given up."""
    retry_after: float | None = None


class Actions:
    """Carries out the acting messages of one actor."""

    def __init__(
        self,
        *,
        actor: str,
        transactions: Transactions,
        sources: Sources,
        batch: int,
        patiently: Patience,
        process: UUID,
    ) -> None:
        self._actor = actor
        self._process = process
        self._transactions = transactions
        self._sources = sources
        self._patiently = patiently
        self._opening: Batcher[_Request, Intent | None] = Batcher(self._open, limit=batch)
        self._concluding: Batcher[_Conclusion, None] = Batcher(self._conclude, limit=batch)

    @property
    def loops(self) -> Sequence[Callable[[], Awaitable[None]]]:
        """The two batchers, for the runtime to keep alive."""
        return (self._opening.run, self._concluding.run)

    async def act(self, acting: Acting | Reading, letter: Letter, *, alone: bool = False) -> str:
        """Carry out one message; returns what became of it, for the metrics.

        One whose former caller is gone is carried out only when it is `alone`: see bookingd.actor.isolation.
        """
        if isinstance(acting, Reading):
            return await self._look(_Look(acting=acting, letter=letter))
        request = _Request(acting=acting, letter=letter, id=IntentId(self._sources.ids.new()))
        intent = await self._opening.submit(request)
        if intent is None or intent.found in (IntentState.DONE, IntentState.REFUSED):
            return "done"
        if not intent.leased:
            await self._patiently(lambda: self._stand_by(letter))
            return BUSY
        if intent.found is IntentState.CALLING and not alone:
            await self._patiently(lambda: self._let_go(intent))
            return ORPHANED
        return await self._end(await self._call(request, intent))

    async def _look(self, look: _Look) -> str:
        """Look, and write down what was seen. What cannot be looked at now is looked at later.

        Not for ever: looks come from webhooks, people and timers, each a chance of its own, and would pile up
        while a gateway is away. A person is told, and the recorder learns that there was no answer.
        """
        given_up: str | None = None
        try:
            async with asyncio.timeout(CALL_LIMIT):
                outcome = await look.acting.read(look.letter.message)
        except Refused as refusal:
            outcome = refusal
        except Exception as error:
            if not (isinstance(error, MAY_PASS) or is_unavailable(error)):
                raise
            log.warning("%s could not look at %s: %s", self._actor, look.letter.envelope.name, error)
            if look.letter.envelope.attempt < TELL_OPERATOR_AT:
                await self._come_back(look.letter, getattr(error, "retry_after", None))
                return "retried"
            outcome, given_up = error, str(error)
        return await self._end(_Conclusion(request=look, intent=None, outcome=outcome, note=given_up))

    async def _end(self, conclusion: _Conclusion) -> str:
        await self._concluding.submit(conclusion)
        if conclusion.left:
            return "retried"
        if conclusion.note:
            return "failed"
        return "refused" if isinstance(conclusion.outcome, Refused) else "done"

    async def _open(self, requests: Sequence[_Request]) -> Sequence[Intent | None]:
        return await self._patiently(lambda: self._open_once(requests))

    async def _open_once(self, requests: Sequence[_Request]) -> Sequence[Intent | None]:
        """Lease an intent for each message that was not handled before; None for those that were.

        The same effect asked for twice in one batch is leased to the first only.
        """
        now = self._sources.clock.now()
        wishes = [Wish(envelope=one.letter.envelope, id=one.id, key=one.key) for one in requests]
        async with self._transactions.without() as connection:
            handled, met = await intents.lease(
                connection,
                actor=self._actor,
                wishes=wishes,
                process=self._process,
                now=now,
                until=now + LEASE,
            )
        leased: set[IntentKey] = set()
        return [_met_by(request, handled, met, leased) for request in requests]

    async def _call(self, request: _Request, intent: Intent) -> _Conclusion:
        """Look up or call, and say how it ended. Cancelled: the lease lapses, the next one looks up."""
        message = request.letter.message
        try:
            async with asyncio.timeout(CALL_LIMIT):
                outcome = None
                if intent.found in (IntentState.CALLING, IntentState.UNKNOWN):
                    outcome = await request.acting.look_up(message, intent)
                if outcome is None:
                    outcome = await request.acting.perform(message, intent)
        except Refused as refusal:
            outcome = refusal
        except Unavailable as error:
            before = IntentState.IDLE if intent.found is IntentState.IDLE else IntentState.UNKNOWN
            return self._left(request, intent, before, error, error.retry_after)
        except Exception as error:
            if not (isinstance(error, MAY_PASS) or is_unavailable(error)):
                raise
            return self._left(request, intent, IntentState.UNKNOWN, error)
        return _Conclusion(request=request, intent=intent, outcome=outcome)

    def _left(
        self,
        request: _Request,
        intent: Intent,
        state: IntentState,
        error: Exception,
        retry_after: float | None = None,
    ) -> _Conclusion:
        # Whoever is early (a void before its payment was answered) finds more the next time: no warning yet.
        waits = isinstance(error, Unavailable) and request.letter.envelope.attempt < WARN_AT
        level = logging.INFO if waits else logging.WARNING
        log.log(level, "%s: %s is %s: %s", self._actor, intent.key.step, state, error)
        return _Conclusion(
            request=request, intent=intent, left=state, note=str(error), retry_after=retry_after
        )

    async def _conclude(self, conclusions: Sequence[_Conclusion]) -> Sequence[None]:
        await self._patiently(lambda: self._conclude_once(conclusions))
        return [None] * len(conclusions)

    async def _conclude_once(self, conclusions: Sequence[_Conclusion]) -> None:
        async with self._transactions.begin() as transaction:
            left = [conclusion for conclusion in conclusions if conclusion.left]
            if left:
                await self._leave(transaction, left)
            known = [conclusion for conclusion in conclusions if not conclusion.left]
            if known:
                await self._record(transaction, known)

    async def _record(self, transaction: Transaction, known: Sequence[_Conclusion]) -> None:
        """An effect once an intent, a look once a message.

        Somebody may have taken over from us, a commit whose answer got lost is done again, and a batch
        may hold the same message twice.
        """
        open_until_now = await intents.finish(
            transaction.connection,
            actor=self._actor,
            endings=[_ending(intent, conclusion) for conclusion in known if (intent := conclusion.intent)],
            envelopes=[conclusion.request.letter.envelope for conclusion in known],
            now=transaction.now,
        )
        first: dict[Acting | Reading, list[_Conclusion]] = defaultdict(list)
        for conclusion in known:
            intent = conclusion.intent
            about = intent.id if intent else conclusion.request.letter.envelope.id
            if about in open_until_now:
                open_until_now.remove(about)
                first[conclusion.request.acting].append(conclusion)
        for acting, ours in first.items():
            await acting.record(transaction, [Ended(one.request.letter, one.outcome) for one in ours])
            for conclusion in ours:
                await self._tell_how_it_ended(transaction, conclusion)

    async def _tell_how_it_ended(self, transaction: Transaction, conclusion: _Conclusion) -> None:
        """A person is told of a look that was given up; one who was told before need not look any more."""
        if conclusion.note:
            await self._tell_operator(transaction, conclusion)
        elif conclusion.request.letter.envelope.attempt > TELL_OPERATOR_AT:
            key = conclusion.request.acting.key(conclusion.request.letter.message)
            await transaction.came_right(subject=key.subject, reason=_unfinished(key), about=key.object)

    async def _leave(self, transaction: Transaction, left: Sequence[_Conclusion]) -> None:
        endings = [_ending(intent, conclusion) for conclusion in left if (intent := conclusion.intent)]
        await intents.leave(transaction.connection, endings=endings)
        for conclusion in left:
            letter = conclusion.request.letter
            self._send_again(transaction, letter, conclusion.retry_after)
            if letter.envelope.attempt == TELL_OPERATOR_AT:
                await self._tell_operator(transaction, conclusion)

    async def _let_go(self, intent: Intent) -> None:
        ending = Ending(
            id=intent.id, calls=intent.calls, state=IntentState.UNKNOWN, note="the caller is gone"
        )
        async with self._transactions.begin() as transaction:
            await intents.leave(transaction.connection, endings=[ending])

    async def _stand_by(self, letter: Letter) -> None:
        """Somebody else is calling for the same effect: that was no attempt of ours."""
        wait = backoff(1, first=LOOK_AGAIN, chance=self._sources.chance)
        async with self._transactions.begin() as transaction:
            lane = transaction.lane_of(letter.envelope)
            transaction.put_back(letter.envelope, actor=self._actor, lane=lane, after=wait)

    async def _come_back(self, letter: Letter, retry_after: float | None) -> None:
        """Nothing was to be seen: look again later."""

        async def again() -> None:
            async with self._transactions.begin() as transaction:
                self._send_again(transaction, letter, retry_after)

        await self._patiently(again)

    def _send_again(self, transaction: Transaction, letter: Letter, retry_after: float | None) -> None:
        wait = backoff(letter.envelope.attempt, first=FIRST_OUTSIDE, chance=self._sources.chance)
        if retry_after is not None:
            wait = max(wait, timedelta(seconds=retry_after))
        lane = transaction.lane_of(letter.envelope)
        transaction.send_again(letter.envelope, actor=self._actor, lane=lane, after=wait)

    async def _tell_operator(self, transaction: Transaction, conclusion: _Conclusion) -> None:
        acting = conclusion.request.acting
        key = acting.key(conclusion.request.letter.message)
        await transaction.need_attention(
            kind=acting.subject_kind,
            subject=key.subject,
            about=key.object,
            reason=_unfinished(key),
            detail=f"{key.step} has been tried {TELL_OPERATOR_AT} times: {conclusion.note}",
        )


def _unfinished(key: IntentKey) -> str:
    return f"{key.step}_unfinished"


def _ending(intent: Intent, conclusion: _Conclusion) -> Ending:
    state, note = IntentState.DONE, None
    if conclusion.left:
        state, note = conclusion.left, conclusion.note
    elif isinstance(conclusion.outcome, Refused):
        state, note = IntentState.REFUSED, str(conclusion.outcome)
    return Ending(id=intent.id, calls=intent.calls, state=state, note=note)


def _met_by(
    request: _Request,
    handled: Container[MessageId],
    met: Mapping[IntentKey, Intent],
    leased: set[IntentKey],
) -> Intent | None:
    """The intent as a request of the batch sees it: None where its message was handled before."""
    if request.letter.envelope.id in handled:
        return None
    intent = met.get(request.key) or _just_opened(request)
    if request.key in leased:
        return replace(intent, leased=False)
    leased.add(request.key)
    return intent


def _just_opened(request: _Request) -> Intent:
    """By somebody else, in the moment in which we asked."""
    now = request.letter.envelope.sent_at
    return Intent(id=request.id, key=request.key, found=IntentState.CALLING, opened_at=now, leased=False)
