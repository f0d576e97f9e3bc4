"""Histories of payments in every order of events, and what must be right after each of them.

`bad_line` loses calls and answers, `house` runs the actors and has them die, `history` draws what happens to
one booking, and `ledgers` says whether money came out right.
"""
