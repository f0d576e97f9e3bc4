"""Searches as one client follows them over a WebSocket: pages as suppliers answer, the last one the whole.

Its one rule: a search is told in the words of its HTTP address, by the same code, so that the last message is
what that address answers. A client that reads slowly is told less often, and not later.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from multidict import MultiDict

from bookingd.messages.envelope import Origin
from handlers.asking import NOBODY
from handlers.errors import FieldError, Problem, invalid
from handlers.live_messages import LiveSearch, SubscribedSearch, SubscribeSearch, name_in, refuse
from handlers.live_socket import Gone, Leave, Socket
from handlers.middlewares import CORRELATION, trace_of
from handlers.search import Search
from handlers.search_budget import Client

SEARCHES = 4
"""Of one socket at a time: more than anybody looks at."""

SEARCH_KINDS: web.AppKey[Mapping[str, Search[Any, Any]]] = web.AppKey("search_kinds", Mapping)
"""What can be searched for, by `kind`."""


class FollowedSearches:
    """The searches under way of one socket, each a task."""

    def __init__(self, socket: Socket, request: web.Request) -> None:
        self._socket = socket
        self._kinds = request.app[SEARCH_KINDS]
        self._origin = Origin(principal=NOBODY, correlation_id=request[CORRELATION], trace=trace_of(request))
        self._following: dict[str, asyncio.Task[None]] = {}
        self._request = request
        self._turn = asyncio.Lock()
        self._sending: asyncio.Task[None] | None = None
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def follow(self, wish: SubscribeSearch) -> None:
        """In place of an earlier one of the same name. Raises Problem."""
        topic = name_in(wish.subscribe)
        if topic not in self._following and len(self._following) >= SEARCHES:
            raise refuse("subscribe", "too_many", f"A socket follows {SEARCHES} searches at a time.")
        search = self._kinds.get(wish.kind)
        if search is None:
            raise refuse("kind", "choice", f"This is one of: {', '.join(self._kinds)}.")
        query = await _understood(search, wish.query)
        self.forget(topic)
        await self._socket.send(SubscribedSearch(subscribed=topic))
        task = asyncio.create_task(self._tell(topic, search, query), name=f"live {topic}")
        self._following[topic] = task
        task.add_done_callback(lambda done: self._ended(topic, done))

    def forget(self, topic: str) -> bool:
        """Whether it was under way until now."""
        task = self._following.pop(topic, None)
        if task is None:
            return False
        task.cancel()
        return True

    async def forget_all(self) -> None:
        """Follow nothing any more."""
        tasks = [*self._following.values(), *([self._sending] if self._sending else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def broken(self) -> None:
        """Until one of them cannot go on. Raises Leave, Gone."""
        await self._broken

    async def _tell(self, topic: str, search: Search[Any, Any], query: Any) -> None:
        try:
            async for searched in search.growing(query, self._origin, Client(self._request)):
                refused = search.refused(query, searched)
                answer = await search.answer(query, searched, refused)
                await self._send(LiveSearch(topic=topic, final=searched.final, answer=answer))
        except (Leave, Gone):
            raise
        except Exception as error:  # noqa: BLE001 - the map of errors knows what to tell and what to log
            await self._socket.tell_failure(error, topic=topic)

    async def _send(self, page: LiveSearch) -> None:
        """One page at a time is on its way, and its time goes on when its search is forgotten: whoever does
        not read cannot have it made good by asking for another search.
        """
        await self._turn.acquire()
        self._sending = asyncio.create_task(self._socket.send(page))
        self._sending.add_done_callback(self._sent)
        await asyncio.shield(self._sending)

    def _sent(self, sending: "asyncio.Task[None]") -> None:
        self._turn.release()
        self._break(sending)

    def _ended(self, topic: str, task: "asyncio.Task[None]") -> None:
        if self._following.get(topic) is task:
            del self._following[topic]
        self._break(task)

    def _break(self, task: "asyncio.Task[None]") -> None:
        """Nothing goes on after an error that was no search's own."""
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._broken.done():
            self._broken.set_exception(error)


async def _understood(search: Search[Any, Any], query: Mapping[str, Any]) -> Any:
    """Raises Problem, whose fields are those of the message."""
    try:
        return await search.understand(_pairs(query))
    except Problem as problem:
        if not problem.errors:
            raise
        raise invalid(*(_in_message(error) for error in problem.errors)) from problem


def _in_message(error: FieldError) -> FieldError:
    return FieldError(field=f"query.{error.field}", code=error.code, message=error.message, hint=error.hint)


def _pairs(query: Mapping[str, Any]) -> MultiDict[str]:
    """As they would stand in a query string; what may be repeated there is a list here. Raises Problem."""
    pairs: MultiDict[str] = MultiDict()
    for name, value in query.items():
        for one in value if isinstance(value, list) else [value]:
            pairs.add(name, _text(name, one))
    return pairs


def _text(name: str, value: Any) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
    raise refuse(name, "type", "This has to be a text, a number, true or false; or a list of them.")
