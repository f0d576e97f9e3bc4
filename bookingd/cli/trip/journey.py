"""The journey step by step: search, book, pay, follow, look at the result. Each step says what it does."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Protocol

from bookingd.cli.trip.client import Client, Json, TripFailed
from bookingd.sources import Sources

PAYPAL = "paypal"

ENDED = {"confirmed", "failed", "expired", "cancelled"}
MAIL_LOOKS = 50
"""Looks for the confirmation mail, and for the invoice, a fifth of a second apart."""


class Card(StrEnum):
    """The vendor's published test numbers; none of them is anybody's card."""

    GOOD = "4242424242424242"
    DECLINED = "4000000000000002"
    THREE_D_SECURE = "4000002760003184"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the traveller wants."""

    origin: str
    destination: str
    days: Sequence[date]
    """When to leave: the first of these on which there is a flight."""
    back: date | None
    card: Card
    email: str
    paypal: bool = False
    """Pay at PayPal's page, where the payer's means does what the card would have."""


class Teller(Protocol):
    """Who shows the journey to a person."""

    def step(self, text: str) -> None:
        """A new step begins."""
        ...

    def detail(self, text: str) -> None:
        """Something about the step."""
        ...


class Journey:
    """Two adults and a child, from search to mail."""

    def __init__(self, client: Client, *, wish: Wish, sources: Sources, teller: Teller) -> None:
        self._client = client
        self._wish = wish
        self._sources = sources
        self._tell = teller
        self._day = wish.days[0]

    async def make(self) -> Json:
        """The booking as it is at the end. Raises TripFailed when it did not go as it should."""
        offer = await self._find()
        reference = await self._book(offer)
        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(self._follow(reference))
            await self._pay(reference)
        booking = await self._booking(reference)
        self._check(booking, following.result())
        booking["messages"] = await self._mail(reference)
        booking["documents"] = await self._documents(booking)
        return booking

    async def _find(self) -> Json:
        found = await self._first_offers()
        offer: Json = min(found, key=_stops_then_price)
        self._tell.detail(f"{len(found)} offers; the best: {_in_words(offer)}")
        now = await self._client.get(f"/v1/offers/{offer['id']}")
        self._tell.detail(f"asked the supplier again: {now['status']}")
        return offer

    async def _first_offers(self) -> list[Json]:
        """Of the first day that has any: a made-up network ends some days or weeks ahead."""
        for day in self._wish.days:
            if found := await self._search(day):
                self._day = day
                return found
            self._tell.detail("no flight was found")
        raise TripFailed(
            f"no flight was found from {self._wish.origin} to {self._wish.destination}: try another day"
            " (--depart) or other places. A made-up network flies for some days or weeks; on the embedded"
            " database it is prolonged when the daemon starts"
        )

    async def _search(self, day: date) -> list[Json]:
        wish = self._wish
        asked = {
            "origin": wish.origin,
            "destination": wish.destination,
            "depart": day.isoformat(),
            "adults": "2",
            "children": "1",
        }
        if wish.back:
            asked["return"] = wish.back.isoformat()
        self._tell.step(f"searching {wish.origin} to {wish.destination} on {day}")
        return list((await self._client.get("/v1/flights/offers", asked))["offers"])

    async def _book(self, offer: Json) -> str:
        self._tell.step("booking for two adults and a child")
        made = await self._client.post(
            "/v1/bookings",
            {
                "offer_id": offer["id"],
                "passengers": _passengers(self._day),
                "contact": {"email": self._wish.email, "locale": "en"},
            },
            key=self._new_key(),
            wait=20,
        )
        reference: str = made["reference"]
        state = made["state"]
        self._tell.detail(f"booking {reference} is {state}")
        if state == "price_changed":
            raise TripFailed("the price has changed meanwhile and waits for consent: start again")
        if state != "awaiting_payment":
            raise TripFailed(f"the seats could not be held: the booking is {state}")
        return reference

    async def _pay(self, reference: str) -> None:
        gateway = await self._gateway()
        wish = {"gateway": gateway["gateway"]}
        if self._wish.paypal:
            self._tell.step("paying by PayPal")
        else:
            self._tell.step(f"paying by card ending in {self._wish.card[-4:]} at {gateway['gateway']}")
            card = _card(self._wish.card, self._day)
            wish["payment_method"] = await self._client.tokenise_card(gateway, card)
        await self._client.post(f"/v1/bookings/{reference}/payments", wish, key=self._new_key())

    async def _gateway(self) -> Json:
        """The one to pay by. Raises TripFailed."""
        known: list[Json] = (await self._client.get("/v1/gateways"))["gateways"]
        for gateway in known:
            if (gateway["gateway"] == PAYPAL) == self._wish.paypal:
                return gateway
        names = ", ".join(gateway["gateway"] for gateway in known)
        raise TripFailed(f"there is no such gateway at this installation; there is {names}")

    async def _follow(self, reference: str) -> list[str]:
        """The timeline as it comes, acting where the payer must; the names of its events."""
        names: list[str] = []
        async for event in self._client.events(reference):
            names.append(event["name"])
            self._tell.detail(f"live {event['sequence']:>2}  {event['name']:<26} {event['state']}")
            if event["name"] == "payment.action_required":
                await self._authenticate(reference)
            if event["name"] == "payment.failed":
                await self._give_up(reference)
            if event["state"] in ENDED:
                break
        return names

    async def _authenticate(self, reference: str) -> None:
        booking = await self._booking(reference)
        urls = [payment["action_url"] for payment in booking["payments"] if payment.get("action_url")]
        if not urls:
            return
        if self._wish.paypal:
            self._tell.step("PayPal asks its customer; answering its page")
            means = "declined" if self._wish.card is Card.DECLINED else "balance"
            await self._client.answer_page(urls[-1], decision="approve", instrument=means)
        else:
            self._tell.step("the bank asks for 3-D Secure; answering its page")
            await self._client.answer_page(urls[-1], outcome="complete")

    async def _give_up(self, reference: str) -> None:
        self._tell.step("the payment was declined: calling the booking off, the seats go back")
        await self._client.post(f"/v1/bookings/{reference}/cancellations", {}, key=self._new_key())

    def _check(self, booking: Json, names: list[str]) -> None:
        expected = "cancelled" if self._wish.card is Card.DECLINED else "confirmed"
        if booking["state"] != expected:
            raise TripFailed(f"booking {booking['reference']} ended {booking['state']}, not {expected}")
        asked = self._wish.paypal or self._wish.card is Card.THREE_D_SECURE
        if asked and "payment.action_required" not in names:
            raise TripFailed("the gateway did not ask its payer")

    async def _mail(self, reference: str) -> list[Json]:
        """What the traveller was told, once it has been sent."""
        for _ in range(MAIL_LOOKS):
            told = (await self._client.get(f"/v1/bookings/{reference}/messages"))["messages"]
            if told and all(message["state"] == "sent" for message in told):
                return list(told)
            await self._sources.clock.sleep(0.2)
        raise TripFailed(f"booking {reference} has ended, but its mail was not sent in time")

    async def _documents(self, booking: Json) -> list[Json]:
        """Receipt and invoice, once they are issued; the invoice is opened, as JSON."""
        if booking["state"] != "confirmed":
            return []
        for _ in range(MAIL_LOOKS):
            found = (await self._client.get(f"/v1/bookings/{booking['reference']}/documents"))["documents"]
            for one in found:
                if one["kind"] == "invoice":
                    opened = await self._client.get(one["link"])
                    self._tell.detail(f"invoice {opened['number']} over {money(opened['total'])}")
                    return list(found)
            await self._sources.clock.sleep(0.2)
        raise TripFailed(f"booking {booking['reference']} is confirmed, but was not invoiced in time")

    async def _booking(self, reference: str) -> Json:
        return await self._client.get(f"/v1/bookings/{reference}")

    def _new_key(self) -> str:
        return str(self._sources.ids.new())


