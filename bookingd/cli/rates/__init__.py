"""`bookingd rates`: exchange rates in, and what they are."""

from bookingd.cli.rates.command import command

__all__ = ["command"]
