"""`bookingd admin`: the first administrator, roles, and lost second factors."""

from bookingd.cli.admin.command import command

__all__ = ["command"]
