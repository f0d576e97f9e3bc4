"""A demonstration as a whole, in one transaction: inventory, price rules, exchange rates, the audit trail."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from bookingd.domain.audit import AuditEntry, Plain, Subject
from bookingd.seeding import loading
from bookingd.seeding.hotels.loading import Loaded
from bookingd.seeding.hotels.world import Stays
from bookingd.seeding.loading import Progress, Prolonged, Seeded
from bookingd.seeding.rates import sheet_of
from bookingd.seeding.world import Plan
from bookingd.sources import Sources
from bookingd.storage import audit, rates
from bookingd.storage.database import Connection
from bookingd.storage.inventory import Demo
from bookingd.storage.prices import seed_rules

DEMO = Subject.of("inventory", "demo")


async def fill(
    connection: Connection, *, plan: Plan, sources: Sources, principal: str, progress: Progress
) -> Seeded:
    """Seed an empty database on behalf of `principal`. Raises SeedRefused; then nothing is changed."""
    async with connection.transaction():
        now = sources.clock.now()
        seeded = await loading.seed(connection, plan=plan, now=now, progress=progress)
        rules = await seed_rules(connection, now)
        await exchange(connection, sources=sources, principal=principal)
        await audit.record(connection, _seeding(sources, principal, seeded, rules))
    return seeded


async def empty(connection: Connection, *, sources: Sources, principal: str) -> Demo:
    """Remove made-up inventory on behalf of `principal`. Raises SeedRefused; then nothing is changed."""
    async with connection.transaction():
        removed = await loading.remove(connection)
        told = {"seed": removed.seed, "departures": removed.departures, "hotels": removed.hotels}
        await audit.record(connection, [_deed(sources, principal, "inventory.removed", DEMO, told)])
    return removed


async def furnish(
    connection: Connection, *, stays: Stays, sources: Sources, principal: str, progress: Progress
) -> Loaded | None:
    """Add hotels to a made-up network that has none; None where there is nothing to do."""
    async with connection.transaction():
        now = sources.clock.now()
        loaded = await loading.furnish(connection, stays=stays, now=now, progress=progress)
        if loaded is not None:
            told: dict[str, Plain] = {"hotels": loaded.hotels, "last_night": stays.last_night.isoformat()}
            await audit.record(connection, [_deed(sources, principal, "inventory.furnished", DEMO, told)])
    return loaded


async def exchange(connection: Connection, *, sources: Sources, principal: str) -> date | None:
    """Give an installation made-up exchange rates of today; None where there are such, or anybody's own."""
    async with connection.transaction():
        now = sources.clock.now()
        if await rates.any_real(connection):
            return None
        sheet = sheet_of(now.date())
        done = await rates.add(
            connection, sheets=[sheet], now=now, principal=principal, entry_id=sources.ids.new()
        )
    return sheet.day if done.added else None


async def prolong(
    connection: Connection, *, until: date, sources: Sources, principal: str
) -> Prolonged | None:
    """Let a made-up network fly until that day, and its hotels sell; None where there is nothing to do."""
    async with connection.transaction():
        more = await loading.prolong(connection, until=until)
        if more is not None:
            told: dict[str, Plain] = {"departures": more.departures, "last_day": until.isoformat()}
            if more.last_night:
                told["last_night"] = more.last_night.isoformat()
            await audit.record(connection, [_deed(sources, principal, "inventory.prolonged", DEMO, told)])
    return more


def _seeding(sources: Sources, principal: str, seeded: Seeded, rules: Sequence[str]) -> list[AuditEntry]:
    """What was done: the inventory, and the price rules that were not there before (P11)."""
    plan = seeded.plan
    days: dict[str, Plain] = {"first_day": plan.first_day.isoformat(), "last_day": plan.last_day.isoformat()}
    made = {"seed": plan.seed, "departures": seeded.departures, "hotels": seeded.stays.hotels, **days}
    return [
        _deed(sources, principal, "inventory.seeded", DEMO, made),
        *(
            _deed(sources, principal, "prices.rule_written", Subject.of("price_rule", rule), {"from": "seed"})
            for rule in rules
        ),
    ]


def _deed(
    sources: Sources, principal: str, action: str, subject: Subject, details: Mapping[str, Plain]
) -> AuditEntry:
    entry_id: UUID = sources.ids.new()
    return AuditEntry(
        id=entry_id,
        at=sources.clock.now(),
        principal=principal,
        action=action,
        subject=subject,
        correlation_id=entry_id,
        details=details,
    )
