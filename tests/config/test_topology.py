"""The files of several processes: whether together they are a whole installation."""

import shutil
from pathlib import Path

import pytest

from bookingd.config import ACTORS, Problem
from bookingd.config.reading import embedded_file
from bookingd.config.topology import Topology, read_topology
from tests.config.arrange import AUDIT_KEY

SPLIT = embedded_file().with_name("split")


class Bench:
    """A copy of config/split, to be spoilt."""

    def __init__(self, root: Path) -> None:
        self.root = root
        shutil.copytree(SPLIT, root, dirs_exist_ok=True)

    def write(self, name: str, text: str) -> None:
        (self.root / name).write_text(text)

    def append(self, name: str, text: str) -> None:
        self.write(name, (self.root / name).read_text() + text)

    def read(self, **environ: str) -> Topology:
        return read_topology(self.root, environ, self.root / "run-secrets")

    def problems(self, **environ: str) -> list[tuple[str, int | None, str, str]]:
        """File name, line, key and complaint of each."""
        return [_brief(problem) for problem in self.read(**environ).problems]

    def problem(self, **environ: str) -> tuple[str, int | None, str, str]:
        [only] = self.problems(**environ)
        return only


def _brief(problem: Problem) -> tuple[str, int | None, str, str]:
    return Path(problem.place).name, problem.line, problem.key, problem.complaint


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "split")


def test_the_example_is_a_whole_installation(bench: Bench) -> None:
    found = bench.read()

    assert found.problems == ()
    assert found.warnings == ()
    assert {actor: [process.name for process in found.run_by(actor)] for actor in ACTORS} == {
        actor: [actor] for actor in ACTORS
    }
    assert [(process.name, process.address) for process in found.serving] == [("http", "127.0.0.1:8080")]


def test_a_file_that_others_include_is_no_process(bench: Bench) -> None:
    assert "common" not in {process.name for process in bench.read().processes}


def test_nor_is_a_link_to_such_a_file(bench: Bench) -> None:
    """`bookingd migrate` of an installation that is split reads it as bookingd.toml."""
    (bench.root / "bookingd.toml").symlink_to("common.toml")

    assert len(bench.read().processes) == 9


def test_a_link_to_a_file_is_one_process_more(bench: Bench) -> None:
    for name in ("booking", "http", "audit"):
        (bench.root / f"{name}-2.toml").symlink_to(f"{name}.toml")

    found = bench.read()

    assert found.problems == ()
    assert [process.name for process in found.run_by("booking")] == ["booking", "booking-2"]
    assert len(found.serving) == 2


def test_an_actor_that_nobody_runs_is_told(bench: Bench) -> None:
    (bench.root / "notify.toml").unlink()

    assert bench.problem() == ("split", None, "actors.run", "nobody runs notify")


def test_an_installation_that_nobody_can_reach_is_told(bench: Bench) -> None:
    (bench.root / "http.toml").unlink()

    assert bench.problem() == ("split", None, "server.enabled", "nobody serves HTTP")


def test_a_directory_without_any_is_told(tmp_path: Path) -> None:
    [problem] = read_topology(tmp_path, {}).problems

    assert problem.complaint == "there is no configuration here"


@pytest.mark.parametrize(
    ("section", "line", "expected"),
    [
        ("bus", 'url = "amqp://guest:guest@other/"', '"amqp://guest:***@127.0.0.1/"'),
        ("bus", 'url = "amqp://guest:guest@127.0.0.1/other"', '"amqp://guest:***@127.0.0.1/"'),
        (
            "database",
            'url = "postgresql://127.0.0.1/other"',
            '"postgresql://bookingd:***@127.0.0.1/bookingd"',
        ),
        ("cache", 'url = "redis://127.0.0.1:6379/1"', '"redis://127.0.0.1:6379/0"'),
        ("booking", 'currency = "USD"', '"EUR"'),
        ("pictures", 'hosts = ["images.example.com"]', "[]"),
        ("retention", "documents_days = 30", "90"),
    ],
)
def test_who_differs_is_told_from_whom(bench: Bench, section: str, line: str, expected: str) -> None:
    lines = len((bench.root / "payment.toml").read_text().splitlines())
    bench.append("payment.toml", f"[{section}]\n{line}\n")

    found = bench.problem()

    assert found[:3] == ("payment.toml", lines + 2, f"{section}.{line.split(maxsplit=1)[0]}")
    others = "audit, auth, booking, http, notify, sandbox, search.flights, search.hotels".split(", ")
    names = ", ".join(f"{other}.toml" for other in others)
    assert found[3] == f"differs from {names}: {expected}"


def test_who_goes_to_the_same_place_does_not_differ(bench: Bench) -> None:
    bench.append("payment.toml", '[bus]\nurl = "amqp://payment:secret@localhost/%2F?heartbeat=5"\n')

    assert bench.problems() == []


def test_sentinels_are_compared_in_any_order(bench: Bench) -> None:
    common = (bench.root / "common.toml").read_text()
    sentinels = "redis+sentinel://127.0.0.1,two:26379/bookingd"
    bench.write("common.toml", common.replace("redis://127.0.0.1:6379/0", sentinels))
    bench.append("payment.toml", '[cache]\nurl = "redis+sentinel://two,localhost:26379/bookingd"\n')

    assert bench.problems() == []


