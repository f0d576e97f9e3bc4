"""The figures of a run, for people as tables and for programs as JSON."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks import floor, pretix
from benchmarks.booking import Booked, Measured
from benchmarks.contest import Contest
from benchmarks.fanout import DELAYS, FanOut
from benchmarks.figures import Figure, Spread, percentile
from benchmarks.inventory import Inventories, Sized
from benchmarks.paying import Paid
from benchmarks.places import LookedUp
from benchmarks.refining import Refining
from benchmarks.samples import Share
from benchmarks.search import Cached, Uncached
from benchmarks.sign_ins import SignIns
from benchmarks.spine import Compared
from benchmarks.spy import Profiled, Profiles
from benchmarks.webhooks import Taken

TOP_ROOMS, TOP_MODULES, TOP_FUNCTIONS = 14, 12, 15
"""Rows of a profile for people."""

MOST_FUNCTIONS = 100
"""Of a profile in the JSON; rooms and modules are all there."""


@dataclass(slots=True, kw_only=True)
class Results:
    """Whatever was measured."""

    booked: list[Booked] = field(default_factory=list)
    contests: list[Contest] = field(default_factory=list)
    compared: list[Compared] = field(default_factory=list)
    profiles: Profiles | None = None
    """None: nobody asked for them."""
    cached: Cached | None = None
    uncached: Uncached | None = None
    fanout: FanOut | None = None
    inventories: Inventories | None = None
    refining: Refining | None = None
    looked_up: LookedUp | None = None
    sign_ins: SignIns | None = None
    paid: list[Paid] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)

    def plain(self) -> dict[str, object]:
        """For JSON."""
        return {
            "booking": [_booked(booked) for booked in self.booked],
            "contest": [asdict(contest) for contest in self.contests],
            "spine": [_compared(compared) for compared in self.compared],
            "profiles": _profiles(self.profiles) if self.profiles else None,
            "cached_search": _cached(self.cached) if self.cached else None,
            "new_searches": (
                {"offers": self.uncached.offers, **_figure(self.uncached.figure)} if self.uncached else None
            ),
            "fanout": _fanout(self.fanout) if self.fanout else None,
            "inventories": _inventories(self.inventories) if self.inventories else None,
            "refining": _refining(self.refining) if self.refining else None,
            "places": _looked_up(self.looked_up) if self.looked_up else None,
            "sign_ins": _sign_ins(self.sign_ins) if self.sign_ins else None,
            "payments": [_paid(paid) for paid in self.paid],
            "webhooks": [_taken(taken) for taken in self.taken],
        }


def show(console: Console, results: Results, company: Mapping[str, float]) -> None:
    """The tables, and how much else ran."""
    console.print()
    for table in _tables(results):
        console.print(table)
    if results.profiles:
        show_profiles(console, results.profiles)
    console.print(
        "Medians of the rounds, in brackets the least and the most. CPU is user and system time."
        f" Load average {company['load_before']} before and {company['load_after']} after;"
        f" {company['steal_percent']} % of the CPU was stolen by the hypervisor."
    )


def _tables(results: Results) -> Iterator[Table]:
    """Of everything that was measured."""
    shown: Sequence[tuple[Any, Callable[[Any], Table]]] = (
        (results.cached, cached_table),
        (results.uncached, uncached_table),
        (results.fanout, fanout_table),
        (results.inventories, inventories_table),
        (results.refining, refining_table),
        (results.looked_up, looked_up_table),
        (results.sign_ins, sign_ins_table),
        (results.booked, booking_table),
        (results.contests, contest_table),
        (results.compared, spine_table),
        (results.paid, payments_table),
        (results.taken, webhooks_table),
    )
    for found, table in shown:
        if found:
            yield table(found)


def cached_table(found: Cached) -> Table:
    """Ours, the bare handler's, and the ratio."""
    table = _table(f"The same search again and again, {found.body / 1000:.1f} KB", "answers/s", "p50 ms")
    for column in ("p99 ms", "server CPU µs"):
        table.add_column(column, justify="right")
    for name, figures in (("bookingd", found.ours), ("bare aiohttp handler, same bytes", found.bare)):
        table.add_row(
            name,
            spread(Spread([figure.rate for figure in figures]), ",.0f"),
            spread(Spread([figure.percentile(0.5) for figure in figures]), ".1f"),
            spread(Spread([figure.percentile(0.99) for figure in figures]), ".1f"),
            spread(Spread([figure.each("server") * 1000 for figure in figures]), ".0f"),
        )
    table.add_section()
    table.add_row("ratio", ratio(found.rate_ratio), "", "", ratio(found.cpu_ratio))
    return table


