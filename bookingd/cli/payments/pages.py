"""How payments and differences are printed: as tables for eyes, as values for programs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType

from bookingd.cli.screen import facts, listing, moment, noted, one_line, part, shown, stamp
from bookingd.domain.money import Money
from bookingd.reconciliation.findings import TO_DO, Finding, Report
from bookingd.storage.disputes import DisputeRow
from bookingd.storage.payment_files import Disputed, PaymentFile
from bookingd.storage.payments import PaymentRow, RefundRow

Listed = tuple[str, datetime, PaymentRow]
"""A booking's reference, when its payment was begun, and that."""


def report_page(report: Report) -> RenderableType:
    """What differs, one a row, and who was asked."""
    lines = [f"Compared {moment(report.since)} to {moment(report.until)} UTC"]
    lines += [f"{name}: {count} movements" for name, count in sorted(report.compared.items())]
    lines += [f"{name}: has no books to compare with: {why}" for name, why in report.left_out.items()]
    lines += [f"{name}: COULD NOT BE ASKED: {why}" for name, why in report.unasked.items()]
    head = [shown(one_line(line)) for line in lines]
    if not report.findings:
        return Group(*head, shown(_verdict(report)))
    rows = [
        (
            one.kind.value,
            one.gateway,
            one.reference or "-",
            _sum(one.ours),
            _sum(one.theirs),
        )
        for one in report.findings
    ]
    notes = [_note(one) for one in report.findings]
    table = noted(
        ("what", "gateway", "booking", "ours>", "should be>"), rows, notes, note="which, and what to do"
    )
    return Group(*head, shown(""), table, shown(""), shown(_verdict(report)))


def report_data(report: Report) -> dict[str, Any]:
    """The same for programs."""
    return {
        "since": stamp(report.since),
        "until": stamp(report.until),
        "compared": dict(report.compared),
        "left_out": dict(report.left_out),
        "unasked": dict(report.unasked),
        "findings": [_finding_data(one) for one in report.findings],
    }


def list_page(found: Sequence[Listed]) -> RenderableType:
    """Payments, the newest first."""
    table = listing("begun", "booking", "gateway", "state", "amount>", "captured>", "refunded>", "payment")
    for reference, begun, row in found:
        table.add_row(
            moment(begun),
            reference,
            shown(row.gateway),
            row.state,
            row.amount.format(),
            row.captured.format(),
            row.refunded.format(),
            str(row.id),
        )
    return table if found else shown("There are no such payments.")


def list_data(found: Sequence[Listed]) -> dict[str, Any]:
    """The same for programs."""
    return {
        "payments": [
            {"reference": reference, "begun_at": stamp(begun), **_payment_data(row)}
            for reference, begun, row in found
        ]
    }


def show_page(found: PaymentFile) -> RenderableType:
    """All that is known of one payment."""
    row = found.payment
    held = moment(row.authorised_until) if row.authorised_until else None
    about = facts(
        [
            ("payment", row.id),
            ("booking", found.reference),
            ("gateway", f"{row.gateway} {row.gateway_reference or '(not known there)'}"),
            ("state", row.state.value),
            ("amount", row.amount.format()),
            ("captured", row.captured.format()),
            ("refunded", row.refunded.format()),
            ("held until", held),
            ("means", row.means_label),
            ("failure", row.failure),
            ("kept by consent", row.consent),
        ]
    )
    parts: list[RenderableType] = [about]
    if found.refunds:
        parts.append(part("Refunds", _refunds(found.refunds)))
    parts += [
        part(f"Dispute {disputed.dispute.gateway_reference}", *_dispute(disputed))
        for disputed in found.disputes
    ]
    if found.books:
        parts.append(part("Books", _books(found)))
    return Group(*parts)


def show_data(found: PaymentFile) -> dict[str, Any]:
    """The same for programs."""
    return {
        "reference": found.reference,
        **_payment_data(found.payment),
        "refunds": [_refund_data(refund) for refund in found.refunds],
        "disputes": [_dispute_data(disputed) for disputed in found.disputes],
        "books": [
            {
                "at": stamp(line.at),
                "reason": line.reason,
                "debit": line.debit,
                "credit": line.credit,
                "amount": line.amount.amount,
                "currency": line.amount.currency,
            }
            for line in found.books
        ],
    }


