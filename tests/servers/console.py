"""A conversation with an Erlang node over the standard input and output of its shell.

`rabbitmqctl` starts an Erlang machine a call (1 to 2 s); a question here takes milliseconds. The rule: one
question at a time, and an answer counts only with the number of its question.
"""

import itertools
import os
import re
import select
import subprocess
import threading
import time

from tests.servers.process import ServerError

_QUESTION = (
    "(fun() -> try (fun() -> {expression} end)() of"
    ' Answer -> io:format("~n<<<~b done ~0tp>>>~n", [{number}, Answer])'
    ' catch Kind:Reason -> io:format("~n<<<~b failed ~0tp>>>~n", [{number}, {{Kind, Reason}}])'
    " end end)().\n"
)


class Console:
    """Asks the shell of `process`, which was started with pipes for its input and output."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._heard = b""

    def ask(self, expression: str, *, within: float = 30.0) -> str:
        """The value of an Erlang expression, as Erlang writes it. Blocks up to `within` seconds.

        Raises ServerError when it throws, when the node ends, or when the time is up.
        """
        with self._lock:
            number = next(self._numbers)
            self._say(_QUESTION.format(expression=expression, number=number))
            pattern = re.compile(rb"<<<%d (done|failed) (.*)>>>" % number)
            deadline = time.monotonic() + within
            while (found := pattern.search(self._heard)) is None:
                self._listen(deadline, expression)
            self._heard = b""
        outcome, answer = found[1].decode(), found[2].decode()
        if outcome == "failed":
            raise ServerError(f"{expression}: {answer}")
        return answer

    def _say(self, text: str) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(text.encode())
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise ServerError("the Erlang node has ended") from error

    def _listen(self, deadline: float, expression: str) -> None:
        assert self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        ready, _, _ = select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise ServerError(f"no answer in time to {expression}; heard: {self._heard[-2000:]!r}")
        heard = os.read(pipe, 65536)
        if not heard:
            raise ServerError(f"the Erlang node has ended; heard: {self._heard[-2000:]!r}")
        self._heard += heard
