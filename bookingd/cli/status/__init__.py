"""`bookingd status`: how this installation is, and what needs a person."""

from bookingd.cli.status.command import command

__all__ = ["command"]
