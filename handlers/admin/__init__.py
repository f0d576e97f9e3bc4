"""What staff do, behind /v1/admin: each address is for one permission."""
