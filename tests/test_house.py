"""The rules of the house that no type and no linter holds alone."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from configparser import ConfigParser
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bookingd.config.schema import LEAVES, SPELLED

ROOT = Path(__file__).parent.parent
PRODUCT = sorted(file for room in ("bookingd", "actors", "handlers") for file in (ROOT / room).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
SQL = sorted((ROOT / "sql").rglob("*.sql"))

CLOCK_AND_CHANCE = frozenset(
    "time.time time.time_ns time.monotonic time.monotonic_ns time.perf_counter time.perf_counter_ns "
    "time.localtime time.gmtime time.sleep asyncio.sleep asyncio.get_running_loop.time "
    "asyncio.get_event_loop.time datetime.datetime.now datetime.datetime.utcnow datetime.datetime.today "
    "datetime.date.today os.urandom os.getrandom uuid.uuid1 uuid.uuid4".split()
)
CHANCE_MODULES = frozenset({"random", "secrets", "uuid_utils"})

READS_THE_ENVIRONMENT = frozenset(
    {"bookingd/config/reading.py", "bookingd/engine/sockets.py", "bookingd/service_manager.py"}
)
"""The configuration, the engine's search for a directory that only we can enter, and who started us."""

SQL_IN_PYTHON = re.compile(
    r"\s*(select\s.*\sfrom\s|select\s+\w+\(|insert\s+into\s|update\s+\S+\s+set\s|delete\s+from\s|with\s+\w+\s+as\s)",
    re.IGNORECASE | re.DOTALL,
)
MEASURES_THE_CLOCKS = "sql/queries/ground.sql: clock_timestamp("
"""The one look at PostgreSQL's clock, by which a start compares it with the host's."""

SQL_CLOCK_AND_CHANCE = re.compile(
    r"\b(now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday|random|gen_random_uuid|uuidv7)\s*\("
    r"|\b(current_timestamp|current_date|current_time|localtimestamp|localtime)\b",
    re.IGNORECASE,
)


def test_the_import_contracts_hold() -> None:
    command = Path(sys.executable).with_name("lint-imports")

    done = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_module_of_the_daemon_stands_on_a_floor() -> None:
    contracts = ConfigParser()
    contracts.read(ROOT / "setup.cfg")
    placed = set(re.findall(r"bookingd\.(\w+)", contracts["importlinter:contract:layers"]["layers"]))

    modules = {file.stem for file in (ROOT / "bookingd").glob("*.py")} - {"__init__"}
    packages = {file.parent.name for file in (ROOT / "bookingd").glob("*/__init__.py")}

    assert modules | packages <= placed


@pytest.mark.parametrize(
    ("room", "allowed"),
    [
        ("bookingd/domain", {"bookingd.domain"}),
        ("bookingd/messages", {"bookingd.domain", "bookingd.messages", "msgspec"}),
        (
            "bookingd/results",
            {"bookingd.domain", "bookingd.messages", "bookingd.results", "msgspec", "numpy"},
        ),
        ("bookingd/places", {"bookingd.domain", "bookingd.places", "numpy", "rapidfuzz"}),
    ],
)
def test_the_ground_floors_need_no_more_than_is_said_here(room: str, allowed: set[str]) -> None:
    foreign = {
        f"{file.relative_to(ROOT)} imports {module}"
        for file in (ROOT / room).rglob("*.py")
        for module in _imported(_tree(file))
        if module.partition(".")[0] not in sys.stdlib_module_names
        and not any(module == one or module.startswith(f"{one}.") for one in allowed)
    }

    assert foreign == set()


def test_what_is_imported_is_installed() -> None:
    contracts = ConfigParser()
    contracts.read(ROOT / "setup.cfg")
    required = {
        canonicalize_name(Requirement(line).name)
        for line in contracts["options"]["install_requires"].splitlines()
        if line
    }
    ours = {"bookingd", "actors", "handlers"}
    imported = {module.partition(".")[0] for file in PRODUCT for module in _imported(_tree(file))}
    brought_by = packages_distributions()

    missing = {
        module
        for module in imported - ours - sys.stdlib_module_names
        if required.isdisjoint(map(canonicalize_name, brought_by.get(module, [])))
    }

    assert missing == set()


def test_every_link_in_the_documents_leads_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]

    dead = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text())
        if not (page.parent / target).exists()
    ]

    assert dead == []


def test_only_the_sources_read_a_clock_or_a_random_source() -> None:
    found = [
        f"{file.relative_to(ROOT)}:{line}: {name}"
        for file in PRODUCT
        if file != ROOT / "bookingd/sources.py"
        for line, name in _clock_and_chance(_tree(file))
    ]

    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.time()",
        "import time as t\nt.monotonic()",
        "from time import time as now\nnow()",
        "import datetime\ndatetime.datetime.now(datetime.UTC)",
        "from datetime import datetime, UTC\ndatetime.now(UTC)",
        "from datetime import date\nf = date.today",
        "import asyncio\nasyncio.get_running_loop().time()",
        "from asyncio import sleep\nsleep(1)",
        "from uuid import uuid4\nuuid4()",
        "from random import choice",
        "import secrets",
        "import os\nos.urandom(1)",
    ],
)
def test_a_hidden_clock_is_found(source: str) -> None:
    assert list(_clock_and_chance(ast.parse(source)))


