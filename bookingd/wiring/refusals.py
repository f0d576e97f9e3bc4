"""Why a daemon does not start: each a sentence that says what to do, and how another try would end."""


class CannotStart(Exception):
    """The daemon cannot run as it is configured, or where it is. Exit status 2."""


class PortTaken(CannotStart):
    """A port that we were told to listen on is somebody else's."""


class UnusableSetting(CannotStart):
    """A setting that only the part it is for could judge."""


class NotNow(Exception):
    """What we need cannot be reached: another try may well succeed, so exit status 1."""
