"""Every message of the house: its name on the wire, its kind, its owner and its lane.

Messages only grow: a new field has a default, a change of meaning is a new name.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bookingd.domain.booking import facts
from bookingd.messages import accounts, documents, live, payments, search

Message = Any
"""A frozen value whose type is in the catalogue."""


class Kind(StrEnum):
    """How a message is delivered."""

    QUERY = "query"
    COMMAND = "command"
    EVENT = "event"
    NOTICE = "notice"


class Lane(StrEnum):
    """Which queue of its actor a message waits in, so that a burst starves no journey."""

    FINISHING = "finishing"
    """Steps that complete a journey already begun."""
    NORMAL = "normal"
    BULK = "bulk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the bus knows about a type of message."""

    type: type
    name: str
    kind: Kind
    owner: str | None = None
    """The actor that handles a query or command; events and notices have no owner."""
    lane: Lane = Lane.NORMAL
    answer: Any = Any
    """What each part of a query's answer is, for whoever reads it from the wire."""


class UnknownMessage(LookupError):
    """A name or a type is not in the catalogue of this release."""


def _command(of: type, name: str, owner: str, lane: Lane = Lane.NORMAL) -> Entry:
    return Entry(type=of, name=name, kind=Kind.COMMAND, owner=owner, lane=lane)


def _query(of: type, name: str, owner: str, answer: type) -> Entry:
    return Entry(type=of, name=name, kind=Kind.QUERY, owner=owner, answer=answer)


def _event(of: type, name: str, lane: Lane = Lane.FINISHING) -> Entry:
    return Entry(type=of, name=name, kind=Kind.EVENT, lane=lane)