def uncached_table(found: Uncached) -> Table:
    """One row: nothing else does this."""
    table = _table(
        f"New searches, one after the other ({found.offers:.0f} offers each)", "searches/s", "p50 ms"
    )
    for column in ("p99 ms", "daemon CPU ms", "PostgreSQL CPU ms"):
        table.add_column(column, justify="right")
    figure = found.figure
    table.add_row(
        "bookingd",
        f"{figure.rate:,.0f}",
        *(f"{figure.percentile(share):.1f}" for share in (0.5, 0.99)),
        *(f"{figure.each(component):.1f}" for component in ("daemon", "PostgreSQL")),
    )
    return table


def fanout_table(found: FanOut) -> Table:
    """What was added to the slowest supplier, and how often it was asked."""
    delays = ", ".join(f"{seconds * 1000:.0f}" for seconds in DELAYS.values())
    table = _table(f"Suppliers that answer after {delays} ms", "added p50 ms", "added p95 ms")
    for column in ("searches/s", "calls of one supplier, most"):
        table.add_column(column, justify="right")
    for one in found.added:
        table.add_row(
            f"new searches, {one.at_once} at a time",
            spread(Spread([figure.percentile(0.5) for figure in one.rounds]), ".1f"),
            spread(one.p95, ".1f"),
            spread(Spread([figure.rate for figure in one.rounds]), ".1f"),
            "1",
        )
    together = found.together
    table.add_row(
        f"{together.searches} equal searches at once, two processes",
        f"{together.figure.percentile(0.5):.1f}",
        f"{together.figure.percentile(0.95):.1f}",
        "",
        str(max(together.calls)),
    )
    return table


def inventories_table(found: Inventories) -> Table:
    """A row a size, how they compare, and wider searches in the largest."""
    table = _table("New searches of own flights, one after the other", "offers each", "p50 ms")
    for column in ("p99 ms", "adapter CPU ms", "PostgreSQL CPU ms"):
        table.add_column(column, justify="right")
    for one in found.sizes:
        name = f"{one.departures:,} departures: {one.days} days, {one.routes:,} routes"
        table.add_row(name, *_sized(one))
    table.add_section()
    table.add_row("the last for one of the first", "", ratio(found.growth), ratio(found.tail_growth), "", "")
    table.add_section()
    for name, one in found.wider.items():
        table.add_row(name, *_sized(one))
    return table


def _sized(one: Sized) -> Iterator[str]:
    yield spread(one.mean_offers, ",.0f")
    for share in (0.5, 0.99):
        yield spread(Spread([figure.percentile(share) for figure in one.figures]), ".1f")
    for component in ("load generator", "PostgreSQL"):
        yield spread(Spread([figure.each(component) for figure in one.figures]), ".1f")


def refining_table(found: Refining) -> Table:
    """A page of a large set, and the offers read once."""
    title = f"{found.offers:,} offers of {found.results:,} journeys ({found.packed_bytes / 1e6:.1f} MB)"
    table = _table(title, "/s", "core ms, p50", "core ms, p99")
    rows = (("filtered, sorted, counted, a page", found.ours), ("read and nothing else", found.reading))
    for name, figures in rows:
        table.add_row(
            name,
            spread(Spread([figure.rate for figure in figures]), ",.1f"),
            *(spread(Spread([one.percentile(share) for one in figures]), ",.1f") for share in (0.5, 0.99)),
        )
    table.add_section()
    table.add_row("ratio", ratio(found.ratio, ".0f"), "", "")
    return table


