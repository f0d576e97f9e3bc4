"""Who runs a command, as the audit trail names them."""

import os
import pwd


def operator() -> str:
    """`operator:<os user>`: whom the kernel knows us as, not what an environment variable says."""
    user = os.getuid()
    try:
        return f"operator:{pwd.getpwuid(user).pw_name}"
    except KeyError:
        return f"operator:{user}"
