"""Documents as people get them: printed as PDF, beside the daemon's loop; and the tax numbers in them."""