def looked_up_table(found: LookedUp) -> Table:
    """What is typed right, and with mistakes."""
    table = _table(
        f"Looking up {found.places:,} places, {found.names:,} more names, {found.hotels:,} hotels",
        "p50 ms",
        "p99 ms",
    )
    for column in ("daemon CPU ms", "whole names found, %"):
        table.add_column(column, justify="right")
    rows = (
        ("typed right", found.right, found.found),
        ("with a mistake", found.mistaken, found.found_mistaken),
    )
    for name, figures, share_found in rows:
        table.add_row(
            name,
            *(spread(Spread([one.percentile(share) for one in figures]), ".2f") for share in (0.5, 0.99)),
            spread(Spread([one.each("daemon") for one in figures]), ".2f"),
            f"{share_found * 100:.0f}",
        )
    return table


def sign_ins_table(found: SignIns) -> Table:
    """Ours and the bare verification; and the searches, idle and beside."""
    table = _table(f"{found.users} people sign in", "/s", "p50 ms", "p99 ms")
    rows = (
        ("sign-ins", found.ours),
        ("bare Argon2id, same hash", found.bare),
        ("new searches, one after the other, idle", found.idle),
        ("the same beside the sign-ins", found.beside),
    )
    for name, figures in rows:
        table.add_row(
            name,
            spread(Spread([figure.rate for figure in figures]), ",.1f"),
            *(spread(Spread([one.percentile(share) for one in figures]), ",.1f") for share in (0.5, 0.99)),
        )
    table.add_section()
    table.add_row("ratio of sign-ins to bare Argon2id", ratio(found.ratio), "", "")
    return table


def payments_table(found: Sequence[Paid]) -> Table:
    """A column a gateway: ours, the floor, the ratio, and where CPU goes."""
    table = _table("Payments, created to captured", *(f"{one.gateway}, {one.topology}" for one in found))
    rows: Sequence[tuple[str, Callable[[Paid], str]]] = (
        ("payments/s", lambda one: spread(Spread([each.rate for each in one.ours]), ",.0f")),
        (
            "pgbench, minimal payment, /s",
            lambda one: spread(Spread([each.rate for each in one.floor]), ",.0f"),
        ),
        ("ratio", lambda one: ratio(one.ratio, ".4f")),
        ("p50 ms", _percentiles(0.5)),
        ("p99 ms", _percentiles(0.99)),
    )
    for name, show_one in rows:
        table.add_row(name, *map(show_one, found))
    table.add_section()
    for component in found[0].ours[0].cpu:
        each = [spread(Spread([one.each(component) for one in paid.ours]), ".1f") for paid in found]
        table.add_row(f"CPU a payment, ms: {component}", *each)
    return table


def _percentiles(share: float) -> Callable[[Paid], str]:
    return lambda one: spread(Spread([each.percentile(share) for each in one.ours]), ",.0f")


def webhooks_table(found: Sequence[Taken]) -> Table:
    """Ours and the bare handler's, gateway by gateway, and the ratios."""
    columns = ("events/s", "p50 ms", "p99 ms", "CPU µs: server, PostgreSQL")
    table = _table(f"Webhooks taken while {found[0].waiting:,} wait to be applied", *columns)
    for one in found:
        for name, figures, server in (
            (f"{one.gateway}, {one.topology}", one.ours, "server"),
            ("bare aiohttp handler, one INSERT", one.bare, "bare handler"),
        ):
            each = (
                spread(Spread([each.percentile(share) for each in figures]), ",.1f") for share in (0.5, 0.99)
            )
            rate = spread(Spread([each.rate for each in figures]), ",.0f")
            table.add_row(name, rate, *each, _micros(figures, server))
        table.add_row("ratio", ratio(one.ratio, ".3f"), "", "", "")
        table.add_section()
    return table


