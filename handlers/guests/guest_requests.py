"""What is sent to open a booking by its address, and to take one over."""

from handlers.fields import Choice, Request, Text

LONGEST_CODE = 12


class AskForAccess(Request):
    """Have a code sent to the booking's address."""

    email = Text(
        longest=254,
        required=True,
        metadata={"format": "email", "description": "That it was booked with; the code goes there."},
    )


class ShowCode(Request):
    """Show the code."""

    access = Text(longest=200, required=True, metadata={"description": "From the answer before."})
    code = Text(
        longest=LONGEST_CODE, required=True, metadata={"description": "Six digits.", "example": "492039"}
    )


class CodeForm(Request):
    """The same from our own page: what was answered before is in a cookie."""

    code = Text(longest=LONGEST_CODE, required=True)


class Again(Request):
    """Begin anew on our own page."""

    again = Choice(("yes",), load_default=None)


class TakeOver(Request):
    """Have the booking belong to the account that asks. An empty object."""