def test_keys_are_compared_and_never_shown(bench: Bench) -> None:
    for name in ("one", "two"):
        file = bench.root / name
        file.touch(mode=0o600)
        file.write_text(name * 20)
    bench.append("common.toml", '[security]\nsigning_key_file = "./one"\n')
    bench.append("http.toml", '[security]\nsigning_key_file = "./two"\n')

    [problem] = bench.read().problems

    assert problem.key == "security.signing_key_file"
    assert problem.complaint.startswith("is another key than that of audit.toml, auth.toml, booking.toml")
    assert "twotwo" not in str(problem)
    assert "oneone" not in str(problem)


def test_keys_that_each_would_make_for_itself_are_other_keys(bench: Bench) -> None:
    bench.append("http.toml", '[paths]\nvar = "/elsewhere"\n')

    complaints = {key: complaint for _, _, key, complaint in bench.problems()}

    assert set(complaints) == {
        "security.signing_key",
        "security.field_keys",
        "stripe.secret_key",
        "stripe.webhook_secret",
        "paypal.client_secret",
    }
    assert "made under /elsewhere/keys" in complaints["security.signing_key"]


def test_the_audit_key_is_compared_where_the_audit_trail_is_signed(bench: Bench) -> None:
    (bench.root / "audit-2.toml").symlink_to("audit.toml")
    key = bench.root / "audit_key"
    key.touch(mode=0o600)
    key.write_bytes(AUDIT_KEY)
    bench.append("booking.toml", '[security]\naudit_key_file = "./audit_key"\n')
    assert bench.problems() == []

    (bench.root / "audit-2.toml").unlink()
    bench.write("audit-2.toml", (bench.root / "audit.toml").read_text())
    bench.append("audit-2.toml", '[security]\naudit_key_file = "./audit_key"\n')

    assert (
        bench.problem()[:3] == ("audit.toml", None, "security.audit_key")
        or bench.problem()[0] == "audit-2.toml"
    )


def test_a_port_is_shared_by_all_or_by_none(bench: Bench) -> None:
    http = (bench.root / "http.toml").read_text()
    bench.write("http-2.toml", http.replace("reuse_port = true", "reuse_port = false"))

    file, line, key, complaint = bench.problem()

    assert (file, key) == ("http-2.toml", "server.reuse_port")
    assert line is not None
    assert complaint == "must be true: http.toml listens on 127.0.0.1:8080 too"


def test_a_metrics_port_of_two_is_a_warning_since_they_may_be_on_two_hosts(bench: Bench) -> None:
    (bench.root / "booking-2.toml").symlink_to("booking.toml")

    found = bench.read()

    assert found.problems == ()
    assert found.warnings == (
        "booking.toml and booking-2.toml have the same metrics.port, 8092: on one host each needs its own",
    )


def test_two_addresses_on_one_port_are_two(bench: Bench) -> None:
    http = (bench.root / "http.toml").read_text().replace("reuse_port = true", "reuse_port = false")
    bench.write("http-2.toml", http.replace("127.0.0.1", "127.0.0.2"))
    assert bench.problems() == []

    bench.write("http-3.toml", http.replace("127.0.0.1", "0.0.0.0"))

    assert {file for file, *_ in bench.problems()} == {"http-2.toml", "http-3.toml"}


def test_what_reaches_one_process_is_not_for_several(bench: Bench) -> None:
    common = (bench.root / "common.toml").read_text()
    bench.write("common.toml", common.replace('url = "amqp://guest:guest@127.0.0.1/"', 'url = "memory://"'))

    problems = bench.problems()

    assert {key for file, _, key, _ in problems if file != "common.toml"} == {"actors.run"}
    assert len(problems) == 9


def test_two_whole_daemons_in_memory_are_refused_once_each(tmp_path: Path) -> None:
    for name in ("one.toml", "two.toml"):
        (tmp_path / name).write_text('[server]\nreuse_port = true\n[database]\nurl = "postgresql://db/x"\n')

    complaints = [complaint for *_, complaint in map(_brief, read_topology(tmp_path, {}).problems)]

    assert complaints.count("reaches one process only, and there are 2 processes") == 2


def test_the_stand_ins_are_started_once(bench: Bench) -> None:
    (bench.root / "sandbox-2.toml").symlink_to("sandbox.toml")
    assert bench.problem()[::3] == (
        "sandbox-2.toml",
        "must be false: sandbox.toml starts the stand-ins, for all processes",
    )

    (bench.root / "sandbox-2.toml").unlink()
    (bench.root / "sandbox.toml").unlink()

    assert bench.problem()[2:] == ("sandbox.start", "nobody starts the stand-ins")


def test_a_mistake_in_the_shared_file_is_told_once(bench: Bench) -> None:
    bench.append("common.toml", '[log]\nlevel = "loud"\n')
    (bench.root / "notify.toml").unlink()

    assert [(file, key) for file, _, key, _ in bench.problems()] == [("common.toml", "log.level")]


def test_a_mistake_in_the_environment_is_told_once(bench: Bench) -> None:
    assert bench.problem(BOOKINGD_LOG__LEVEL="loud")[2] == "BOOKINGD_LOG__LEVEL"


def test_in_production_it_lacks_only_its_secrets(bench: Bench) -> None:
    (bench.root / "sandbox.toml").unlink()
    text = embedded_file().with_name("production.toml").read_text()
    assert text.count("\n# url_file") == 2
    bench.write("common.toml", text.replace("\n# url_file", "\nurl_file").replace('url = "redis', '# "redis'))

    problems = bench.problems()

    assert {complaint.rpartition(": ")[2] for *_, complaint in problems} == {"no such file or directory"}
    assert {"bus.url_file", "cache.url_file"} < {key for *_, key, _ in problems}