def _micros(figures: Sequence[Figure], server: str) -> str:
    """Of the daemon all processes."""
    beside = {"PostgreSQL", "load generator", "sandbox", "mail sink"}
    mine = [name for name in figures[0].cpu if (name == server if server != "server" else name not in beside)]
    used = Spread([1000 * sum(one.each(name) for name in mine) for one in figures])
    stored = Spread([1000 * one.each("PostgreSQL") for one in figures])
    return f"{spread(used, '.0f')}, {spread(stored, '.0f')}"


def booking_table(found: Sequence[Booked]) -> Table:
    """A column a number of users: the floor, ours, the ratio, and where time and CPU go."""
    table = _table("Bookings end to end", *(f"{booked.topology}, {booked.users} users" for booked in found))
    components = dict.fromkeys(name for booked in found for name in booked.ours[0].figure.cpu)
    for name, show in (*_BOOKING_ROWS, *((f"CPU a booking, ms: {one}", _cpu(one)) for one in components)):
        if show is None:
            table.add_section()
        else:
            table.add_row(name, *(show(booked) for booked in found))
    return table


def _times(which: Callable[[Measured], Sequence[float]], share: float) -> Callable[[Booked], str]:
    return lambda booked: spread(Spread([percentile(which(one), share) for one in booked.ours]), ",.0f")


def _cpu(component: str) -> Callable[[Booked], str]:
    def show(booked: Booked) -> str:
        if component not in booked.ours[0].figure.cpu:
            return ""
        return spread(Spread([one.figure.each(component) for one in booked.ours]), ".1f")

    return show


def _times_pretix(orders: float) -> Callable[[Booked], str]:
    return lambda booked: ratio(Spread([one.figure.rate / orders for one in booked.ours]), ".1f")


def contest_table(found: Sequence[Contest]) -> Table:
    """A column a topology: when the last seat was sold and the last buyer knew, beside pretix."""
    table = _table("A sale that everybody wants", *(contest.topology for contest in found))
    rows: Sequence[tuple[str, Callable[[Contest], str]]] = (
        ("buyers, seats", lambda one: f"{one.buyers:,}, {one.seats}, all of them sold"),
        ("last seat confirmed after, s", lambda one: f"{one.sold_out:.2f}"),
        (
            f"  pretix ({pretix.SOLD_OUT} s) takes so many times",
            lambda one: _bold(pretix.SOLD_OUT / one.sold_out),
        ),
        ("last buyer answered after, s", lambda one: f"{one.answered:.2f}"),
        (
            f"  times as long takes pretix (1,000 buyers, {pretix.ALL_ANSWERED} s)",
            lambda one: _bold(pretix.ALL_ANSWERED / one.answered),
        ),
    )
    for name, show in rows:
        table.add_row(name, *(show(contest) for contest in found))
    return table


def _bold(times: float) -> str:
    return f"[bold green]{times:.1f}[/]"


def spine_table(found: Sequence[Compared]) -> Table:
    """A row a comparison with the library alone."""
    table = _table("The spine beside aio-pika alone", "bookingd, /s", "aio-pika, /s", "ratio", "p50 ms")
    table.add_column("CPU each, µs", justify="right")
    for one in found:
        table.add_row(
            one.name,
            spread(Spread([figure.rate for figure in one.ours]), ",.0f"),
            spread(Spread([figure.rate for figure in one.theirs]), ",.0f"),
            ratio(one.ratio),
            f"{one.ours[0].percentile(0.5):.1f} : {one.theirs[0].percentile(0.5):.1f}",
            f"{_all_cpu(one.ours[0])} : {_all_cpu(one.theirs[0])}",
        )
    return table


def show_profiles(console: Console, profiles: Profiles) -> None:
    """A table a round that was sampled, and a line a round that could not be."""
    for profiled in profiles.found:
        console.print(profile_table(profiled))
    for why in dict.fromkeys(profiles.missed):
        console.print(f"[bold red]No profile[/]: {escape(why)}")


