"""A RabbitMQ that somebody else runs, administered through its management plugin.

For BOOKINGD_TEST_AMQP_URL. The rule: it is left as it was found, with no virtual host of ours.
"""

import json
import time
import urllib.request
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from tests.servers.process import ServerError
from tests.servers.rabbitmq import Depth

PORT = 15672
TIMEOUT = 10.0  # seconds a call may take


class Management:
    """The broker at `url` (an administrator's); its management API is at `api`, or on the usual port."""

    def __init__(self, url: str, api: str | None = None) -> None:
        self._url = urlsplit(url)
        self._user = unquote(self._url.username or "guest")
        self._api = (api or f"http://{self._url.hostname}:{PORT}").rstrip("/")
        login = f"{self._user}:{unquote(self._url.password or 'guest')}"
        self._headers = {
            "Authorization": f"Basic {b64encode(login.encode()).decode()}",
            "Content-Type": "application/json",
        }

    def add_virtual_host(self, name: str) -> str:
        self._call("PUT", f"/api/vhosts/{name}", {})
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        self._call("PUT", f"/api/permissions/{name}/{quote(self._user, safe='')}", everything)
        return urlunsplit(self._url._replace(path=f"/{name}"))

    def remove_virtual_host(self, name: str) -> None:
        self._call("DELETE", f"/api/vhosts/{name}")

    def close_connections(self, name: str) -> None:
        """The plugin knows of a connection only seconds after it was made, so that one is waited for."""
        deadline = time.monotonic() + TIMEOUT
        while not (found := self._call("GET", f"/api/vhosts/{name}/connections")):
            if time.monotonic() > deadline:
                raise ServerError(f"no connection to close in virtual host {name}")
            time.sleep(0.1)
        for connection in found:
            self._call("DELETE", f"/api/connections/{quote(connection['name'], safe='')}")

    def depths(self, name: str) -> Mapping[str, Depth]:
        """As old as the plugin's statistics: up to five seconds."""
        return {
            queue["name"]: Depth(queue.get("messages", 0), queue.get("consumers", 0))
            for queue in self._call("GET", f"/api/queues/{name}")
        }

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(self._api + path, data, self._headers, method=method)
        try:
            with urllib.request.urlopen(asked, timeout=TIMEOUT) as answer:
                return json.loads(answer.read() or b"null")
        except OSError as error:
            raise ServerError(f"{method} {self._api}{path}: {error}") from error
