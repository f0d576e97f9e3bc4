"""What each environment refuses."""

from decimal import Decimal

import pytest

from bookingd.config import load_settings
from bookingd.config.reading import embedded_file
from bookingd.domain.exchange import ExchangeTerms
from bookingd.outcomes import CALL_LIMIT
from tests.config.arrange import PRODUCTION, Bench


def test_production_starts_with_real_parts(bench: Bench) -> None:
    bench.production_secrets()

    settings = bench.load(PRODUCTION)

    assert settings.production
    assert settings.warnings == ()


def test_the_example_for_production_lacks_only_its_secrets(bench: Bench) -> None:
    text = embedded_file().with_name("production.toml").read_text()

    problems = bench.problems(text)

    assert {problem.key for problem in problems} == {
        "database.url_file",
        "database.owner_url_file",
        "stripe.secret_key_file",
        "stripe.webhook_secret_file",
        "mail.url_file",
        "security.signing_key_file",
        "security.field_keys_file",
        "security.audit_key_file",
    }


def test_production_on_the_embedded_defaults_is_refused_in_every_part(bench: Bench) -> None:
    problems = bench.problems('environment = "production"\n')

    assert {problem.key for problem in problems} == {
        "public_url",
        "agency.legal_name",
        "sandbox.enabled",
        "inventory.demo",
        "mail.url",
        "stripe.base_url",
        "stripe.secret_key_file",
        "stripe.publishable_key",
        "stripe.webhook_secret_file",
        "security.signing_key_file",
        "security.field_keys_file",
        "security.audit_key_file",
    }


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        ("PUBLIC_URL", "http://x.com", "must be the https:// address that travellers use, in production"),
        ("PUBLIC_URL", "https://x.com/shop", "must be scheme, host and port only"),
        ("PUBLIC_URL", "x.com", "must begin with https:// (or http://) and name a host"),
        ("PUBLIC_URL", "https://[x", "is not an address: check the host and the port"),
        ("SANDBOX__ENABLED", "true", "must be false in production"),
        ("INVENTORY__DEMO", "on", "must be false in production: nobody can fly on made-up flights"),
        ("PICTURES__HOSTS", "http://127.0.0.1:8081", "must name no stand-in in production"),
        ("MAIL__URL", "catcher", 'must not be "catcher" in production: no mail would leave this host'),
        ("STRIPE__BASE_URL", "sandbox", "must be Stripe's https:// address in production"),
        ("STRIPE__BASE_URL", "http://localhost:1", "must be Stripe's https:// address in production"),
        ("STRIPE__PUBLISHABLE_KEY", "pk_test_1", "must be a live key (pk_live_…) in production"),
    ],
)
def test_production_refuses(bench: Bench, variable: str, value: str, complaint: str) -> None:
    bench.production_secrets()

    problems = bench.problems(PRODUCTION, **{f"BOOKINGD_{variable}": value})

    assert complaint in {problem.complaint for problem in problems}
    assert {problem.key for problem in problems} == {f"BOOKINGD_{variable}"}


def test_a_wrong_address_is_one_mistake_in_production_too(bench: Bench) -> None:
    bench.production_secrets()

    problem = bench.problem(PRODUCTION, BOOKINGD_MAIL__URL="ftp://mail.example.com")

    assert problem.complaint == 'must be "catcher", or begin with smtp:// or smtps://'


@pytest.mark.parametrize("key", ["sk_test_1", "rk_test_1"])
def test_production_refuses_a_test_key_and_does_not_print_it(bench: Bench, key: str) -> None:
    bench.production_secrets()
    bench.secret("stripe_key", key)

    problem = bench.problem(PRODUCTION)

    assert (problem.key, problem.complaint) == (
        "stripe.secret_key_file",
        "holds a test key, refused in production",
    )
    assert key not in str(problem)


def test_production_warns_of_what_one_host_cannot_promise(bench: Bench) -> None:
    bench.production_secrets()

    settings = bench.load(PRODUCTION, BOOKINGD_DATABASE__URL="embedded", BOOKINGD_SERVER__HOST="0.0.0.0")

    assert len(settings.warnings) == 2


@pytest.mark.parametrize("key", ["sk_live_1", "rk_live_1"])
def test_development_refuses_a_live_key(bench: Bench, key: str) -> None:
    bench.secret("stripe_key", key)

    problem = bench.problem('[stripe]\nsecret_key_file = "./stripe_key"\n')

    assert problem.complaint == "holds a live key, refused in development: it would move real money"
    assert key not in str(problem)


