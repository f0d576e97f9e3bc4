"""`python -m bookingd` is the command `bookingd`."""

from bookingd.cli import main

main()
