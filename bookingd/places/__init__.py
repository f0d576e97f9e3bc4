"""Finding a place by what somebody types: pure, in memory."""
