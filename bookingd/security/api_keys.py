"""API keys: how partners' programs say who they are, `bkd_<id>_<secret>`.

The one rule: the key is shown once, when it is made; what is kept of it is its id and the hash of a secret of
256 bits, which needs no slow one.
"""

import hmac
import re
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from bookingd.domain.ids import ApiKeyId
from bookingd.sources import Chance

SECRET_BYTES = 32

HEAD = "bkd_"
"""By which anybody, a scanner of repositories too, knows one that leaked."""

_KEY = re.compile(r"bkd_(?P<id>[0-9a-f]{32})_(?P<secret>[0-9a-f]{64})")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key's id, and the SHA-256 of its secret."""

    id: ApiKeyId
    hash: bytes

    def is_kept_as(self, stored: bytes) -> bool:
        """Whether its secret has the hash that is kept under its id."""
        return hmac.compare_digest(self.hash, stored)


def new_api_key(key_id: ApiKeyId, chance: Chance) -> tuple[str, ApiKey]:
    """A new key as it is shown, and what is kept of it."""
    secret = chance.token(SECRET_BYTES).hex()
    return f"bkd_{key_id.hex}_{secret}", ApiKey(id=key_id, hash=_hash(secret))


def looks_like_api_key(text: str) -> bool:
    """Whether it wants to be one: a bearer's token never does."""
    return text.startswith(HEAD)


def read_api_key(text: str) -> ApiKey | None:
    """The key, or None for what is not spelled like one."""
    found = _KEY.fullmatch(text)
    return found and ApiKey(id=ApiKeyId(UUID(found["id"])), hash=_hash(found["secret"]))


def _hash(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
