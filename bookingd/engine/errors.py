"""What may be wrong with the embedded PostgreSQL, said so that a sysadmin can act on it."""

import errno


class EngineError(Exception):
    """The embedded PostgreSQL cannot be used: a sentence that says why, and a hint what to do."""

    def __init__(self, sentence: str, hint: str) -> None:
        super().__init__(f"{sentence}. {hint}")
        self.sentence = sentence
        self.hint = hint


def told_by_system(error: OSError) -> EngineError:
    """The operating system's refusal in our words."""
    hint = "See that the directory can be written to, or choose another one."
    if error.errno in (errno.EACCES, errno.EPERM):
        hint = (
            "It belongs to another user: run bookingd as that one, or as root, or choose another directory."
        )
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        hint = "The disk is full: free some space there."
    return EngineError(f"the embedded PostgreSQL cannot use {error.filename}: {error.strerror}", hint)
