"""The two actors that search: `flights` and `hotels` speak their messages, `asking` asks their suppliers."""

from actors.search.flights import FlightSearchActor
from actors.search.hotels import HotelSearchActor

__all__ = ["FlightSearchActor", "HotelSearchActor"]
