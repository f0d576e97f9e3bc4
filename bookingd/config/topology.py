"""The processes of one installation, a file each in one directory: whether together they are a whole.

The one rule: what only the set can tell is found beside what is wrong in each file, and all is told at once.
A file that another one includes is no process.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path as FilePath
from typing import Any
from urllib.parse import parse_qs, unquote

from bookingd.config.errors import ENVIRONMENT, ConfigErrors, Problem
from bookingd.config.files import CONTAINER_SECRETS
from bookingd.config.given import PREFIX, from_file
from bookingd.config.reading import load_settings
from bookingd.config.redis_address import SCHEMES as REDIS_SCHEMES
from bookingd.config.redis_address import RedisAddress
from bookingd.config.schema import Path
from bookingd.config.sections import ACTORS, ActorName, Settings
from bookingd.config.values import MASK, Secret, Url

ALIKE: tuple[Path, ...] = (
    ("environment",),
    ("public_url",),
    ("database", "url"),
    ("bus", "url"),
    ("cache", "url"),
    ("agency", "legal_name"),
    ("agency", "address_lines"),
    ("agency", "postcode"),
    ("agency", "city"),
    ("agency", "country"),
    ("agency", "tax_number"),
    ("agency", "registration"),
    ("agency", "zone"),
    ("agency", "receipt_prefix"),
    ("agency", "invoice_prefix"),
    ("agency", "credit_note_prefix"),
    ("agency", "early_invoices"),
    ("booking", "currency"),
    ("exchange", "currencies"),
    ("exchange", "margin_percent"),
    ("exchange", "margins"),
    ("exchange", "maximum_age_business_days"),
    ("pictures", "hosts"),
    ("retention", "documents_days"),
    ("retention", "invoices_years"),
    ("stripe", "base_url"),
    ("stripe", "secret_key"),
    ("stripe", "webhook_secret"),
    ("paypal", "base_url"),
    ("paypal", "client_id"),
    ("paypal", "client_secret"),
    ("paypal", "webhook_id"),
    ("paypal", "merchant_id"),
    ("security", "signing_key"),
    ("security", "field_keys"),
)
"""What all processes of an installation share; of addresses the place, not the user."""

AUDIT_KEY: Path = ("security", "audit_key")
"""Shared by those that run the audit actor."""

_IN_FILE = re.compile(r"(?P<file>.+):(?P<line>\d+)")
_ANY_HOST = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - compared, not bound
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One file, and what it says."""

    file: FilePath
    settings: Settings

    @property
    def name(self) -> str:
        """As the file is called, such as `booking-2`."""
        return self.file.stem

    @property
    def address(self) -> str | None:
        """Where it serves HTTP, `host:port`, if it does."""
        server = self.settings.server
        return f"{server.host}:{server.port}" if server.enabled else None

    @property
    def watched_at(self) -> str | None:
        """Where it tells its own metrics, `host:port`, if it does."""
        metrics = self.settings.metrics
        return f"{metrics.host}:{metrics.port}" if metrics.port else None

    @property
    def starts_stand_ins(self) -> bool:
        """Whether it starts the vendors' stand-ins, for the others too."""
        return self.settings.uses_stand_ins and self.settings.sandbox.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """The processes that could be read, and everything that is wrong."""

    directory: FilePath
    processes: Sequence[Process]
    problems: Sequence[Problem]
    warnings: Sequence[str]

    def run_by(self, actor: ActorName) -> Sequence[Process]:
        """Those that run the actor."""
        return [process for process in self.processes if actor in process.settings.actors.run]

    @property
    def serving(self) -> Sequence[Process]:
        """Those that serve HTTP."""
        return [process for process in self.processes if process.settings.server.enabled]


