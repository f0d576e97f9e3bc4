"""The gateways that are our own: what staff receive and pay out by hand, and clients on account."""

from collections.abc import Mapping

from bookingd.config import Settings
from bookingd.config.sections import Transfer
from bookingd.gateways.credit import CreditGateway
from bookingd.gateways.office import Beneficiary, OfficeGateway
from bookingd.gateways.port import Gateway
from bookingd.sources import Sources
from bookingd.storage.database import Database
from bookingd.storage.office import ReceivedBy


def office_gateways(settings: Settings, database: Database, sources: Sources) -> Mapping[str, Gateway]:
    """By name. What a traveller is offered of them, the payment options say."""
    transfer = OfficeGateway(
        means=ReceivedBy.TRANSFER,
        database=database,
        clock=sources.clock,
        beneficiary=_beneficiary(settings.transfer),
    )
    cash = OfficeGateway(means=ReceivedBy.CASH, database=database, clock=sources.clock)
    credit = CreditGateway(database=database, clock=sources.clock)
    return {transfer.name: transfer, cash.name: cash, credit.name: credit}


def _beneficiary(transfer: Transfer) -> Beneficiary | None:
    if not transfer.iban:
        return None
    return Beneficiary(name=transfer.beneficiary, iban=transfer.iban, bic=transfer.bic, bank=transfer.bank)
