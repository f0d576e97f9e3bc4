"""How a traveller is told: one port, one adapter a channel, and what the messages say."""
