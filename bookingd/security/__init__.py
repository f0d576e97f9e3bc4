"""What proves who somebody is, and what keeps a secret: no table, no route, no message."""
