"""A worker: a process of its own that draws and sizes pictures, and looks at foreign bytes.

Its one rule: it holds nothing. A decoder that crashes, hangs or eats memory takes this process along and not
the daemon; it may use only so much memory, gives way to everybody, and ends when the daemon does, however
that ends: then there is nothing to read any more. Asked through standard input, it answers on standard
output, each message behind its length.
"""

import os
import resource
import signal
import struct
import sys
from typing import BinaryIO

import msgspec

from bookingd.pictures.work import Answer, Job, do

NICENESS = 10
"""Pictures wait for searches, and not the other way round."""

MEMORY = 1_500 * 1024 * 1024
"""Bytes of address space: the largest picture that is taken, unpacked four times over, and the libraries."""

MOST_MESSAGE = 64 * 1024 * 1024
"""Bytes; whatever claims to be longer is none of ours."""

LENGTH = struct.Struct(">I")


def main() -> None:
    """Work until there is nothing to read any more."""
    answers = _private_output()
    _be_modest()
    decode, encode = msgspec.msgpack.Decoder(Job).decode, msgspec.msgpack.Encoder().encode
    while (asked := _next(sys.stdin.buffer)) is not None:
        answer: Answer = do(decode(asked))
        told = encode(answer)
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


if __name__ == "__main__":
    main()
