"""Who may give how much money back: one pure decision, and whatever it does not name is refused.

A role's limit is in the agency's currency and counts for one refund. An amount in another currency is
measured by what it was converted to, at the rate of the booking; nothing here guesses a rate.
"""

from bookingd.domain.accounts.permissions import Permission, refund_limit_of
from bookingd.domain.accounts.who import Who
from bookingd.domain.money import Money


def may_refund(who: Who, amount: Money, *, currency: str, converted: Money | None = None) -> bool:
    """Whether somebody may give `amount` back in one refund; `currency` is the agency's.

    `converted` is the same amount in that currency, where it is in another one. Without it only those may
    who may give back any amount.
    """
    if amount.amount <= 0 or not who.has(Permission.REFUND):
        return False
    limit = refund_limit_of(who.roles)
    if limit is None:
        return True
    measured = amount if amount.currency == currency else converted
    if measured is None or measured.currency != currency:
        return False
    return 0 < measured.amount <= limit