def profile_table(found: Profiled) -> Table:
    """Rooms, modules and functions, in three sections."""
    profile = found.profile
    title = f"Where the time of {found.component} goes: {found.what}, {found.topology}"
    table = _table(f"{title}, {profile.samples:,} samples", "own, %", "with libraries, %")
    for name, shares, rows in (
        ("by room", profile.rooms, TOP_ROOMS),
        ("by module", profile.modules, TOP_MODULES),
        ("by function", profile.functions, TOP_FUNCTIONS),
    ):
        table.add_section()
        table.add_row(f"[bold]{name}[/]")
        for share in shares[:rows]:
            table.add_row(escape(share.name), _percent(share.own), _percent(share.behind))
    return table


def _percent(share: float) -> str:
    return f"{share * 100:.1f}" if share else ""


def _all_cpu(figure: Figure) -> str:
    """Of all components together; each by itself is in the JSON."""
    return f"{sum(figure.each(name) for name in figure.cpu) * 1000:.0f}"


_BOOKING_ROWS: Sequence[tuple[str, Callable[[Booked], str] | None]] = (
    ("confirmed bookings/s", lambda booked: spread(Spread([one.figure.rate for one in booked.ours]), ",.0f")),
    (
        f"pgbench, minimal write set, {floor.CLIENTS} clients, /s",
        lambda booked: spread(Spread([one.rate for one in booked.floor]), ",.0f"),
    ),
    ("ratio", lambda booked: ratio(booked.ratio, ".4f")),
    ("ratio for the same CPU", lambda booked: ratio(booked.cpu_ratio, ".4f")),
    (f"times pretix's {pretix.ORDERS} orders/s", _times_pretix(pretix.ORDERS)),
    (f"times its {pretix.ORDERS_ALONE}, its worker off", _times_pretix(pretix.ORDERS_ALONE)),
    ("", None),
    ("request to seats held, p50 ms", _times(lambda one: one.held, 0.5)),
    ("request to seats held, p99 ms", _times(lambda one: one.held, 0.99)),
    ("2xx of payment to confirmed, p50 ms", _times(lambda one: one.settled, 0.5)),
    ("2xx of payment to confirmed, p99 ms", _times(lambda one: one.settled, 0.99)),
    ("request to confirmed, p50 ms", _times(lambda one: one.figure.latencies, 0.5)),
    ("request to confirmed, p99 ms", _times(lambda one: one.figure.latencies, 0.99)),
    (
        "mails and audit caught up after, s",
        lambda booked: spread(Spread([one.drained for one in booked.ours]), ".1f"),
    ),
    ("", None),
    (
        "CPU a minimal write set, ms: PostgreSQL",
        lambda booked: spread(Spread([one.each("PostgreSQL") for one in booked.floor]), ".2f"),
    ),
)


def spread(found: Spread, style: str) -> str:
    """The median with the extremes beside it."""
    median, low, high = (format(value, style) for value in (found.median, found.low, found.high))
    return f"{median} [dim]({low} to {high})[/]" if len(found.values) > 1 else median


def ratio(found: Spread, style: str = ".2f") -> str:
    """What a run is made for."""
    return f"[bold green]{spread(found, style)}[/]"


def _booked(found: Booked) -> dict[str, object]:
    ours = [
        {
            **_figure(one.figure),
            "held_p50_ms": percentile(one.held, 0.5),
            "held_p99_ms": percentile(one.held, 0.99),
            "settled_p50_ms": percentile(one.settled, 0.5),
            "settled_p99_ms": percentile(one.settled, 0.99),
            "drained_seconds": one.drained,
        }
        for one in found.ours
    ]
    floors = [_figure(one) for one in found.floor]
    return {
        "topology": found.topology,
        "users": found.users,
        "ours": ours,
        "floor": floors,
        "ratio": found.ratio.values,
        "cpu_ratio": found.cpu_ratio.values,
    }


def _cached(found: Cached) -> dict[str, object]:
    return {
        "body_bytes": found.body,
        "ours": [_figure(one) for one in found.ours],
        "bare": [_figure(one) for one in found.bare],
        "rate_ratio": found.rate_ratio.values,
        "cpu_ratio": found.cpu_ratio.values,
    }


