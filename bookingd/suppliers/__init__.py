"""Who sells us seats and rooms: one port, one adapter a supplier."""
