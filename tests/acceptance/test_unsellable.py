"""What somebody was refused is found by nobody any more, also where the search was made before."""

import asyncio

from tests.acceptance.conftest import Agency, Open
from tests.acceptance.guest import Guest

IN_TIME = 10.0
"""Seconds."""


async def test_a_search_that_is_kept_leaves_out_what_was_refused_since(agency_of: Open) -> None:
    agency = await agency_of(1, 1)
    async with Guest.arriving(agency.daemon.url) as lucky, Guest.arriving(agency.daemon.url) as late:
        first, second = await late.search(agency.world)
        await lucky.book(first["id"])
        assert len(await late.search(agency.world)) == 2  # as it was found

        refused = await late.post("/v1/bookings", late.order(first["id"]), wait=IN_TIME)

        assert (refused["state"], refused["reason"]) == ("failed", "sold_out")
        await _until_only(second, late, agency)


async def _until_only(offer: dict[str, object], guest: Guest, agency: Agency) -> None:
    """A notice tells all processes, and is not waited for by whoever causes it."""
    async with asyncio.timeout(IN_TIME):
        while [one["id"] for one in await guest.search(agency.world)] != [offer["id"]]:  # noqa: ASYNC110 - it is asked over HTTP
            await asyncio.sleep(0.05)
