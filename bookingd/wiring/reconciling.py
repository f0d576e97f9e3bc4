"""Who compares our books with the gateways': the daemon's loop, and the command."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from bookingd.config import Settings, ensure_development_keys
from bookingd.reconciliation.reconciler import Reconciler
from bookingd.reconciliation.round import ReconciliationRound
from bookingd.sources import Sources
from bookingd.storage.database import Database
from bookingd.wiring.actors import Tools
from bookingd.wiring.office import office_gateways
from bookingd.wiring.outside import Outside, open_outside
from bookingd.wiring.stand_ins import running_stand_ins


def reconciliation_round(tools: Tools, outside: Outside) -> ReconciliationRound:
    """The daemon's."""
    reconciler = Reconciler(gateways=outside.gateways, database=tools.database, sources=tools.sources)
    return ReconciliationRound(reconciler=reconciler, transactions=tools.transactions, sources=tools.sources)


@asynccontextmanager
async def open_reconciler(
    settings: Settings, database: Database, sources: Sources
) -> AsyncIterator[Reconciler]:
    """One beside a running daemon, which has the stand-ins if there are any, and made their keys.

    Raises UnusableSetting, and OSError where the keys cannot be read.
    """
    keyed = ensure_development_keys(settings, sources.chance)
    async with AsyncExitStack() as stack:
        outside = await open_outside(keyed, sources, running_stand_ins(keyed), stack=stack)
        gateways = {**outside.gateways, **office_gateways(keyed, database, sources)}
        yield Reconciler(gateways=gateways, database=database, sources=sources)
