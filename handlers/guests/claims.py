"""An account takes over what was booked with its address, and sees what it may take over.

The one rule: what opens a booking does not give it away. The address decides, which the account has shown to
be its own; and a booking that has an account already is not there for any other.
"""

from aiohttp import web

from bookingd.domain.access import may_take_over
from bookingd.domain.accounts.who import Who
from bookingd.domain.audit import Subject
from bookingd.domain.booking.state import Booking
from bookingd.domain.ids import AccountId, Reference
from bookingd.messages.live import BookingTakenOver
from bookingd.security.addresses import key_of
from bookingd.storage import access, accounts, claims
from bookingd.storage.accounts import Account
from bookingd.storage.bookings import BookingView
from bookingd.storage.database import Connection
from bookingd.storage.transactions import Transaction
from handlers.accounts.changes import account_of
from handlers.bodies import json_body
from handlers.booking_views import Bookings, booking_line, links
from handlers.cursors import read_cursor, write_cursor
from handlers.errors import not_found
from handlers.fields import load_query
from handlers.gate import who_of
from handlers.guests.access import reference_of
from handlers.guests.guest_requests import TakeOver
from handlers.guests.guest_views import TakenOver
from handlers.guests.trail import note
from handlers.opened import note_refusal
from handlers.parts import PARTS
from handlers.principals import origin_of, session_required
from handlers.reply import json_reply
from handlers.requests import Page, schema


async def take_over(request: web.Request) -> web.Response:
    """Have the booking belong to the account that asks. Again it does nothing."""
    reference, who = reference_of(request), who_of(request)
    await json_body(request, TakeOver)
    async with request.app[PARTS].transactions.begin() as transaction:
        account = await _open_account(transaction.connection, account_of(request))
        view = await _found(transaction.connection, reference)
        booking = view.booking if view else None
        fit = view is not None and _fits(view, account)
        if booking is not None and fit:
            await _give(request, transaction, booking, who)
    if booking is None:
        raise not_found()
    if not fit and booking.owner != who.principal:
        await note_refusal(request, who, "take over", booking)
        raise not_found()
    return json_reply(TakenOver(reference=reference, links=links(reference)))


async def claimable(request: web.Request) -> web.Response:
    """What was booked with the account's address and belongs to no account."""
    asked = load_query(schema(Page), request.query)
    after, limit = read_cursor(asked["cursor"]), asked["limit"]
    async with request.app[PARTS].database.connection() as connection:
        account = await accounts.by_id(connection, account=account_of(request))
        key = account.address_key if account else None
        found = await claims.page(connection, address_key=key, after=after, limit=limit + 1) if key else []
    shown, more = found[:limit], len(found) > limit
    following = write_cursor(shown[-1].created_at, shown[-1].id) if more else None
    return json_reply(Bookings(bookings=tuple(map(booking_line, shown)), next=following))


async def _open_account(connection: Connection, account_id: AccountId) -> Account:
    """Locked before the booking: its address is the same until this is over. Raises Problem."""
    account = await accounts.lock(connection, account=account_id)
    if account is None or not account.open:
        raise session_required("This account is not open.")
    return account


async def _found(connection: Connection, reference: Reference) -> BookingView | None:
    booking_id = await access.booking_of(connection, reference=reference)
    return None if booking_id is None else await claims.lock(connection, booking_id=booking_id)


def _fits(view: BookingView, account: Account) -> bool:
    contact = key_of(view.contact.email) if view.contact else None
    return may_take_over(view.booking, contact=contact, account=account.address_key)


async def _give(request: web.Request, transaction: Transaction, booking: Booking, who: Who) -> None:
    """Whoever watches it by a right that has gone is hung up on."""
    await claims.give(transaction.connection, booking=booking, owner=who.principal)
    note(
        transaction,
        request.app[PARTS].sources,
        origin_of(request, who.acting),
        Subject.of("booking", booking.id),
        "booking.taken_over",
        reference=booking.reference,
        owner=who.principal,
        former_owner=booking.owner,
    )
    transaction.notify(BookingTakenOver(booking_id=booking.id, reference=booking.reference))