def read_topology(
    directory: FilePath,
    environ: Mapping[str, str] | None = None,
    container_secrets: FilePath = CONTAINER_SECRETS,
) -> Topology:
    """What the files of the directory are together; nothing is raised, `problems` holds what is wrong."""
    processes: list[Process] = []
    problems: dict[Problem, None] = {}  # a mistake in a file that many include is told once
    files = _process_files(directory)
    for file in files:
        try:
            settings = load_settings(file, environ, container_secrets)
        except ConfigErrors as errors:
            problems.update(dict.fromkeys(errors.problems))
        else:
            processes.append(Process(file=file, settings=settings))
    read = Topology(directory=directory, processes=processes, problems=(), warnings=())
    problems.update(dict.fromkeys(_judged(read, whole=len(processes) == len(files))))
    warnings = dict.fromkeys(text for process in processes for text in process.settings.warnings)
    warnings.update(dict.fromkeys(_watched_alike(processes)))
    return Topology(
        directory=directory, processes=processes, problems=tuple(problems), warnings=tuple(warnings)
    )


def fingerprint(secret: Secret) -> str:
    """Enough of a secret's SHA-256 to tell it from others, and not to tell it."""
    return hashlib.sha256(secret.reveal_bytes()).hexdigest()[:8]


def _process_files(directory: FilePath) -> list[FilePath]:
    """Each is one process, and so is each link to one; but none that others include, nor a link to that."""
    files = sorted(directory.glob("*.toml"), key=lambda file: file.stem)
    includes = [include.value for file in files if (include := from_file(file).include)]
    shared = {(directory / include).resolve() for include in includes if isinstance(include, str)}
    return [file for file in files if file.resolve() not in shared]


def _judged(read: Topology, *, whole: bool) -> Iterator[Problem]:
    """What is wrong with the set; what is missing can be told only where every file could be read."""
    yield from _reaching(read.processes)
    for path in ALIKE:
        yield from _alike(path, read.processes)
    yield from _alike(AUDIT_KEY, read.run_by("audit"))
    yield from _ports(read.serving)
    yield from _stand_ins(read, whole=whole)
    if whole:
        yield from _missing(read)


def _missing(read: Topology) -> Iterator[Problem]:
    place = str(read.directory)
    if not read.processes:
        hint = "name the directory that holds a file for each process, such as config/split"
        yield Problem(place=place, key="*.toml", complaint="there is no configuration here", hint=hint)
        return
    for actor in ACTORS:
        if not read.run_by(actor):
            hint = f'run = ["{actor}"] under [actors] in one of the files'
            yield Problem(place=place, key="actors.run", complaint=f"nobody runs {actor}", hint=hint)
    if not read.serving:
        hint = "enabled = true under [server] in one of the files"
        yield Problem(place=place, key="server.enabled", complaint="nobody serves HTTP", hint=hint)


def _reaching(processes: Sequence[Process]) -> Iterator[Problem]:
    """What reaches one process only, where there are several."""
    if len(processes) < 2:
        return
    there = f"there are {len(processes)} processes"
    for process in processes:
        if process.settings.bus.embedded:
            complaint = f"reaches one process only, and {there}"
            yield _problem(process, ("bus", "url"), complaint, "such as 'amqp://bookingd@mq.example.com/'")
        if process.settings.database.embedded:
            complaint = f"serves one process only, and {there}"
            hint = "such as 'postgresql://bookingd@db.example.com/bookingd'"
            yield _problem(process, ("database", "url"), complaint, hint)


def _alike(path: Path, processes: Sequence[Process]) -> Iterator[Problem]:
    """Whoever differs from most of the others, or from the first where nobody is like most."""
    groups: dict[Any, list[Process]] = {}
    for process in processes:
        groups.setdefault(_compared(path, process.settings), []).append(process)
    most = max(groups.values(), key=len, default=[])
    for group in groups.values():
        if group is not most:
            for process in group:
                hint = "write it once, in the file that all include"
                yield _problem(process, path, _differs(path, process, most), hint)


def _differs(path: Path, process: Process, others: Sequence[Process]) -> str:
    names = ", ".join(other.file.name for other in others)
    value = _value(path, process.settings)
    if isinstance(value, Secret):
        made = "" if value else f", made under {process.settings.paths.keys},"
        return f"is another key{made} than that of {names}"
    return f"differs from {names}: {_text(_value(path, others[0].settings))}"


