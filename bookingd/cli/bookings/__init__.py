"""`bookingd bookings show`: all that is known of one booking."""

from bookingd.cli.bookings.command import command

__all__ = ["command"]
