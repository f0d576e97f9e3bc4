"""How somebody without an account comes back to a booking, and how an account takes one over."""
