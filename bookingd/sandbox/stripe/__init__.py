"""A stand-in for Stripe, made from its API description and its documentation (see `sandbox`)."""

from bookingd.sandbox.stripe.sandbox import StripeSandbox

__all__ = ["StripeSandbox"]
