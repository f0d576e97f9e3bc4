"""The components of the service: one room an actor."""
