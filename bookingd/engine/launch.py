"""What happens between the start of a child process and PostgreSQL's own code.

It runs as a script in the child, before anything else is imported, because three things have to happen
there in this order: give up root, ask the kernel to be told of the daemon's death (a change of user
forgets that wish), and see whether the daemon has died meanwhile. A hook in the forked daemon
(`preexec_fn`) could do the same, but is not safe in a process with threads.

    launch.py DAEMON_PID SIGNAL UID:GID|- PROGRAM ARGUMENT...
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def become(account: str) -> None:
    """Take the user and group `UID:GID` and no other group; `-` stays who we are."""
    if account == "-":
        return
    uid, gid = (int(part) for part in account.split(":"))
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def die_with(daemon: int, signal: int) -> None:
    """Be sent `signal` when the daemon's main thread ends; leave at once if it has ended already."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != daemon:
        sys.exit("bookingd has ended before PostgreSQL began")


def main(arguments: list[str]) -> None:
    daemon, signal, account, *command = arguments
    os.umask(0o077)
    become(account)
    die_with(int(daemon), int(signal))
    os.execv(command[0], command)  # noqa: S606 - that no shell is between is the purpose


if __name__ == "__main__":
    main(sys.argv[1:])
