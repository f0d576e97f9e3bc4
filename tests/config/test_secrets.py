"""Secrets come from files: named, handed over by systemd, or mounted into a container."""

import stat
from pathlib import Path

import pytest

from bookingd.config import SecretMissing, Settings, ensure_development_keys
from bookingd.sources import SystemChance
from tests.config.arrange import AUDIT_KEY, Bench

SIGNING = '[security]\nsigning_key_file = "{}"\n'
LONG = "s" * 64


def test_a_named_file_stands_beside_the_configuration(bench: Bench) -> None:
    bench.secret("keys/signing", LONG + "\n")

    settings = bench.load(SIGNING.format("keys/signing"))

    assert settings.security.signing_key.reveal() == LONG


def test_an_absolute_path_is_taken_as_it_is(bench: Bench) -> None:
    file = bench.secret("signing", LONG)

    assert bench.load(SIGNING.format(file)).security.signing_key.reveal_bytes() == LONG.encode()


def test_a_bare_name_may_be_a_systemd_credential(bench: Bench) -> None:
    bench.secret("credentials/signing", LONG)
    bench.secret("signing", "o" * 64)

    settings = bench.load(SIGNING.format("signing"), CREDENTIALS_DIRECTORY=str(bench.root / "credentials"))

    assert settings.security.signing_key.reveal() == LONG


@pytest.mark.parametrize("directory", ["credentials", "run-secrets"])
def test_a_secret_that_is_handed_over_needs_no_setting(bench: Bench, directory: str) -> None:
    bench.secret(f"{directory}/security_signing_key", LONG, mode=0o444)
    bench.secret(f"{directory}/database_url", "postgresql://app:pw@db/x\n", mode=0o444)

    settings = bench.load(CREDENTIALS_DIRECTORY=str(bench.root / "credentials"))

    assert settings.security.signing_key.reveal() == LONG
    assert settings.database.url.reveal() == "postgresql://app:pw@db/x"
    assert settings.warnings == ()


def test_what_is_written_down_goes_before_what_is_handed_over(bench: Bench) -> None:
    bench.secret("run-secrets/database_url", "postgresql://handed-over/x")

    settings = bench.load('[database]\nurl = "postgresql://written/x"\n')

    assert settings.database.url.reveal() == "postgresql://written/x"


def test_an_address_may_come_from_a_file(bench: Bench) -> None:
    bench.secret("url", "smtps://user:pw@mail.example.com\n")

    settings = bench.load('[mail]\nurl_file = "url"\n')

    assert settings.mail.url.reveal() == "smtps://user:pw@mail.example.com"


def test_a_wrong_address_in_a_file_is_told_without_its_content(bench: Bench) -> None:
    bench.secret("url", "ftp://user:hunter2@mail.example.com")

    problem = bench.problem('[mail]\nurl_file = "url"\n')

    assert problem.complaint == 'must be "catcher", or begin with smtp:// or smtps://'
    assert problem.value == '"url"'


def test_an_address_cannot_be_given_twice_in_one_place(bench: Bench) -> None:
    bench.secret("url", "smtps://mail.example.com")

    problem = bench.problem('[mail]\nurl = "catcher"\nurl_file = "url"\n')

    assert (problem.line, problem.complaint) == (3, "mail.url is given too")


def test_the_environment_overrides_the_other_spelling(bench: Bench) -> None:
    settings = bench.load('[mail]\nurl_file = "nowhere"\n', BOOKINGD_MAIL__URL="smtp://mail.test")

    assert settings.mail.url.reveal() == "smtp://mail.test"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(b"", "is empty"), (b" \n", "is empty"), (b"\xff" * 40, "holds no text in UTF-8")],
)
def test_a_file_without_a_secret_is_refused(bench: Bench, content: bytes, complaint: str) -> None:
    file = bench.secret("signing", content)

    assert bench.problem(SIGNING.format("signing")).complaint == f"{file} {complaint}"


def test_two_webhook_secrets_count_while_one_replaces_the_other(bench: Bench) -> None:
    bench.secret("webhook", "whsec_old\nwhsec_new\n")

    settings = bench.load('[stripe]\nwebhook_secret_file = "webhook"\n')

    assert settings.stripe.webhook_secrets == ("whsec_old", "whsec_new")


def test_a_missing_file_is_named(bench: Bench) -> None:
    problem = bench.problem(SIGNING.format("signing"))

    assert problem.complaint == f"{bench.root}/signing cannot be read: no such file or directory"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o601])
def test_a_file_that_others_may_read_is_warned_of(bench: Bench, mode: int) -> None:
    file = bench.secret("signing", LONG, mode)

    settings = bench.load(SIGNING.format("signing"))

    assert settings.warnings == (
        f"{file} holds a secret and others may read it (mode {mode:04o}): chmod 600 {file}",
    )


