"""The names by which things are known: one type an identifier, so that none can stand in for another."""

from typing import NewType
from uuid import UUID

BookingId = NewType("BookingId", UUID)
ItemId = NewType("ItemId", UUID)
PaymentId = NewType("PaymentId", UUID)
IntentId = NewType("IntentId", UUID)
MessageId = NewType("MessageId", UUID)
AccountId = NewType("AccountId", UUID)
SessionId = NewType("SessionId", UUID)
ProofId = NewType("ProofId", UUID)
TravellerId = NewType("TravellerId", UUID)
ApiKeyId = NewType("ApiKeyId", UUID)

OfferId = NewType("OfferId", str)
"""What kind it is of (`of_` a flight, `st_` a stay) and what finds it again; opaque to clients."""

Reference = NewType("Reference", str)
"""A booking reference: six letters and digits, see `bookingd.domain.references`."""

RecordLocator = NewType("RecordLocator", str)
"""A supplier's own reference of a booked item (an airline's PNR, a hotel's confirmation number)."""
