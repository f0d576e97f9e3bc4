"""Secrets from files: named in the configuration, handed over by systemd, or mounted into a container.

systemd puts what `LoadCredential=` names under $CREDENTIALS_DIRECTORY (systemd.exec(5)); Docker and Podman
mount secrets under /run/secrets. A secret `section.key` that no setting names is looked for in both as
`section_key`.
"""

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bookingd.config.parsing import Wrong
from bookingd.config.schema import Leaf

CONTAINER_SECRETS = Path("/run/secrets")


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretFiles:
    """Where secrets are looked for. The directories keep their own permissions, so nobody is warned there."""

    directories: tuple[Path, ...]

    @classmethod
    def of(cls, environ: Mapping[str, str], container_secrets: Path = CONTAINER_SECRETS) -> "SecretFiles":
        """systemd's credentials first, then the container's secrets."""
        credentials = environ.get("CREDENTIALS_DIRECTORY")
        systemd = (Path(credentials),) if credentials else ()
        return cls(directories=(*systemd, container_secrets))

    def named(self, name: str, beside: Path) -> Path:
        """The file that a setting names; a bare name may be a credential, a path starts at `beside`."""
        if "/" not in name:
            for directory in self.directories:
                if (directory / name).is_file():
                    return directory / name
        return beside / Path(name).expanduser()

    def unnamed(self, leaf: Leaf) -> Path | None:
        """The file that was handed over for a setting without being named, if any."""
        name = "_".join(leaf.path)
        return next((place / name for place in self.directories if (place / name).is_file()), None)

    def warnings(self, file: Path) -> Iterator[str]:
        """What is risky about a file that holds a secret."""
        mode = stat.S_IMODE(file.stat().st_mode)
        if mode & 0o077 and file.parent not in self.directories:
            yield f"{file} holds a secret and others may read it (mode {mode:04o}): chmod 600 {file}"


def read_secret(file: Path) -> bytes:
    """What a file holds, without the newline at its end; raises Wrong when there is nothing to read."""
    try:
        content = file.read_bytes().rstrip(b"\r\n")
    except OSError as error:
        reason = os.strerror(error.errno).lower() if error.errno else str(error)
        raise Wrong(f"{file} cannot be read: {reason}") from error
    if not content.strip():
        raise Wrong(f"{file} is empty")
    try:
        content.decode()
    except UnicodeDecodeError as error:
        raise Wrong(f"{file} holds no text in UTF-8") from error
    return content
