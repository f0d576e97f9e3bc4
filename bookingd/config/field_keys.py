"""The keys that encrypt personal fields, as their file spells them: `id:64 hex digits` a line.

The one rule: the first encrypts, all decrypt, so that one can replace another while both are there.
"""

import re
from collections.abc import Mapping

FIELD_KEY_BYTES = 32
"""AES-256."""

_LINE = re.compile(r"(?P<id>[A-Za-z0-9_-]{1,32}):(?P<key>[0-9A-Fa-f]{64})")


def parse_field_keys(text: str) -> Mapping[str, bytes]:
    """The keys by id, in the order of the lines; empty lines count for nothing.

    Raises ValueError with a sentence, which tells nothing of a key.
    """
    keys: dict[str, bytes] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        found = _LINE.fullmatch(line.strip())
        if found is None:
            raise ValueError(f"line {number} is not an id, a colon and {2 * FIELD_KEY_BYTES} hex digits")
        if found["id"] in keys:
            raise ValueError(f"line {number} has the id of an earlier one, {found['id']}")
        keys[found["id"]] = bytes.fromhex(found["key"])
    if not keys:
        raise ValueError("there is no key")
    return keys