def _compared(path: Path, settings: Settings) -> Any:
    """What has to be the same; where development makes its keys, the place where they are kept."""
    value = _value(path, settings)
    if isinstance(value, Url):
        return _place(value)
    if isinstance(value, Secret):
        return value.reveal_bytes() if value else settings.paths.keys
    return value


def _place(url: Url) -> tuple[str | int | None, ...]:
    """Where an address leads, whoever goes there and however safely."""
    parts = url.parts
    if parts.scheme in REDIS_SCHEMES:
        redis = RedisAddress.parse(url.reveal())
        hosts = sorted((_name(host), port) for host, port in redis.hosts)
        return redis.service, redis.database, *(part for host in hosts for part in host)
    host = _name(parts.hostname)
    socket = parse_qs(parts.query).get("host", [""])[0]
    return parts.scheme.removesuffix("s"), host, socket, parts.port, unquote(parts.path).strip("/")


def _name(host: str | None) -> str | None:
    return "localhost" if host in _HERE else host


def _ports(serving: Sequence[Process]) -> Iterator[Problem]:
    for one, other in combinations(serving, 2):
        if not _same_port(one.settings, other.settings):
            continue
        for process, beside in ((one, other), (other, one)):
            if not process.settings.server.reuse_port:
                yield _problem(
                    process,
                    ("server", "reuse_port"),
                    f"must be true: {beside.file.name} listens on {beside.address} too",
                    "on hosts of their own it does no harm; or give one of them another server.port",
                )


def _same_port(one: Settings, other: Settings) -> bool:
    hosts = {one.server.host, other.server.host}
    return one.server.port == other.server.port and (len(hosts) == 1 or bool(hosts & _ANY_HOST))


def _watched_alike(processes: Sequence[Process]) -> Iterator[str]:
    """No mistake, since they may be meant for two hosts."""
    for one, other in combinations(processes, 2):
        if one.watched_at and one.watched_at == other.watched_at:
            yield (
                f"{one.file.name} and {other.file.name} have the same metrics.port,"
                f" {one.settings.metrics.port}: on one host each needs its own"
            )


def _stand_ins(read: Topology, *, whole: bool) -> Iterator[Problem]:
    path, starting = ("sandbox", "start"), [one for one in read.processes if one.starts_stand_ins]
    for process in starting[1:]:
        complaint = f"must be false: {starting[0].file.name} starts the stand-ins, for all processes"
        yield _problem(process, path, complaint)
    used = any(process.settings.uses_stand_ins for process in read.processes)
    if whole and used and not starting:
        hint = "start = true under [sandbox] in one of the files, as in config/split/sandbox.toml"
        yield Problem(
            place=str(read.directory), key="sandbox.start", complaint="nobody starts the stand-ins", hint=hint
        )


def _value(path: Path, settings: Settings) -> Any:
    value: Any = settings
    for name in path:
        value = getattr(value, name)
    return value


def _text(value: Any) -> str:
    return json.dumps(str(value) if isinstance(value, Url | FilePath) else value, ensure_ascii=False)


def _problem(process: Process, path: Path, complaint: str, hint: str = "") -> Problem:
    """What is wrong with a setting of one process, at the place where it was set."""
    key = process.settings.spelling_of(*path)
    place, line = str(process.file), None
    origin = process.settings.given.get(key, "")
    if origin.startswith(PREFIX):
        place, key = ENVIRONMENT, origin
    elif in_file := _IN_FILE.fullmatch(origin):
        place, line = in_file["file"], int(in_file["line"])
    value = _shown(_value(path, process.settings))
    return Problem(place=place, line=line, key=key, value=value, complaint=complaint, hint=hint)


def _shown(value: Any) -> str:
    if isinstance(value, Secret):
        return f'"{MASK}"' if value else ""
    return _text(value)
