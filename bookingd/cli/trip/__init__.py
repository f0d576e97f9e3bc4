"""`bookingd trip`: one whole journey, booked as a client would; a smoke test of an installation."""

from bookingd.cli.trip.command import command

__all__ = ["command"]
