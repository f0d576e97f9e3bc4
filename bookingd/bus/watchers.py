"""Who in this process hears notices. A watcher that fails harms only itself: its notifier has committed."""

import logging
from collections.abc import Callable, Sequence

from bookingd.bus.port import ReceiveNotice
from bookingd.messages.catalogue import Message

log = logging.getLogger(__name__)


class Watchers:
    """The watchers of one process."""

    def __init__(self) -> None:
        self._watchers: list[ReceiveNotice] = []

    def add(self, receive: ReceiveNotice) -> Callable[[], None]:
        """Hear notices until the function that is returned is called."""
        self._watchers.append(receive)
        return lambda: self._watchers.remove(receive)

    def tell(self, notices: Sequence[Message]) -> None:
        """Every watcher, every notice."""
        for watcher in list(self._watchers):
            for notice in notices:
                try:
                    watcher(notice)
                except Exception:
                    log.exception("a watcher failed at %s", type(notice).__name__)
