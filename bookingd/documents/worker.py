"""A worker (bookingd.workers) that prints documents."""

import msgspec

from bookingd.documents.printing import print_document
from bookingd.domain.documents.document import Document, Party
from bookingd.workers import serve


class Print(msgspec.Struct, frozen=True, kw_only=True):
    """Print this."""

    document: Document
    addressee: Party | None


def main() -> None:
    """Work until there is nothing to read any more."""
    decode = msgspec.msgpack.Decoder(Print).decode

    def answer(asked: bytes) -> bytes:
        job = decode(asked)
        return print_document(job.document, job.addressee)

    serve(answer)


if __name__ == "__main__":
    main()