def _verdict(report: Report) -> str:
    count = len(report.findings)
    if count:
        return f"{count} difference{'s' if count > 1 else ''}"
    return "Nothing is proven: not everybody could be asked" if report.unasked else "Everything agrees"


def _note(one: Finding) -> str:
    which = str(one.payment_id) if one.payment_id else one.gateway_reference
    return f"{which}{': ' if one.note else ''}{one.note}. {TO_DO[one.kind]}"


def _sum(amount: Money | None) -> str:
    return amount.format() if amount else "-"


def _finding_data(one: Finding) -> dict[str, Any]:
    return {
        "kind": one.kind.value,
        "gateway": one.gateway,
        "gateway_reference": one.gateway_reference,
        "payment_id": str(one.payment_id) if one.payment_id else None,
        "reference": one.reference or None,
        "ours": _money_data(one.ours),
        "theirs": _money_data(one.theirs),
        "note": one.note,
        "to_do": TO_DO[one.kind],
    }


def _money_data(amount: Money | None) -> dict[str, Any] | None:
    return None if amount is None else {"amount": amount.amount, "currency": amount.currency}


def _payment_data(row: PaymentRow) -> dict[str, Any]:
    return {
        "payment_id": str(row.id),
        "gateway": row.gateway,
        "gateway_reference": row.gateway_reference,
        "state": row.state.value,
        "currency": row.amount.currency,
        "amount": row.amount.amount,
        "captured": row.captured.amount,
        "refunded": row.refunded.amount,
        "means": row.means_label,
        "failure": row.failure,
        "authorised_until": stamp(row.authorised_until),
    }


def _refunds(refunds: Sequence[RefundRow]) -> RenderableType:
    table = listing("round>", "amount>", "state", "expected", "trace", "at the gateway")
    for refund in refunds:
        table.add_row(
            str(refund.round),
            refund.amount.format(),
            refund.state.value,
            moment(refund.expected_by) if refund.expected_by else "-",
            shown(refund.trace or "-"),
            shown(refund.gateway_reference or f"refused: {refund.failure}"),
        )
    return table


def _refund_data(refund: RefundRow) -> dict[str, Any]:
    paid = refund.settlement
    return {
        "round": refund.round,
        "amount": refund.amount.amount,
        "state": refund.state.value,
        "gateway_reference": refund.gateway_reference,
        "trace": refund.trace,
        "expected_by": stamp(refund.expected_by),
        "failure": refund.failure,
        "settled": {"by": paid.by, "how": paid.how, "proof": paid.proof, "at": stamp(paid.at)}
        if paid
        else None,
    }


def _dispute(disputed: Disputed) -> list[RenderableType]:
    dispute: DisputeRow = disputed.dispute
    about = facts(
        [
            ("amount", dispute.amount.format()),
            ("reason", dispute.reason),
            ("status", dispute.status.value),
            ("answer by", moment(dispute.respond_by) if dispute.respond_by else None),
            ("since", moment(dispute.opened_at)),
        ]
    )
    table = listing("when", "what", "evidence: what finds it")
    for one in disputed.evidence:
        table.add_row(moment(one.at) if one.at else "-", one.kind, shown(one.reference))
    return [about, table] if disputed.evidence else [about]


def _dispute_data(disputed: Disputed) -> dict[str, Any]:
    dispute = disputed.dispute
    return {
        "gateway_reference": dispute.gateway_reference,
        "amount": dispute.amount.amount,
        "reason": dispute.reason,
        "status": dispute.status.value,
        "respond_by": stamp(dispute.respond_by),
        "history": [
            {"status": one.status.value, "amount": one.amount, "at": stamp(one.at)}
            for one in disputed.history
        ],
        "evidence": [
            {"kind": one.kind, "reference": one.reference, "at": stamp(one.at)} for one in disputed.evidence
        ],
    }


def _books(found: PaymentFile) -> RenderableType:
    table = listing("at", "reason", "amount>", "debit", "credit")
    for line in found.books:
        table.add_row(
            moment(line.at), line.reason, line.amount.format(), shown(line.debit), shown(line.credit)
        )
    return table
