"""Local stand-ins that speak the vendors' wire protocols, so that bookingd runs whole without them.

The one rule: nothing here is shared with the adapters that call it, or both would share one misreading
of the vendor. A stand-in knows the vendor's documents only; what it is made to do wrong (`misbehaviour`)
is the same switch in tests and in demonstrations.
"""
