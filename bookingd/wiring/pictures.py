"""The gallery and what stands behind it: the shelf, the workshop, and the way to other hosts."""

from contextlib import AsyncExitStack

from aiohttp.abc import AbstractResolver
from aiohttp.resolver import ThreadedResolver

from bookingd.config import Settings
from bookingd.pictures.fetching import Fetcher
from bookingd.pictures.gallery import Gallery
from bookingd.pictures.guard import Hosts, PublicResolver
from bookingd.pictures.making import Maker
from bookingd.pictures.shelf import Shelf
from bookingd.pictures.workshop import Workshop
from bookingd.sources import Sources
from bookingd.storage.database import Database
from bookingd.telemetry.metrics import PictureMetrics

MIB = 1024 * 1024


def open_gallery(
    settings: Settings,
    *,
    database: Database,
    sources: Sources,
    metrics: PictureMetrics,
    stack: AsyncExitStack,
    resolver: AbstractResolver | None = None,
) -> Gallery:
    """What is opened is closed by `stack`; workers start with the first picture.

    `resolver` is in place of the one that lets nobody but public hosts through.
    """
    chosen = settings.pictures
    shelf = Shelf(
        settings.paths.pictures,
        limit=chosen.cache_mib * MIB,
        clock=sources.clock,
        ids=sources.ids,
        metrics=metrics,
    )
    stack.callback(shelf.close)
    workshop = Workshop(workers=chosen.workers, clock=sources.clock, metrics=metrics)
    stack.push_async_callback(workshop.close)
    fetcher = Fetcher(
        hosts=Hosts(chosen.hosts),
        resolver=resolver or PublicResolver(ThreadedResolver()),
        seconds=chosen.fetch_seconds,
        most_bytes=chosen.fetch_mib * MIB,
    )
    stack.push_async_callback(fetcher.close)
    maker = Maker(
        database=database,
        shelf=shelf,
        workshop=workshop,
        fetcher=fetcher,
        fetches_at_once=chosen.fetches,
        clock=sources.clock,
        metrics=metrics,
    )
    return Gallery(database=database, shelf=shelf, maker=maker, clock=sources.clock, metrics=metrics)