def test_development_refuses_a_live_publishable_key(bench: Bench) -> None:
    problem = bench.problem('[stripe]\npublishable_key = "pk_live_1"\n')

    assert problem.complaint == "is a live key, refused in development: it would move real money"


def test_stripe_itself_needs_a_key_and_the_stand_in_its_sandbox(bench: Bench) -> None:
    without_key = bench.problem('[stripe]\nbase_url = "https://api.stripe.com"\n')
    without_sandbox = bench.problem("[sandbox]\nenabled = false\n")

    assert without_key.key == "stripe.secret_key_file"
    assert without_sandbox.key == "stripe.base_url"


PAYPAL = """
[paypal]
base_url = "https://api-m.sandbox.paypal.com"
client_id = "AbC-1"
client_secret_file = "./paypal_secret"
webhook_id = "0EH40505U7160970P"
"""


def test_development_may_use_paypals_sandbox(bench: Bench) -> None:
    bench.secret("paypal_secret", "hunter2")

    settings = bench.load(PAYPAL)

    assert settings.takes_paypal
    assert not settings.paypal.sandbox
    assert settings.redacted()["paypal"]["client_secret_file"] == "***"


def test_who_names_paypal_has_to_say_all(bench: Bench) -> None:
    problems = bench.problems('[paypal]\nbase_url = "https://api-m.sandbox.paypal.com"\nwebhook_id = ""\n')

    assert {problem.key for problem in problems} == {
        "paypal.client_id",
        "paypal.client_secret_file",
        "paypal.webhook_id",
    }


def test_development_refuses_paypal_itself(bench: Bench) -> None:
    bench.secret("paypal_secret", "hunter2")

    problem = bench.problem(PAYPAL.replace(".sandbox", ""))

    assert problem.key == "paypal.base_url"
    assert problem.complaint == "is PayPal itself, refused in development: it would move real money"
    assert problem.hint.startswith("write 'https://api-m.sandbox.paypal.com'")


def test_production_without_a_word_of_paypal_has_none(bench: Bench) -> None:
    bench.production_secrets()

    assert not bench.load(PRODUCTION).takes_paypal


def test_production_takes_paypal_itself(bench: Bench) -> None:
    bench.production_secrets()
    bench.secret("paypal_secret", "hunter2")

    assert bench.load(PRODUCTION + PAYPAL.replace(".sandbox", "")).takes_paypal


@pytest.mark.parametrize(
    "url", ["sandbox", "https://api-m.sandbox.paypal.com", "http://api-m.paypal.com", "https://127.0.0.1:1"]
)
def test_production_refuses_what_plays_at_being_paypal(bench: Bench, url: str) -> None:
    bench.production_secrets()
    bench.secret("paypal_secret", "hunter2")

    problem = bench.problem(PRODUCTION + PAYPAL, BOOKINGD_PAYPAL__BASE_URL=url)

    assert problem.complaint == "must be PayPal's https:// address in production"
    assert problem.hint == "write 'https://api-m.paypal.com'"


