"""`bookingd payments`: our books against the gateways', and payments one by one."""

from bookingd.cli.payments.command import command

__all__ = ["command"]
