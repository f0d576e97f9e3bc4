"""What payers see of the stand-in: the bank's page, Checkout, and the Payment Element."""