ENTRIES: tuple[Entry, ...] = (
    _query(search.SearchFlights, "search.flights", "search.flights", search.FlightResults),
    _query(search.CheckOffer, "search.check_offer", "search.flights", search.OfferChecked),
    _query(search.FareCalendar, "search.fare_calendar", "search.flights", search.FareCalendarFound),
    _query(search.SearchStays, "search.stays", "search.hotels", search.StayResults),
    _query(search.CheckStay, "search.check_stay", "search.hotels", search.StayChecked),
    _command(facts.PlaceBooking, "booking.place", "booking"),
    _command(facts.GiveConsent, "booking.give_consent", "booking", Lane.FINISHING),
    _command(facts.CallOff, "booking.call_off", "booking"),
    _command(facts.StartPayment, "booking.start_payment", "booking", Lane.FINISHING),
    _command(facts.HoldDue, "booking.hold_due", "booking", Lane.FINISHING),
    _command(facts.GiveBack, "booking.give_back", "booking", Lane.FINISHING),
    _command(facts.AuthorisationDue, "booking.authorisation_due", "booking", Lane.FINISHING),
    _command(facts.BalanceReminder, "booking.balance_reminder", "booking"),
    _command(facts.BalanceDue, "booking.balance_due", "booking", Lane.FINISHING),
    _command(facts.HoldItem, "booking.hold_item", "booking"),
    _command(facts.TicketItem, "booking.ticket_item", "booking", Lane.FINISHING),
    _command(facts.ReleaseItem, "booking.release_item", "booking", Lane.FINISHING),
    _event(facts.ItemHeld, "item.held"),
    _event(facts.ItemRefused, "item.refused"),
    _event(facts.ItemTicketed, "item.ticketed"),
    _event(facts.BookingHeld, "booking.held"),
    _event(facts.PriceChanged, "booking.price_changed"),
    _event(facts.BookingConfirmed, "booking.confirmed"),
    _event(facts.BookingFailed, "booking.failed"),
    _event(facts.BookingExpired, "booking.expired"),
    _event(facts.BookingCalledOff, "booking.called_off"),
    _event(facts.PaymentDeclined, "booking.payment_declined"),
    _event(facts.PaymentNeeded, "booking.payment_needed"),
    _event(facts.BalanceAsked, "booking.balance_asked"),
    _event(facts.BookingPaid, "booking.paid"),
    _event(facts.BookingCancelled, "booking.cancelled"),
    _command(facts.AuthorisePayment, "payment.authorise", "payment", Lane.FINISHING),
    _command(facts.CapturePayment, "payment.capture", "payment", Lane.FINISHING),
    _command(facts.VoidPayment, "payment.void", "payment", Lane.FINISHING),
    _command(facts.RefundPayment, "payment.refund", "payment", Lane.FINISHING),
    _command(facts.ReauthorisePayment, "payment.reauthorise", "payment", Lane.FINISHING),
    _command(payments.RefreshPayment, "payment.refresh", "payment", Lane.FINISHING),
    _command(payments.CompletePayment, "payment.complete", "payment", Lane.FINISHING),
    _command(payments.SettleRefund, "payment.settle_refund", "payment", Lane.FINISHING),
    _command(payments.ForgetMeans, "payment.forget_means", "payment", Lane.BULK),
    _command(payments.ReadDisputes, "payment.read_disputes", "payment"),
    _command(payments.ApplyNotice, "payment.apply_notice", "payment"),
    _command(documents.IssueInvoice, "payment.issue_invoice", "payment"),
    _command(documents.AddressInvoice, "payment.address_invoice", "payment"),
    _event(facts.PaymentActionRequired, "payment.action_required"),
    _event(facts.PaymentInReview, "payment.in_review"),
    _event(facts.PaymentAuthorised, "payment.authorised"),
    _event(facts.AuthorisationRenewed, "payment.authorisation_renewed"),
    _event(facts.ReauthorisationRefused, "payment.reauthorisation_refused"),
    _event(facts.PaymentFailed, "payment.failed"),
    _event(facts.PaymentCaptured, "payment.captured"),
    _event(facts.CaptureRefused, "payment.capture_refused"),
    _event(facts.PaymentVoided, "payment.voided"),
    _event(facts.PaymentRefunded, "payment.refunded"),
    _event(facts.RefundFailed, "payment.refund_failed"),
    _event(facts.PaymentDisputed, "payment.disputed"),
    _event(facts.DisputeClosed, "payment.dispute_closed"),
    _command(accounts.Register, "auth.register", "auth"),
    _command(accounts.RequestReset, "auth.request_reset", "auth"),
    _command(accounts.RequestAccess, "auth.request_access", "auth"),
    _command(accounts.RequestAddressChange, "auth.request_address_change", "auth"),
    _command(accounts.SendProof, "notify.send_proof", "notify"),
    _command(accounts.TellFormerAddress, "notify.tell_former_address", "notify"),
    _command(accounts.TellNewAddress, "notify.tell_new_address", "notify"),
    _event(accounts.RegisteredAgain, "account.registered_again", Lane.NORMAL),
    _event(accounts.PasswordChanged, "account.password_changed", Lane.NORMAL),
    _event(accounts.AddressChangeAsked, "account.address_change_asked", Lane.NORMAL),
    _event(accounts.AddressChanged, "account.address_changed", Lane.NORMAL),
    _event(accounts.SignedInOnNewDevice, "account.signed_in_on_new_device", Lane.NORMAL),
    _event(accounts.SessionReplayed, "account.session_replayed", Lane.NORMAL),
    _event(accounts.SecondFactorChanged, "account.second_factor_changed", Lane.NORMAL),
    Entry(type=live.BookingMoved, name="live.booking_moved", kind=Kind.NOTICE),
    Entry(type=live.AccountChanged, name="live.account_changed", kind=Kind.NOTICE),
    Entry(type=live.BookingTakenOver, name="live.booking_taken_over", kind=Kind.NOTICE),
    Entry(type=live.Refused, name="live.refused", kind=Kind.NOTICE),
)


class Catalogue:
    """Entries by type and by name."""

    def __init__(self, entries: tuple[Entry, ...]) -> None:
        self._by_type = {entry.type: entry for entry in entries}
        self._by_name = {entry.name: entry for entry in entries}

    def of(self, message_type: type) -> Entry:
        """The entry of a type; raises UnknownMessage."""
        try:
            return self._by_type[message_type]
        except KeyError as error:
            raise UnknownMessage(message_type.__name__) from error

    def named(self, name: str) -> Entry:
        """The entry of a name on the wire; raises UnknownMessage."""
        try:
            return self._by_name[name]
        except KeyError as error:
            raise UnknownMessage(name) from error


CATALOGUE = Catalogue(ENTRIES)
