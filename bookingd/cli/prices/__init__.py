"""`bookingd prices`: how a price came about."""

from bookingd.cli.prices.command import command

__all__ = ["command"]
