"""Who is asking: found out once a request, and left in it for everybody behind."""

from aiohttp import web

from bookingd.domain.accounts.who import NOBODY, Who

WHO = web.RequestKey("who", Who)


def who_of(request: web.Request) -> Who:
    """Who it was found to be; nobody where nothing was shown."""
    who: Who = request.get(WHO, NOBODY)
    return who
