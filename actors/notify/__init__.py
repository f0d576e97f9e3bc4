"""The notify actor: `actor` is its table, `bookings` and `accounts` write mails, `post` hands them over."""

from actors.notify.actor import NotifyActor

__all__ = ["NotifyActor"]
