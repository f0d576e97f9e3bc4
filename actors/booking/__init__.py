"""The booking actor: `actor` decides, `desks` carries out what outside suppliers are asked."""

from actors.booking.actor import BookingActor, Times

__all__ = ["BookingActor", "Times"]
