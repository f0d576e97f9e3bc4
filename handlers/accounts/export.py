"""An account takes along what is kept of it."""

from aiohttp import web

from bookingd.storage import belongings, places
from bookingd.storage.belongings import Belongings
from bookingd.storage.database import Connection
from bookingd.storage.places import Names
from handlers.accounts.changes import account_of
from handlers.accounts.export_views import export_view
from handlers.accounts.trail import record
from handlers.accounts.tries import count_export
from handlers.gate import who_of
from handlers.parts import PARTS
from handlers.principals import origin_of, session_required
from handlers.reply import json_reply
from handlers.views import codes


async def export(request: web.Request) -> web.Response:
    """Everything, as a file. That it was taken stands in the audit trail: it may have been somebody else."""
    parts, account = request.app[PARTS], account_of(request)
    await count_export(request, account)
    async with parts.transactions.begin() as transaction:
        connection = transaction.connection
        kept = await belongings.gather(connection, keyring=parts.accounts.keyring, account=account)
        if kept is None:
            raise session_required("This account is not open.")
        names = await _names(kept, connection)
        origin = origin_of(request, who_of(request).principal)
        record(transaction, parts.sources, origin, account=account, action="account.exported")
    shown = export_view(kept, names=names, now=transaction.now)
    file = f"bookingd-account-{transaction.now:%Y-%m-%d}.json"
    return json_reply(shown, headers={"Content-Disposition": f'attachment; filename="{file}"'})


async def _names(kept: Belongings, connection: Connection) -> Names:
    """How the places and airlines of its bookings are called."""
    itineraries = [item.offer.itinerary for one in kept.bookings for item in one.view.booking.items]
    airports, airlines = codes(itineraries)
    return await places.names(connection, airports=airports, airlines=airlines)
