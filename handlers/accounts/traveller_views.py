"""What an account is shown of the people whom it books for."""

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta

from bookingd.domain.accounts.travellers import DocumentType, SavedTraveller
from handlers.views import View


class DocumentView(View, frozen=True, kw_only=True):
    """What is shown at a border."""

    type: DocumentType
    number: Annotated[str, Meta(description="In a list only its end.")]
    issuing_country: Annotated[str, Meta(description="ISO 3166-1.")]
    nationality: Annotated[str | None, Meta(description="ISO 3166-1; null where the holder has none.")]
    expires_on: date


class LoyaltyView(View, frozen=True, kw_only=True):
    """A number with an airline's programme."""

    programme: Annotated[str, Meta(description="Airline (IATA).")]
    number: Annotated[str, Meta(description="In a list only its end.")]


class TravellerView(View, frozen=True, kw_only=True):
    """Somebody whom the account books for."""

    id: str
    name: Annotated[str, Meta(description="In the script of its owner.")]
    given_name: Annotated[str, Meta(description="The passport's Latin spelling.")]
    surname: str
    born: date
    documents: tuple[DocumentView, ...]
    documents_until: Annotated[
        date | None,
        Meta(description="The end of the last trip that they were used for; erased some time after that."),
    ]
    loyalty: tuple[LoyaltyView, ...]
    created_at: datetime
    changed_at: datetime


class Travellers(View, frozen=True, kw_only=True):
    """A page of the account's travellers, the newest first; numbers are masked."""

    travellers: tuple[TravellerView, ...]
    next: Annotated[str | None, Meta(description="`cursor` of the next page; null on the last one.")]


def traveller_view(saved: SavedTraveller, *, whole: bool) -> TravellerView:
    """A traveller; its numbers masked unless it is to be seen `whole`."""
    data = saved.data
    return TravellerView(
        id=str(saved.id),
        name=data.name,
        given_name=data.given_name,
        surname=data.surname,
        born=data.born,
        documents=tuple(
            DocumentView(
                type=one.type,
                number=one.number if whole else one.masked,
                issuing_country=one.issuing_country,
                nationality=one.nationality,
                expires_on=one.expires_on,
            )
            for one in data.documents
        ),
        documents_until=saved.documents_until,
        loyalty=tuple(
            LoyaltyView(programme=one.programme, number=one.number if whole else one.masked)
            for one in data.loyalty
        ),
        created_at=saved.created_at,
        changed_at=saved.changed_at,
    )
