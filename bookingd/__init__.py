"""bookingd: a self-hosted travel booking service, one asyncio daemon made of actors."""

__version__ = "0.1.0"
