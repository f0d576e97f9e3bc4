"""What staff send about accounts."""

from bookingd.domain.accounts.permissions import Role
from handlers.fields import Choice, Request, Several, Text, Whole

ROLES = [role.value for role in Role]

SHORTEST = 3
"""Characters of an address that are looked for: fewer would list everybody."""


class StaffQuery(Request):
    """Whom of the staff to list."""

    role = Choice(
        [role for role in ROLES if role != Role.TRAVELLER],
        load_default=None,
        metadata={"description": "Only who has this one."},
    )
    limit = Whole(1, 100, load_default=20)
    cursor = Text(longest=36, load_default=None, metadata={"description": "`next` of the page before."})


class AccountSearch(Request):
    """Which accounts to look for."""

    address = Text(
        longest=254,
        shortest=SHORTEST,
        required=True,
        metadata={"description": "The mail address, or how it begins.", "example": "ada@"},
    )


class NewRoles(Request):
    """Which roles an account has from now on."""

    roles = Several(
        Choice(ROLES),
        most=len(ROLES),
        required=True,
        metadata={"description": "All of them; everybody is a traveller, named or not."},
    )


class Reason(Request):
    """Why somebody does this."""

    reason = Text(
        longest=300,
        required=True,
        metadata={"description": "It stands in the audit trail for ever, so name no traveller."},
    )
