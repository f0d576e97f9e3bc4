"""What proves who somebody is, and what keeps a secret."""