def _fanout(found: FanOut) -> dict[str, object]:
    together = found.together
    return {
        "added": [
            {
                "at_once": one.at_once,
                "p95_ms": one.p95.values,
                "rounds": [_figure(figure) for figure in one.rounds],
            }
            for one in found.added
        ],
        "together": {
            "searches": together.searches,
            "calls": together.calls,
            **_figure(together.figure),
        },
    }


def _inventories(found: Inventories) -> dict[str, object]:
    return {
        "sizes": [_plain_size(one) for one in found.sizes],
        "growth": list(found.growth.values),
        "tail_growth": list(found.tail_growth.values),
        "wider": {name: _plain_size(one) for name, one in found.wider.items()},
    }


def _plain_size(one: Sized) -> dict[str, object]:
    figures = [_figure(figure) for figure in one.figures]
    about = {"departures": one.departures, "days": one.days, "routes": one.routes}
    return {**about, "offers": list(one.mean_offers.values), "rounds": figures}


def _refining(found: Refining) -> dict[str, object]:
    return {
        "offers": found.offers,
        "results": found.results,
        "packed_bytes": found.packed_bytes,
        "ours": [_figure(one) for one in found.ours],
        "reading": [_figure(one) for one in found.reading],
        "ratio": found.ratio.values,
    }


def _looked_up(found: LookedUp) -> dict[str, object]:
    return {
        "places": found.places,
        "hotels": found.hotels,
        "names": found.names,
        "right": [_figure(one) for one in found.right],
        "mistaken": [_figure(one) for one in found.mistaken],
        "found": found.found,
        "found_mistaken": found.found_mistaken,
        "p99_ms": found.slowest_percent.values,
    }


def _sign_ins(found: SignIns) -> dict[str, object]:
    sides = {"ours": found.ours, "bare": found.bare, "idle": found.idle, "beside": found.beside}
    figures = {name: [_figure(one) for one in side] for name, side in sides.items()}
    return {"users": found.users, "ratio": found.ratio.values, **figures}


def _paid(found: Paid) -> dict[str, object]:
    return {
        "gateway": found.gateway,
        "topology": found.topology,
        "users": found.users,
        "ours": [_figure(one) for one in found.ours],
        "floor": [_figure(one) for one in found.floor],
        "ratio": found.ratio.values,
    }


def _taken(found: Taken) -> dict[str, object]:
    return {
        "gateway": found.gateway,
        "topology": found.topology,
        "waiting": found.waiting,
        "ours": [_figure(one) for one in found.ours],
        "bare": [_figure(one) for one in found.bare],
        "ratio": found.ratio.values,
    }


def _compared(found: Compared) -> dict[str, object]:
    return {
        "name": found.name,
        "peer": found.peer,
        "ours": [_figure(one) for one in found.ours],
        "theirs": [_figure(one) for one in found.theirs],
        "ratio": found.ratio.values,
    }


def _profiles(profiles: Profiles) -> dict[str, object]:
    return {"found": [_profile(one) for one in profiles.found], "missed": profiles.missed}


def _profile(found: Profiled) -> dict[str, object]:
    profile = found.profile
    return {
        "what": found.what,
        "topology": found.topology,
        "component": found.component,
        "samples": profile.samples,
        "rooms": _shares(profile.rooms),
        "modules": _shares(profile.modules),
        "functions": _shares(profile.functions[:MOST_FUNCTIONS]),
    }


def _shares(shares: Sequence[Share]) -> list[dict[str, object]]:
    return [asdict(share) for share in shares]


def _figure(found: Figure) -> dict[str, object]:
    return {
        "rate": found.rate,
        "done": found.done,
        "seconds": found.seconds,
        "p50_ms": found.percentile(0.5),
        "p99_ms": found.percentile(0.99),
        "cpu_ms_each": {component: found.each(component) for component in found.cpu},
    }


def _table(title: str, *columns: str) -> Table:
    table = Table("", title=title, title_justify="left", title_style="bold")
    for column in columns:
        table.add_column(column, justify="right")
    return table