def test_a_short_signing_key_and_a_foreign_audit_key_are_refused(bench: Bench) -> None:
    bench.secret("signing", "s" * 31)
    bench.secret("audit", "not a key")

    problems = bench.problems(SIGNING.format("signing") + 'audit_key_file = "audit"\n')

    assert [problem.complaint for problem in problems] == [
        "holds a key of fewer than 32 characters",
        "holds no Ed25519 private key in PEM without a passphrase",
    ]


def test_several_signing_keys_count_while_one_replaces_another(bench: Bench) -> None:
    bench.secret("signing", "n" * 64 + "\n" + "o" * 64 + "\n")

    assert bench.load(SIGNING.format("signing")).security.signing_keys == (b"n" * 64, b"o" * 64)


def test_each_of_several_signing_keys_is_long_enough(bench: Bench) -> None:
    bench.secret("signing", "s" * 64 + "\n" + "s" * 31)

    assert bench.problem(SIGNING.format("signing")).complaint == "holds a key of fewer than 32 characters"


def test_field_keys_that_are_none_are_told_without_their_digits(bench: Bench) -> None:
    bench.secret("fields", f"one:{'a' * 64}\ntwo:{'b' * 63}")

    problem = bench.problem('[security]\nfield_keys_file = "fields"\n')

    assert problem.complaint == "holds what are no keys: line 2 is not an id, a colon and 64 hex digits"
    assert "bbb" not in str(problem)


def test_a_secret_that_was_not_given_says_so_when_it_is_needed(bench: Bench) -> None:
    with pytest.raises(SecretMissing, match=r"name its file with security\.signing_key_file"):
        bench.load().security.signing_key.reveal()


def test_development_keys_are_made_once_and_kept_from_others(bench: Bench) -> None:
    settings = bench.load(BOOKINGD_PATHS__VAR=str(bench.root / "var"))

    first = ensure_development_keys(settings, SystemChance())
    second = ensure_development_keys(settings, SystemChance())

    files = sorted((bench.root / "var" / "keys").iterdir())
    assert first == second
    assert first.stripe.secret_key.reveal().startswith("sk_test_")
    assert first.stripe.webhook_secret.reveal().startswith("whsec_")
    assert [file.name for file in files] == [
        "paypal_client_secret",
        "security_audit_key",
        "security_field_keys",
        "security_signing_key",
        "stripe_secret_key",
        "stripe_webhook_secret",
    ]
    assert {_mode(file) for file in files} == {0o600}
    assert _mode(bench.root / "var" / "keys") == 0o700


def test_of_two_processes_that_make_keys_at_once_the_first_ones_count(bench: Bench) -> None:
    settings = bench.load(BOOKINGD_PATHS__VAR=str(bench.root / "var"))

    class Rival(SystemChance):
        """Makes its keys while ours are being thought up."""

        made: Settings | None = None

        def token(self, size: int = 32) -> bytes:
            if self.made is None:
                self.made = ensure_development_keys(settings, SystemChance())
            return super().token(size)

    rival = Rival()
    ours = ensure_development_keys(settings, rival)

    assert rival.made is not None
    assert ours.security.signing_key.reveal() == rival.made.security.signing_key.reveal()
    assert len(list((bench.root / "var" / "keys").iterdir())) == 6


def test_development_keys_are_what_the_rules_ask_for(bench: Bench) -> None:
    var = bench.root / "var"
    ensure_development_keys(bench.load(BOOKINGD_PATHS__VAR=str(var)), SystemChance())

    settings = bench.load(
        BOOKINGD_SECURITY__SIGNING_KEY_FILE=str(var / "keys/security_signing_key"),
        BOOKINGD_SECURITY__FIELD_KEYS_FILE=str(var / "keys/security_field_keys"),
        BOOKINGD_SECURITY__AUDIT_KEY_FILE=str(var / "keys/security_audit_key"),
        BOOKINGD_STRIPE__SECRET_KEY_FILE=str(var / "keys/stripe_secret_key"),
    )

    assert settings.security.signing_key
    assert settings.warnings == ()


def test_a_configured_key_is_left_alone(bench: Bench) -> None:
    bench.secret("audit", AUDIT_KEY)
    settings = bench.load('[security]\naudit_key_file = "audit"\n', BOOKINGD_PATHS__VAR=str(bench.root))

    ensured = ensure_development_keys(settings, SystemChance())

    assert ensured.security.audit_key == settings.security.audit_key
    assert not (bench.root / "keys" / "security_audit_key").exists()


def test_production_makes_no_keys(bench: Bench) -> None:
    settings = Settings(environment="production")

    assert ensure_development_keys(settings, SystemChance()) is settings


def _mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)
