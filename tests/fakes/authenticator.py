"""An authenticator in software: it makes passkeys and signs with them, as a browser would hand that on."""

import base64
import itertools
import json
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40

_numbers = itertools.count(1)
"""Not the address of the object: two of them may have had the same."""


class Authenticator:
    """With one passkey for one host. Without `counts` its count stays 0, as that of synced passkeys does."""

    def __init__(self, origin: str = "https://travel.example.com", *, counts: bool = True) -> None:
        self.origin = origin
        self.host = origin.partition("://")[2].partition(":")[0]
        self.id = b"credential-" + next(_numbers).to_bytes(8)
        self.verifies = True
        self.count = 0
        self._counts = counts
        self._key = generate_private_key(SECP256R1())

    def make(self, options: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """RegistrationResponseJSON; `changes` are made to the client data."""
        data = self._data(ATTESTED) + bytes(16) + len(self.id).to_bytes(2) + self.id + self._cose()
        attestation = {"fmt": "none", "attStmt": {}, "authData": data}
        response = {
            "clientDataJSON": self._client_data("webauthn.create", options["challenge"], changes),
            "attestationObject": _spelled(cbor2.dumps(attestation)),
            "transports": ["internal", "hybrid", "carrier-pigeon"],
        }
        return self._credential(response)

    def sign(self, options: dict[str, Any], *, user: bytes = b"", **changes: Any) -> dict[str, Any]:
        """AuthenticationResponseJSON; `changes` are made to the client data before it is signed."""
        self.count += self._counts
        data = self._data(0)
        client_data = self._client_data("webauthn.get", options["challenge"], changes)
        signed = data + sha256(_read(client_data)).digest()
        response = {
            "clientDataJSON": client_data,
            "authenticatorData": _spelled(data),
            "signature": _spelled(self._key.sign(signed, ECDSA(SHA256()))),
            "userHandle": _spelled(user) if user else None,
        }
        return self._credential(response)

    def _credential(self, response: dict[str, Any]) -> dict[str, Any]:
        spelled = _spelled(self.id)
        return {"id": spelled, "rawId": spelled, "type": "public-key", "response": response}

    def _data(self, flags: int) -> bytes:
        flags |= PRESENT | (VERIFIED if self.verifies else 0)
        return sha256(self.host.encode()).digest() + bytes([flags]) + self.count.to_bytes(4)

    def _cose(self) -> bytes:
        point = self._key.public_key().public_numbers()
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)})

    def _client_data(self, kind: str, challenge: str, changes: dict[str, Any]) -> str:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False} | changes
        return _spelled(json.dumps(said).encode())


def _spelled(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _read(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "===")
