"""bookingd: a self-hosted travel booking service, one asyncio daemon made of actors."""

import zoneinfo

__version__ = "0.1.0"

# Local times come from the tzdata package, the same on every host: a system's own copy of the IANA data may
# be years old, and flights would leave an hour off.
zoneinfo.reset_tzpath(to=())
