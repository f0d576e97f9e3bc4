"""Documents that are there before a test looks."""

from datetime import datetime

from bookingd.domain.booking.state import Booking
from bookingd.domain.documents.document import DocumentKind, Party
from bookingd.domain.documents.issuing import Occasion, invoice
from bookingd.domain.documents.taxes import TaxBook
from bookingd.sources import Sources
from bookingd.storage import documents, taxes
from bookingd.storage.database import Database
from tests import factories

SERIES = dict(zip(DocumentKind, ("REC-2026", "INV-2026", "CRN-2026"), strict=True))


async def plant_invoice(
    database: Database,
    sources: Sources,
    booking: Booking,
    addressee: Party,
    *,
    now: datetime,
    round_number: int = 1,
) -> str:
    """The `round_number`th invoice of the booking; its number."""
    occasion = Occasion(
        issuer=factories.agency().issuer,
        addressee=addressee,
        today=now.date(),
        taxes=TaxBook([one.rule for one in taxes.shipped()]),
    )
    async with database.transaction() as connection:
        turn = await documents.take_turn(connection, series=SERIES)
        issued = turn.place(invoice(booking, occasion, paid=(), round_number=round_number), sources=sources)
        await documents.store(connection, turn=turn, now=now)
    return issued.document.number
