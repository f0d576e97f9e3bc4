"""Local stand-ins that speak the vendors' wire protocols."""
