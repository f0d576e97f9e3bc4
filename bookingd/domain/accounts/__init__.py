"""Accounts: who somebody is and what they may do. Pure, like all of the domain."""
