"""A stand-in for PayPal, made from its API descriptions and its documentation (see `sandbox`)."""

from bookingd.sandbox.paypal.sandbox import PayPalSandbox

__all__ = ["PayPalSandbox"]
