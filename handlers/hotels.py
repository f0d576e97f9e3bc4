"""A hotel as it is, whoever stays when: its rooms, its policies, its pictures. Prices are in offers alone."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import time
from typing import Annotated

from aiohttp import web
from msgspec import Meta

from bookingd.domain.hotels import WHOLE, AgeBand, Charge, ChargePer, Fee, RatePlan, RoomType
from bookingd.domain.money import Money
from bookingd.domain.pictures import State
from bookingd.domain.stays import Board, HotelKind, PaidAt, hotel_id
from bookingd.storage import amenities, hotels, pictures
from bookingd.storage.amenities import AmenityName
from bookingd.storage.hotels import HotelPage
from bookingd.storage.pictures import Picture
from bookingd.suppliers.own_stays import own_hotels
from bookingd.suppliers.own_stock import NAME
from handlers.amenities import AmenityView
from handlers.errors import not_found
from handlers.parts import PARTS
from handlers.reply import tagged_reply
from handlers.stay_views import PICTURES
from handlers.views import Amount, View, amount


class HotelPictureView(View, frozen=True, kw_only=True):
    """A picture, and where it is served."""

    caption: Annotated[str, Meta(description="What is to be seen, for those who do not see it.")]
    url: Annotated[str, Meta(description="To which `/` and a width in pixels are added.")]


class RoomTypeView(View, frozen=True, kw_only=True):
    """A type of room."""

    id: Annotated[str, Meta(description="As rooms of offers have it in `key`.")]
    name: str
    description: str
    beds: str
    size_m2: int | None
    adults_max: int
    children_max: Annotated[int, Meta(description="In beds.")]
    occupancy: Annotated[int, Meta(description="Adults and children in beds.")]
    cots: Annotated[int, Meta(description="For babies, besides the beds.")]


class ChildrenView(View, frozen=True, kw_only=True):
    """What holds for children of some ages; those of no band count as adults."""

    age_from: int
    age_to: int
    pays: Annotated[str, Meta(description="`nothing`, `less` than an adult, or as an `adult`.")]
    cot: Annotated[bool, Meta(description="Sleeps in a cot while the room has one.")]


class ChargeView(View, frozen=True, kw_only=True):
    """What state, town or hotel take; offers have it in their totals."""

    code: str
    label: str
    per: ChargePer
    amount: Amount | None
    percent: Annotated[str | None, Meta(description="Of the price of the rooms.")]
    age_from: Annotated[int, Meta(description="Younger guests do not pay it.")]
    nights_max: Annotated[int | None, Meta(description="Not for more nights than that; null: for all.")]
    included: Annotated[bool, Meta(description="In the price of the rooms already.")]
    paid_at: PaidAt


class FeeView(View, frozen=True, kw_only=True):
    """What cancelling costs: a part of the price, or the first nights."""

    percent: str | None
    nights: int | None


class PlanDeadlineView(View, frozen=True, kw_only=True):
    """Until when it costs that."""

    days_before: Annotated[int, Meta(description="Before the day of arrival.")]
    until: Annotated[time, Meta(description="By the clocks at the hotel, `zone`.")]
    fee: FeeView


class RatePlanView(View, frozen=True, kw_only=True):
    """Terms under which rooms are sold. Offers tell the deadlines as instants."""

    name: str
    board: Board
    paid_at: PaidAt
    deadlines: Annotated[tuple[PlanDeadlineView, ...], Meta(description="The earliest first.")]
    fee: Annotated[FeeView, Meta(description="Behind the last deadline.")]


class HotelPageView(View, frozen=True, kw_only=True):
    """A hotel."""

    id: str
    name: str
    kind: HotelKind
    stars: Annotated[int, Meta(description="0: it has none.")]
    rating: Annotated[int | None, Meta(description="Of its guests, 0 to 100.")]
    reviews: int
    address: str
    district: str
    city: str
    city_code: Annotated[str, Meta(description="IATA.")]
    country: Annotated[str, Meta(description="ISO 3166-1 alpha-2.")]
    latitude: float
    longitude: float
    zone: Annotated[str, Meta(description="IANA; all its times are by its clocks.")]
    phone: str
    check_in_from: time
    check_in_until: Annotated[time | None, Meta(description="null: at any hour.")]
    check_out_until: time
    description: Annotated[tuple[str, ...], Meta(description="Paragraphs.")]
    amenities: tuple[AmenityView, ...]
    children: tuple[ChildrenView, ...]
    rooms: tuple[RoomTypeView, ...]
    rate_plans: tuple[RatePlanView, ...]
    charges: tuple[ChargeView, ...]
    pictures: Annotated[tuple[HotelPictureView, ...], Meta(description="The best one first.")]


async def hotel(request: web.Request) -> web.Response:
    """A hotel of our own, by its id in offers."""
    found = own_hotels(request.match_info["hotel_id"])
    if not found:
        raise not_found()
    async with request.app[PARTS].database.connection() as connection:
        page = await hotels.page(connection, hotel=found[0])
        if page is None:
            raise not_found()
        shown = await pictures.of_hotel(connection, hotel_id=found[0])
        names = {one.code: one for one in await amenities.every(connection)}
    return tagged_reply(request, _hotel(page, shown, names))


def _hotel(page: HotelPage, shown: Sequence[Picture], names: Mapping[str, AmenityName]) -> HotelPageView:
    facts = page.facts
    return HotelPageView(
        id=hotel_id(NAME, facts.key),
        name=facts.name,
        kind=facts.kind,
        stars=facts.stars,
        rating=facts.rating,
        reviews=facts.reviews,
        address=facts.address,
        district=facts.district,
        city=facts.city,
        city_code=facts.city_code,
        country=facts.country,
        latitude=facts.latitude,
        longitude=facts.longitude,
        zone=facts.zone,
        phone=page.phone,
        check_in_from=page.check_in_from,
        check_in_until=page.check_in_until,
        check_out_until=page.check_out_until,
        description=tuple(part for part in page.description.split("\n\n") if part),
        amenities=tuple(_amenity(one) for code, one in names.items() if code in facts.amenities),
        children=tuple(_children(page.age_bands)),
        rooms=tuple(_room(one) for one in page.rooms),
        rate_plans=tuple(_plan(one) for one in page.plans),
        charges=tuple(_charge(one, page.currency) for one in page.charges),
        pictures=tuple(_picture(one) for one in shown if one.state is State.READY),
    )


def _amenity(one: AmenityName) -> AmenityView:
    return AmenityView(code=one.code, label=one.label, category=one.category)


def _picture(one: Picture) -> HotelPictureView:
    return HotelPictureView(url=PICTURES + one.id, caption=one.caption)


def _room(one: RoomType) -> RoomTypeView:
    return RoomTypeView(
        id=str(one.id),
        name=one.name,
        description=one.description,
        beds=one.beds,
        size_m2=one.size_m2,
        adults_max=one.adults_max,
        children_max=one.children_max,
        occupancy=one.occupancy,
        cots=one.cots,
    )


def _children(bands: Sequence[AgeBand]) -> Iterator[ChildrenView]:
    age_from = 0
    for band in bands:
        yield ChildrenView(age_from=age_from, age_to=band.age_to, pays=_pays(band), cot=band.cot)
        age_from = band.age_to + 1


def _pays(band: AgeBand) -> str:
    """Not how much: amounts of bands are between the hotel and us."""
    if 0 in (band.share, band.fixed):
        return "nothing"
    return "adult" if band.share == WHOLE else "less"


def _charge(one: Charge, currency: str) -> ChargeView:
    return ChargeView(
        code=one.code,
        label=one.label,
        per=one.per,
        amount=None if one.amount is None else amount(Money(one.amount, currency)),
        percent=_percent(one.share),
        age_from=one.age_from,
        nights_max=one.nights_max,
        included=one.included,
        paid_at=one.paid_at,
    )


def _plan(one: RatePlan) -> RatePlanView:
    return RatePlanView(
        name=one.name,
        board=one.board,
        paid_at=one.paid_at,
        deadlines=tuple(
            PlanDeadlineView(days_before=deadline.days_before, until=deadline.until, fee=_fee(deadline.fee))
            for deadline in one.deadlines
        ),
        fee=_fee(one.fee),
    )


def _fee(fee: Fee) -> FeeView:
    return FeeView(percent=_percent(fee.share), nights=fee.nights)


def _percent(share: int | None) -> str | None:
    """Basis points as people write them: `7.5`."""
    return None if share is None else f"{share / 100:g}"
