"""See to the Debian packages that the tests need: `python -m tests.servers`, which `make test` begins with.

Root gets installed what is missing, everybody else is told its name. The rule: what is installed here is only
there to be started by tests. No server of it runs or is enabled afterwards that was not before.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.servers import rabbitmq, redis
from tests.servers.process import ServerError

POLICY = Path("/usr/sbin/policy-rc.d")
"""What Debian's packages ask before they start a service (101: it must not be)."""

FORBID = "#!/bin/sh\nexit 101\n"

SERVICES: Mapping[str, Sequence[str]] = {
    rabbitmq.PACKAGE: ("rabbitmq-server", "epmd.service", "epmd.socket"),
    redis.PACKAGE: ("redis-server",),
    "prometheus": ("prometheus",),
}
"""What a package enables, with what it brings along."""

TOOLS = {"systemd-analyze": "systemd", "promtool": "prometheus"}
"""Programs of which no server is started, and their packages."""

SYSTEMD = Path("/lib/systemd/system")


def missing() -> list[str]:
    """The packages whose programs are not there."""
    found = []
    for server in (rabbitmq, redis):
        try:
            server.find_server()
        except ServerError:
            found.append(server.PACKAGE)
    return [*found, *(package for program, package in TOOLS.items() if not shutil.which(program))]


def provide(packages: Sequence[str]) -> None:
    """Install them as root. Raises ServerError: we are not root, this is no Debian, or apt-get fails."""
    names = " ".join(packages)
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise ServerError(f"the tests need what is not installed. Install it: sudo apt-get install {names}")
    sys.stdout.write(f"bookingd: installing {names}, which the tests need\n")
    sys.stdout.flush()
    known = {service for package in packages for service in SERVICES.get(package, ()) if _is_known(service)}
    with services_forbidden():
        _run("apt-get", "update", "-qq")
        _run("apt-get", "install", "-qq", "-y", "--no-install-recommends", *packages)
    _disable([one for package in packages for one in SERVICES.get(package, ()) if one not in known])


@contextmanager
def services_forbidden() -> Iterator[None]:
    """Let packages that are installed start nothing; a policy that the host has already stays in force."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text(FORBID)
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def _is_known(service: str) -> bool:
    """Whether the host had it before us: then whether it is enabled is the host's affair."""
    return (SYSTEMD / (service if "." in service else f"{service}.service")).exists()


def _disable(services: Sequence[str]) -> None:
    for service in services:
        if "." not in service:
            _run("update-rc.d", service, "disable")
        elif shutil.which("systemctl"):
            _run("systemctl", "--quiet", "disable", service)


def _run(*command: str) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
    )
    if done.returncode != 0:
        raise ServerError(f"{' '.join(command)} failed: {done.stderr.strip()}")


def main() -> int:
    """The exit status: 0 when everything is there."""
    try:
        if packages := missing():
            provide(packages)
    except ServerError as error:
        sys.stderr.write(f"bookingd: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