def test_a_brand_that_paypal_would_not_show_is_refused(bench: Bench) -> None:
    assert "127 characters" in bench.problem(f'[paypal]\nbrand = "{"x" * 128}"\n').complaint


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            '[database]\nowner_url = "postgresql://db/x"\n',
            'has no meaning beside database.url = "embedded"',
        ),
        (
            '[stripe]\nbase_url = "https://api.stripe.com"\nsecret_key_file = "./stripe_key"\n'
            '[sandbox]\nenabled = false\nmisbehave = ["stripe:slow"]\n',
            "'stripe:slow' has no meaning while sandbox.enabled is false",
        ),
        (
            '[mail]\nurl = "smtp://localhost"\n[sandbox]\nmisbehave = ["mail:drop"]\n',
            "'mail:drop' has no meaning unless mail.url is \"catcher\"",
        ),
        (
            "[search]\ndeadline_seconds = 30\n",
            "must be below server.request_timeout_seconds, which is 30:"
            " the request would end before its answer",
        ),
        ("[server]\nport = 8081\n", "is the same as server.port"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(bench: Bench, text: str, complaint: str) -> None:
    bench.secret("stripe_key", "sk_test_1")

    assert bench.problem(text).complaint == complaint


def test_the_mail_catcher_may_misbehave_where_there_is_no_other_stand_in(bench: Bench) -> None:
    bench.secret("stripe_key", "sk_test_1")

    settings = bench.load(
        '[stripe]\nbase_url = "https://api.stripe.com"\nsecret_key_file = "./stripe_key"\n'
        '[sandbox]\nenabled = false\nmisbehave = ["mail:greylist"]\n'
    )

    assert settings.sandbox.misbehave == ("mail:greylist",)


@pytest.mark.parametrize(("section", "seconds"), [("stripe", 30), ("paypal", 30), ("mail", 21)])
def test_a_time_out_that_could_not_take_effect_is_refused(bench: Bench, section: str, seconds: int) -> None:
    assert (
        "must be a number from 1 to" in bench.problem(f"[{section}]\ntimeout_seconds = {seconds}\n").complaint
    )


def test_a_mail_is_given_up_before_its_call_is_cut_off(bench: Bench) -> None:
    mail = bench.load("[mail]\ntimeout_seconds = 20\n").mail

    assert mail.timeout_seconds + mail.answer_seconds < CALL_LIMIT
    assert mail.answer_seconds > 5


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080"),
        ("0.0.0.0", "http://127.0.0.1:8080"),
        ("::", "http://[::1]:8080"),
        ("192.0.2.7", "http://192.0.2.7:8080"),
        ("fd00::7", "http://[fd00::7]:8080"),
    ],
)
def test_this_host_reaches_us_where_we_listen(bench: Bench, host: str, url: str) -> None:
    settings = bench.load(f'[server]\nhost = "{host}"\n')

    assert settings.server.local_url == url
    assert settings.public_url == url


def test_the_process_environment_is_read_when_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOKINGD_SERVER__PORT", "7171")

    assert load_settings(embedded_file()).server.port == 7171


def test_the_listener_of_a_process_needs_a_port_of_its_own(bench: Bench) -> None:
    [problem] = bench.problems("[metrics]\nport = 8080\n")

    assert (problem.key, problem.complaint.split(",")[0]) == ("metrics.port", "is the same as server.port")
    assert bench.load("[metrics]\nport = 8080\n[server]\nenabled = false\n").metrics.port == 8080


@pytest.mark.parametrize(
    "url", ["tcp://h", "tcp://h:5000/x", "udp://u:p@h:5000", "tcp://h:99999", "tcp://:5"]
)
def test_logstash_is_named_by_transport_host_and_port(bench: Bench, url: str) -> None:
    [problem] = bench.problems(f'[log.logstash]\nurl = "{url}"\n')

    assert problem.key == "log.logstash.url"


def test_logstash_takes_no_other_transport(bench: Bench) -> None:
    [problem] = bench.problems('[log.logstash]\nurl = "https://h:5000"\n')

    assert "must begin with tcp:// or udp://" in problem.complaint


@pytest.mark.parametrize("cost", ["46, 1", "19, 2", "12, 3", "64, 5"])
def test_what_a_password_costs_in_production_is_enough(bench: Bench, cost: str) -> None:
    bench.production_secrets()

    assert bench.load(PRODUCTION + _costing(cost)).production


@pytest.mark.parametrize("cost", ["45, 1", "18, 2", "11, 9"])
def test_passwords_that_are_cheap_to_guess_are_refused_in_production(bench: Bench, cost: str) -> None:
    bench.production_secrets()

    [problem] = bench.problems(PRODUCTION + _costing(cost))

    assert problem.key == "security.password_memory_mib"
    assert bench.load("[security]\n" + _costing(cost)).security.password_memory_mib < 46


def _costing(cost: str) -> str:
    memory, _, passes = cost.partition(", ")
    return f"password_memory_mib = {memory}\npassword_passes = {passes}\n"


NAMED = """
images.example.com *.example.com a-1.b.example.museum xn--bcher-kva.example http://127.0.0.1:8081
""".split()
NOT_NAMED = """
* *. com *.com *.*.com https://images.example.com images.example.com/ images.example.com:443 127.0.0.1
10.0.0.1 [::1] localhost http://127.0.0.1 http://10.0.0.1:80 http://localhost:80 user@images.example.com
-a.example.com Images.example.com images..example.com
""".split()


