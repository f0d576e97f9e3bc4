"""What is sent to make API keys."""

from bookingd.domain.accounts.permissions import SCOPES
from handlers.fields import Choice, Request, Several, Text, Whole

LONGEST_DAYS = 365

USUAL_DAYS = 90


class NewKey(Request):
    """A key for a program."""

    name = Text(longest=60, required=True, metadata={"description": "What its owner calls it."})
    scopes = Several(
        Choice(sorted(SCOPES)),
        most=len(SCOPES),
        required=True,
        metadata={"description": "What it is good for; nothing that the account itself may not do now."},
    )
    expires_in_days = Whole(
        1,
        LONGEST_DAYS,
        strict=True,
        load_default=USUAL_DAYS,
        metadata={"description": "After which it is good no longer."},
    )
