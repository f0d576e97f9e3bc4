"""Runs a program under what a unit says of the kernel: system calls, address families, memory, privileges.

    python confined.py UNIT PROGRAM ARGUMENT...

systemd itself is needed for the groups of system calls only (`systemd-analyze syscall-filter`). As root the
program becomes another user in a user namespace of its own, which PrivateUsers= is too.
"""

import ctypes
import errno
import os
import socket
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38  # <linux/prctl.h>
CAPABILITIES = range(41)  # <linux/capability.h>
FAMILIES = range(46)  # <bits/socket.h>
SOMEBODY = 1  # `daemon`: every Linux has it, PostgreSQL wants a name, and our access rules exclude `nobody`
ALLOW, REFUSE = 0x7FFF0000, 0x00050000  # <seccomp.h>: SCMP_ACT_ALLOW, SCMP_ACT_ERRNO(0)
EQUAL, MASKED = 4, 7  # enum scmp_compare
PROT_WRITE, PROT_EXEC = 2, 4


class Comparison(ctypes.Structure):
    """struct scmp_arg_cmp."""

    _fields_ = (
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("a", ctypes.c_uint64),
        ("b", ctypes.c_uint64),
    )


class Filter:
    """A filter of libseccomp, which systemd builds on too."""

    def __init__(self, otherwise: int) -> None:
        self._library = ctypes.CDLL("libseccomp.so.2")
        self._library.seccomp_init.restype = ctypes.c_void_p
        self._context = ctypes.c_void_p(self._library.seccomp_init(ctypes.c_uint32(otherwise)))

    def add(self, action: int, call: str, *comparisons: Comparison) -> None:
        """Do `action` at this system call, when all `comparisons` fit; one that the machine lacks is left."""
        number = self._library.seccomp_syscall_resolve_name(call.encode())
        if number < 0:
            return
        given = (Comparison * len(comparisons))(*comparisons)
        done = self._library.seccomp_rule_add_array(
            self._context, ctypes.c_uint32(action), number, len(comparisons), given
        )
        if done not in {0, -errno.EEXIST, -errno.EACCES}:  # EACCES: what happens otherwise anyhow
            raise OSError(-done, f"seccomp_rule_add({call})")

    def load(self) -> None:
        done = self._library.seccomp_load(self._context)
        if done != 0:
            raise OSError(-done, "seccomp_load")


def settings(unit: Path) -> dict[str, list[str]]:
    """What stands in [Service], a list a name: a name may come again."""
    found: dict[str, list[str]] = {}
    section = unit.read_text().partition("[Service]")[2].partition("\n[")[0]
    for line in section.splitlines():
        name, is_setting, value = line.partition("=")
        if is_setting and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def calls(filters: Iterable[str]) -> set[str]:
    """The system calls that `SystemCallFilter=` lines allow, taken one after the other."""
    allowed: set[str] = set()
    for line in filters:
        named = {call for word in line.removeprefix("~").split() for call in _expanded(word)}
        allowed = allowed - named if line.startswith("~") else allowed | named
    return allowed


def _expanded(word: str) -> set[str]:
    if not word.startswith("@"):
        return {word}
    told = subprocess.run(
        ["systemd-analyze", "syscall-filter", "--no-pager", word], capture_output=True, text=True, check=True
    )
    lines = [line.strip() for line in told.stdout.splitlines()[1:]]
    return {call for line in lines if line and not line.startswith("#") for call in _expanded(line)}


def _restrict(given: dict[str, list[str]]) -> None:
    """As systemd does it for MemoryDenyWriteExecute=, RestrictAddressFamilies= and SystemCallFilter=."""
    refusals = Filter(ALLOW)
    if given["MemoryDenyWriteExecute"] == ["yes"]:
        both = PROT_EXEC | PROT_WRITE
        refusals.add(REFUSE | errno.EPERM, "mmap", Comparison(2, MASKED, both, both))
        refusals.add(REFUSE | errno.EPERM, "mprotect", Comparison(2, MASKED, PROT_EXEC, PROT_EXEC))
        refusals.add(REFUSE | errno.EPERM, "pkey_mprotect", Comparison(2, MASKED, PROT_EXEC, PROT_EXEC))
    families = {int(getattr(socket, name)) for name in given["RestrictAddressFamilies"][0].split()}
    for family in set(FAMILIES) - families:
        refusals.add(REFUSE | errno.EAFNOSUPPORT, "socket", Comparison(0, EQUAL, family, 0))
    refusals.load()
    allowed = Filter(REFUSE | errno.EPERM)
    for call in calls(given["SystemCallFilter"]):
        allowed.add(ALLOW, call)
    allowed.load()


def _give_up_privileges() -> None:
    kernel = ctypes.CDLL(None, use_errno=True)
    for capability in CAPABILITIES:
        kernel.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)  # refused to whoever has none to drop
    if kernel.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_NO_NEW_PRIVS)")


def main(unit: str, command: Sequence[str]) -> None:
    if os.getuid() == 0:
        there = ["unshare", "--user", f"--map-user={SOMEBODY}", f"--map-group={SOMEBODY}", "--"]
        os.execvp(there[0], [*there, sys.executable, __file__, unit, *command])
    given = settings(Path(unit))
    _give_up_privileges()
    _restrict(given)
    os.umask(int(given["UMask"][0], 8))
    os.execv(command[0], list(command))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