@pytest.mark.parametrize("host", NAMED)
def test_pictures_come_from_hosts_that_are_named(bench: Bench, host: str) -> None:
    assert bench.load(BOOKINGD_PICTURES__HOSTS=host).pictures.hosts == (host,)


@pytest.mark.parametrize("host", NOT_NAMED)
def test_what_names_no_host_or_too_many_is_refused(bench: Bench, host: str) -> None:
    assert bench.problem(BOOKINGD_PICTURES__HOSTS=host).key == "BOOKINGD_PICTURES__HOSTS"


@pytest.mark.parametrize(
    ("written", "key", "complaint"),
    [
        ('[transfer]\niban = "DE89370400440532013001"\n', "transfer.iban", "check digits"),
        ('[transfer]\niban = "DE89370400440532013000"\n', "transfer.beneficiary", "whose account"),
        ('[transfer]\nbic = "COBA"\n', "transfer.bic", "8 or 11"),
        ("[payments]\nlast_reminder_days = 7\n", "payments.last_reminder_days", "first_reminder_days"),
        ("[payments]\ndeposit_percent = 101\n", "payments.deposit_percent", "0 to 100"),
    ],
)
def test_how_travellers_pay_fits_together(bench: Bench, written: str, key: str, complaint: str) -> None:
    (problem,) = bench.problems(written)

    assert problem.key == key
    assert complaint in str(problem)


class TestExchange:
    def test_what_is_added_to_rates_is_exact(self, bench: Bench) -> None:
        settings = bench.load(
            '[exchange]\ncurrencies = ["USD", "JPY"]\nmargin_percent = 2.35\nmargins = ["EUR/USD=1.1"]\n'
        )

        assert settings.sale_currencies == ("EUR", "USD", "JPY")
        assert settings.exchange.terms == ExchangeTerms(
            margin_percent=Decimal("2.35"), margins={("EUR", "USD"): Decimal("1.1")}, maximum_age=3
        )

    def test_a_margin_comes_from_the_environment_too(self, bench: Bench) -> None:
        settings = bench.load(
            "", BOOKINGD_EXCHANGE__MARGIN_PERCENT="0.5", BOOKINGD_EXCHANGE__CURRENCIES="USD"
        )

        assert settings.exchange.margin_percent == Decimal("0.5")
        assert settings.sale_currencies == ("EUR", "USD")

    @pytest.mark.parametrize(
        ("line", "complaint"),
        [
            ('currencies = ["USD", "BOV"]', "'BOV' is no currency code of ISO 4217 in capitals, such as USD"),
            ('currencies = ["usd"]', "'usd' is no currency code of ISO 4217 in capitals, such as USD"),
            ('currencies = ["USD", "USD"]', "'USD' is there twice"),
            ("margin_percent = 51", "must be a number from 0 to 50 with 4 decimals at most"),
            ("margin_percent = -1", "must be a number from 0 to 50 with 4 decimals at most"),
            ("margin_percent = 1.00001", "must be a number from 0 to 50 with 4 decimals at most"),
            ("margin_percent = nan", "must be a number from 0 to 50 with 4 decimals at most"),
            ("margin_percent = true", "must be a number from 0 to 50 with 4 decimals at most"),
            ('margin_percent = "2"', "must be a number from 0 to 50 with 4 decimals at most"),
            (
                'margins = ["EURUSD=2"]',
                "'EURUSD=2' is no pair of currencies with per cent, such as EUR/USD=1.5",
            ),
            (
                'margins = ["EUR/EUR=2"]',
                "'EUR/EUR=2' is no pair of currencies with per cent, such as EUR/USD=1.5",
            ),
            ('margins = ["EUR/USD=1", "EUR/USD=2"]', "EUR/USD is there twice"),
            ('margins = ["EUR/SEK=1"]', "has a margin from EUR into SEK, and nothing is sold in SEK"),
            ("maximum_age_business_days = 31", "must be a whole number from 0 to 30"),
        ],
    )
    def test_what_cannot_be_meant_is_told_with_its_key(self, bench: Bench, line: str, complaint: str) -> None:
        problem = bench.problem(f"[exchange]\n{line}\n")

        assert problem.complaint == complaint
        assert problem.key.startswith("exchange.")

    def test_a_suppliers_currencies_are_known_ones(self, bench: Bench) -> None:
        problem = bench.problem('[suppliers.inventory]\ncurrencies = ["EURO"]\n')

        assert problem.key == "suppliers.inventory.currencies"
