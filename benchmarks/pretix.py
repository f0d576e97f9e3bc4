"""What pretix, a ticket shop of the same trade, does: measured on two cores like these, and quoted here.

pretix 2026.8.0 on PostgreSQL, Redis, gunicorn and celery, with the load generator on the same machine: orders
of two positions over REST, mails off. A sale of 200 hot tickets has 1,000 buyers at once. It does more in an
order than the least (tax, invoice address, history), and so do we in a booking (payment, mail, audit chain).
"""

ORDERS = 11.1
"""Orders a second at 8 clients, with its background worker beside it (11.5 at 32); medians of three runs."""

ORDERS_ALONE = 18.2
"""The same while the background worker is off: no way to run it, but the most that one elsewhere may give."""

SOLD_OUT = 14.3
"""Seconds until the last of 200 hot tickets is sold; the median of 14.16, 14.29 and 15.83."""

ALL_ANSWERED = 27.0
"""Seconds until the last of the 1,000 is answered; the median of 26.76, 26.97 and 27.82."""
