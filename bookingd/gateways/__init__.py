"""Who moves money for us: one port, one adapter a gateway."""
