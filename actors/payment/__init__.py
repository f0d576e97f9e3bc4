"""The payment actor: `actor` takes money and looks, `refunds` gives it back, `book` is what both use."""

from actors.payment.actor import PaymentActor

__all__ = ["PaymentActor"]
