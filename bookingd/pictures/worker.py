"""A worker (bookingd.workers) that draws and sizes pictures, and looks at foreign bytes."""

import msgspec

from bookingd.pictures.work import Answer, Job, do
from bookingd.workers import serve


def main() -> None:
    """Work until there is nothing to read any more."""
    decode, encode = msgspec.msgpack.Decoder(Job).decode, msgspec.msgpack.Encoder().encode

    def answer(asked: bytes) -> bytes:
        answered: Answer = do(decode(asked))
        return encode(answered)

    serve(answer)


if __name__ == "__main__":
    main()
