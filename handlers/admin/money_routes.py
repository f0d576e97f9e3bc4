"""The addresses by which staff record money, and grant credit."""

from bookingd.domain.accounts.permissions import Permission
from handlers.admin import credit, payment_files, receipts, refunds
from handlers.admin.money_requests import (
    HowSettled,
    NewCreditLine,
    NewReceipt,
    NewRefund,
    NewSettlement,
    Paid,
)
from handlers.operations import BODY_PROBLEMS, KEY_PROBLEMS, Operation, Route

TAG = "Money by hand"

ADMIN_MONEY_ROUTES = (
    Route(
        method="GET",
        path="/v1/admin/bookings/{reference}/payments",
        handler=payment_files.show_payments,
        operation=Operation(
            summary="Look at a booking's payments",
            tag=TAG,
            access=Permission.BOOKINGS_READ,
            description=(
                "All that is known of each: at its gateway, what went back and who asked for it, disputes"
                " with what speaks for us, and the books for whom they are (`ledger.read`)."
            ),
            answers={200: payment_files.PaymentFiles},
            problems=("not-found",),
        ),
    ),
    Route(
        method="POST",
        path="/v1/admin/bookings/{reference}/refunds",
        handler=refunds.give_back,
        operation=Operation(
            summary="Give money back",
            tag=TAG,
            access=Permission.REFUND,
            description=(
                "Part or all of one payment, up to the role's limit, and never more than was taken less what"
                " was given back or asked for. What becomes of it stands in the booking."
            ),
            body=NewRefund,
            headers=("idempotency_key",),
            answers={202: refunds.RefundAsked},
            problems=("not-found", "booking-state", *KEY_PROBLEMS, *BODY_PROBLEMS),
        ),
    ),
    Route(
        method="POST",
        path="/v1/admin/refunds/{refund_id}/settlements",
        handler=refunds.settle,
        operation=Operation(
            summary="Record that a failed refund was paid otherwise",
            tag=TAG,
            access=Permission.PAYMENTS_RECORD,
            body=HowSettled,
            answers={202: refunds.SettlementTaken},
            problems=("not-found", "already-recorded", "booking-state", *BODY_PROBLEMS),
        ),
    ),
    Route(
        method="POST",
        path="/v1/admin/bookings/{reference}/receipts",
        handler=receipts.record_receipt,
        operation=Operation(
            summary="Record money that came",
            tag=TAG,
            access=Permission.PAYMENTS_RECORD,
            description=(
                "By transfer or in cash. It pays what is due for the booking; what comes too late, or is too"
                " much, goes back and is found among the payouts. Each proof is recorded once."
            ),
            body=NewReceipt,
            headers=("optional_key",),
            answers={201: receipts.Receipt},
            problems=("not-found", "already-recorded", *KEY_PROBLEMS, *BODY_PROBLEMS),
        ),
    ),
    Route(
        method="GET",
        path="/v1/admin/payouts",
        handler=receipts.list_payouts,
        operation=Operation(
            summary="List what is to be paid out",
            tag=TAG,
            access=Permission.PAYMENTS_RECORD,
            description="Refunds of what came by transfer or in cash. The oldest first, 200 at most.",
            answers={200: receipts.Payouts},
        ),
    ),
    Route(
        method="POST",
        path="/v1/admin/payouts/{payout_id}/settlements",
        handler=receipts.record_payout,
        operation=Operation(
            summary="Record that it was paid out",
            tag=TAG,
            access=Permission.PAYMENTS_RECORD,
            body=Paid,
            answers={201: receipts.PayoutView},
            problems=("not-found", "already-recorded", *BODY_PROBLEMS),
        ),
    ),
    Route(
        method="GET",
        path="/v1/admin/accounts/{account_id}/credit-line",
        handler=credit.show_line,
        operation=Operation(
            summary="Look at a client's credit",
            tag=TAG,
            access=Permission.CREDIT,
            answers={200: credit.CreditLineView},
            problems=("not-found",),
        ),
    ),
    Route(
        method="PUT",
        path="/v1/admin/accounts/{account_id}/credit-line",
        handler=credit.set_line,
        operation=Operation(
            summary="Grant a client credit",
            tag=TAG,
            access=Permission.CREDIT,
            description="What they owe already stays owed. The currency of a line never changes.",
            body=NewCreditLine,
            headers=("optional_match",),
            answers={200: credit.CreditLineView, 201: credit.CreditLineView},
            problems=("not-found", "precondition-required", "precondition-failed", *BODY_PROBLEMS),
        ),
    ),
    Route(
        method="POST",
        path="/v1/admin/accounts/{account_id}/credit-settlements",
        handler=credit.record_settlement,
        operation=Operation(
            summary="Record what a client paid of what they owe",
            tag=TAG,
            access=Permission.CREDIT,
            body=NewSettlement,
            answers={201: credit.CreditLineView},
            problems=("not-found", "already-recorded", *BODY_PROBLEMS),
        ),
    ),
)
