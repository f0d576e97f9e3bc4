"""Workers: processes of their own for what takes long, or may go wrong over foreign bytes.

The one rule: a worker holds nothing. One that crashes, hangs or eats memory takes itself along and not the
daemon; it may use only so much memory, gives way to everybody, and ends when the daemon does, however that
ends: then there is nothing to read any more. Asked through standard input, it answers on standard output,
each message behind its length.
"""

import asyncio
import os
import resource
import signal
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

NICENESS = 10
"""Workers wait for searches, and not the other way round."""

MEMORY = 1_500 * 1024 * 1024
"""Bytes of address space: the largest picture that is taken, unpacked four times over, and the libraries."""

MOST_MESSAGE = 64 * 1024 * 1024
"""Bytes; whatever claims to be longer is none of ours."""

LENGTH = struct.Struct(">I")


# In the worker


def serve(answer: Callable[[bytes], bytes]) -> None:
    """Answer what is asked until there is nothing to read any more."""
    answers = _private_output()
    _be_modest()
    while (asked := _next(sys.stdin.buffer)) is not None:
        told = answer(asked)
        answers.write(LENGTH.pack(len(told)) + told)
        answers.flush()


def _private_output() -> BinaryIO:
    """Standard output, which no library can write into by mistake any more."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _be_modest() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches us too; the daemon says when it is over
    os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _next(source: BinaryIO) -> bytes | None:
    head = source.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    body = source.read(length) if length <= MOST_MESSAGE else b""
    return body if len(body) == length else None


# In the daemon


class Worker:
    """The daemon's end of a worker."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, module: str) -> "Worker":
        """One that runs the module, which serves. Of the environment it gets nothing: it needs no secret."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            "-m",
            module,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={},
            cwd=os.sep,
        )
        return cls(process)

    async def do(self, asked: bytes) -> bytes:
        """What it answers. Raises EOFError or ConnectionError where it died."""
        given, told = self._pipes()
        given.write(LENGTH.pack(len(asked)) + asked)
        await given.drain()
        (length,) = LENGTH.unpack(await told.readexactly(LENGTH.size))
        if length > MOST_MESSAGE:
            raise EOFError("an answer that is none")
        return await told.readexactly(length)

    async def end(self) -> None:
        """Kill it: it holds nothing."""
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.communicate()

    def _pipes(self) -> tuple[asyncio.StreamWriter, asyncio.StreamReader]:
        given, told = self._process.stdin, self._process.stdout
        if given is None or told is None:
            raise RuntimeError("a worker without pipes")
        return given, told
