"""`bookingd dead-letters`: look at messages that could not be handled, replay them, or give them up."""

from bookingd.cli.dead_letters.command import command

__all__ = ["command"]
