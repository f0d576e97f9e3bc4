"""Paying: what is offered, what is taken, and the page on which people do it."""