def _passengers(travel: date) -> list[Json]:
    """Ada and Charles with young Mary, nine years old on the day of travel."""
    born = date(travel.year - 9, 1, 15)
    return [
        {"given_name": "Ada", "surname": "Lovelace", "born": "1985-12-10"},
        {"given_name": "Charles", "surname": "Lovelace", "born": "1983-06-02"},
        {"given_name": "Mary", "surname": "Lovelace", "born": born.isoformat()},
    ]


def _card(card: Card, travel: date) -> Json:
    return {"number": card.value, "exp_month": 12, "exp_year": travel.year + 2, "cvc": "123"}


def _stops_then_price(offer: Json) -> tuple[int, int]:
    stops = sum(len(part["segments"]) - 1 for part in offer["slices"])
    return stops, int(offer["price"]["total"]["amount"])


def _in_words(offer: Json) -> str:
    flights = ", ".join(segment["flight"] for part in offer["slices"] for segment in part["segments"])
    return f"{flights} for {money(offer['price']['total'])}"


def money(amount: Json) -> str:
    """An amount of the API for eyes."""
    return f"{amount['decimal']} {amount['currency']}"


def days_to_try(today: date, *, back: date | None = None) -> list[date]:
    """Two weeks ahead, as people book who try things out; nearer where a demonstration ends before that."""
    ahead = [today + timedelta(days=days) for days in (14, 7, 3, 1)]
    return [day for day in ahead if back is None or day <= back]
