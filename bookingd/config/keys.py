"""Keys for the embedded start: made once, kept under `paths.var`/keys, never used in production.

A newcomer's first start needs no key ceremony, and a second start can still read what the first one signed.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bookingd.config.sections import Settings
from bookingd.config.values import Secret
from bookingd.sources import Chance


def ensure_development_keys(settings: Settings, chance: Chance) -> Settings:
    """The settings with each secret that was not configured read from `paths.keys`, or made there.

    Outside development the settings come back as they are: `load_settings` has demanded every secret.
    Raises OSError when the directory cannot be written.
    """
    if settings.production:
        return settings
    directory = settings.paths.keys
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def kept(secret: Secret, make: Callable[[Chance], bytes]) -> Secret:
        return secret or _kept(directory, secret.name, lambda: make(chance))

    security, stripe, paypal = settings.security, settings.stripe, settings.paypal
    return replace(
        settings,
        security=replace(
            security,
            signing_key=kept(security.signing_key, _hex),
            field_keys=kept(security.field_keys, lambda chance: b"development:" + _hex(chance)),
            audit_key=kept(security.audit_key, _ed25519),
        ),
        stripe=replace(
            stripe,
            secret_key=kept(stripe.secret_key, lambda chance: b"sk_test_" + _hex(chance)),
            webhook_secret=kept(stripe.webhook_secret, lambda chance: b"whsec_" + _hex(chance)),
        ),
        paypal=replace(paypal, client_secret=kept(paypal.client_secret, _hex)),
    )


def _hex(chance: Chance) -> bytes:
    return chance.token(32).hex().encode()


def _ed25519(chance: Chance) -> bytes:
    key = Ed25519PrivateKey.from_private_bytes(chance.token(32))
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).rstrip()


def _kept(directory: Path, name: str, make: Callable[[], bytes]) -> Secret:
    file = directory / name.replace(".", "_")
    if not file.exists():
        _write_private(file, make())
    return Secret(name, file.read_bytes().strip())


def _write_private(file: Path, content: bytes) -> None:
    """Readable by us alone from its first instant, and whole or not there at all after a crash.

    Of several processes that start together the first one's stays.
    """
    draft = file.with_suffix(f".new{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
    with suppress(FileExistsError):
        file.hardlink_to(draft)
    draft.unlink()