def test_sql_decides_by_the_time_it_is_given() -> None:
    found = [
        f"{file.relative_to(ROOT)}: {match[0]}"
        for file in SQL
        for match in SQL_CLOCK_AND_CHANCE.finditer(_without_comments(file.read_text()))
    ]

    assert [each for each in found if each != MEASURES_THE_CLOCKS] == []


def test_every_sql_statement_stands_in_sql() -> None:
    found = [
        f"{file.relative_to(ROOT)}:{text.lineno}: {text.value!r}"
        for file in PRODUCT
        for text in _texts(_tree(file))
        if SQL_IN_PYTHON.match(str(text.value))
    ]

    assert found == []


def test_the_environment_is_read_in_one_place() -> None:
    reading = {
        str(file.relative_to(ROOT))
        for file in PRODUCT
        for name in _names(_tree(file))
        if name[1] in {"os.environ", "os.getenv", "os.environb"}
    }

    assert reading <= READS_THE_ENVIRONMENT


def test_no_test_is_skipped() -> None:
    found = [
        f"{file.relative_to(ROOT)}:{line}: {name}"
        for file in TESTS
        for line, name in _names(_tree(file))
        if re.fullmatch(r"pytest\.(mark\.)?(skip|skipif|xfail|importorskip)", name)
    ]

    assert found == []


def test_parameters_have_the_same_names_in_every_process() -> None:
    """The workers of a run have to agree on the tests there are, and who repeats one has to find it again."""
    found = [
        f"{file.relative_to(ROOT)}:{call.lineno}"
        for file in TESTS
        for call in ast.walk(_tree(file))
        if isinstance(call, ast.Call) and _dotted(call.func) == "pytest.mark.parametrize"
        if _is_different_each_time(call)
    ]

    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "parametrize('a', {1, 2})",
        "parametrize('a', set(Purpose) - {Purpose.RESET})",
        "parametrize('a', ['none', str(uuid4())])",
        "parametrize(('a', 'b'), [(os.getpid(), True)])",
    ],
)
def test_a_name_that_differs_is_found(source: str) -> None:
    [call] = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)][:1]

    assert _is_different_each_time(call)


def test_every_setting_is_explained() -> None:
    page = (ROOT / "docs/configuration.md").read_text()

    assert {".".join(path) for path in SPELLED if f"`{path[-1]}`" not in page} == set()


def test_the_commented_configuration_is_whole() -> None:
    text = (ROOT / "config/bookingd.toml").read_text()
    written = tomllib.loads(re.sub(r"^# (?=\w+ = )", "", text, flags=re.MULTILINE))

    missing = [leaf.path for leaf in LEAVES if not any(_reaches(written, path) for path in leaf.spellings)]

    assert missing == []


def _is_different_each_time(parametrize: ast.Call) -> bool:
    """Whether the values, and by them the names of the tests, are drawn, or come in the order of a set."""
    if any(keyword.arg == "ids" for keyword in parametrize.keywords):
        return False
    values = parametrize.args[1]
    nodes = list(_that_name(values))
    drawn = {_dotted(node) for node in nodes} & {
        "uuid4",
        "uuid.uuid4",
        "os.getpid",
        "SystemChance",
        "SystemIds",
    }
    unordered = isinstance(values, ast.Set | ast.SetComp | ast.BinOp) and any(
        isinstance(node, ast.Set | ast.SetComp) or _dotted(node) in {"set", "frozenset"} for node in nodes
    )
    return bool(drawn) or unordered


def _that_name(values: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those within dictionaries, which pytest names by their number."""
    yield values
    for node in ast.iter_child_nodes(values):
        if not isinstance(node, ast.Dict):
            yield from _that_name(node)


def _reaches(table: Any, path: tuple[str, ...]) -> bool:
    for key in path:
        if key not in table:
            return False
        table = table[key]
    return True


def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(), filename=str(file))


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def _clock_and_chance(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for module in _imported(tree):
        if module.partition(".")[0] in CHANCE_MODULES:
            yield 0, module
    yield from ((line, name) for line, name in _names(tree) if name in CLOCK_AND_CHANCE)


def _names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every dotted name that is used, as the module that it comes from spells it."""
    known = dict(_aliases(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            head, _, rest = _dotted(node).partition(".")
            if head in known:
                yield node.lineno, f"{known[head]}.{rest}".rstrip(".")


def _aliases(tree: ast.AST) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield (
                    alias.asname or alias.name.partition(".")[0],
                    (alias.name if alias.asname else alias.name.partition(".")[0]),
                )
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _dotted(node: ast.AST) -> str:
    """`a.b().c` as `a.b.c`; empty for what does not begin with a name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Call):
        return _dotted(node.func)
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return ""


def _texts(tree: ast.AST) -> Iterator[ast.Constant]:
    """The texts that are not docstrings."""
    prose = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node


def _without_comments(sql: str) -> str:
    """SQL without `--` comments and without what stands in quotes (COMMENT ON … IS '…')."""
    return re.sub(r"--[^\n]*|'(?:[^']|'')*'", "", sql)
