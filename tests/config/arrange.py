"""Arrangements that the configuration's tests share."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bookingd.config import ConfigErrors, Problem, Settings, load_settings

AUDIT_KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32).private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
)

PRODUCTION = """
environment = "production"
public_url = "https://travel.example.com"
[database]
url = "postgresql://bookingd@db/bookingd"
[agency]
legal_name = "Example Travel GmbH"
[inventory]
demo = false
[stripe]
base_url = "https://api.stripe.com"
secret_key_file = "./stripe_key"
publishable_key = "pk_live_abc"
webhook_secret_file = "./webhook_secret"
[mail]
url = "smtps://mail.example.com"
[sandbox]
enabled = false
[security]
signing_key_file = "./signing_key"
field_keys_file = "./field_keys"
audit_key_file = "./audit_key"
"""


class Bench:
    """A directory with a configuration in it, apart from this process's environment."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.file = root / "bookingd.toml"
        self.container_secrets = root / "run-secrets"

    def secret(self, name: str, content: bytes | str, mode: int = 0o600) -> Path:
        """A secret file beside the configuration."""
        file = self.root / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        file.chmod(mode)
        return file

    def production_secrets(self) -> None:
        """Every file that `PRODUCTION` names."""
        self.secret("stripe_key", "sk_live_abc\n")
        self.secret("webhook_secret", "whsec_abc\n")
        self.secret("signing_key", "s" * 64)
        self.secret("field_keys", f"2026-11-23:{'f' * 64}")
        self.secret("audit_key", AUDIT_KEY)

    def load(self, text: str = "", **environ: str) -> Settings:
        """The settings of `text` with `environ` over it."""
        self.file.write_text(text)
        return load_settings(self.file, environ, self.container_secrets)

    def problems(self, text: str = "", **environ: str) -> tuple[Problem, ...]:
        """Everything that is wrong with `text` and `environ`."""
        with pytest.raises(ConfigErrors) as raised:
            self.load(text, **environ)
        return raised.value.problems

    def problem(self, text: str = "", **environ: str) -> Problem:
        """The one thing that is wrong."""
        (only,) = self.problems(text, **environ)
        return only
