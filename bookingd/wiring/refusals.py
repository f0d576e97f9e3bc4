"""Why a daemon does not start: each a sentence that says what to do, and exit status 2."""


class CannotStart(Exception):
    """The daemon cannot run as it is configured, or where it is."""


class PortTaken(CannotStart):
    """A port that we were told to listen on is somebody else's."""


class SubsetOnMemory(CannotStart):
    """Some actors were left out, and the in-memory bus reaches no other process that could run them."""


class UnusableSetting(CannotStart):
    """A setting that only the part it is for could judge."""
