"""Which stand-ins are started, and where they and the daemon find each other."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bookingd.sandbox.stripe import StripeSandbox
from bookingd.sources import Sources
from bookingd.wiring.stand_ins import start_stand_ins
from tests.wiring.conftest import SettingsOf


@pytest.fixture
def key(tmp_path: Path) -> Path:
    file = tmp_path / "stripe_key"
    file.touch(mode=0o600)
    file.write_text("sk_test_1")
    return file


async def test_the_mail_page_is_there_whenever_mail_is_caught(settings_of: SettingsOf, key: Path) -> None:
    settings = settings_of(
        sandbox={"enabled": False, "port": 0, "misbehave": ["mail:slow"]},
        stripe={"base_url": "http://127.0.0.1:9", "secret_key_file": str(key)},
    )

    async with AsyncExitStack() as stack, aiohttp.ClientSession() as session:
        stand_ins = await start_stand_ins(settings, Sources.system(), stack=stack)

        assert stand_ins.stripe_url is None
        assert stand_ins.mail_page is not None
        async with session.get(stand_ins.mail_page) as page:
            assert page.status == 200


async def test_nothing_is_started_where_nothing_is_asked_for(settings_of: SettingsOf, key: Path) -> None:
    settings = settings_of(
        sandbox={"enabled": False},
        stripe={"base_url": "http://127.0.0.1:9", "secret_key_file": str(key)},
        mail={"url": "smtp://127.0.0.1:9"},
    )

    async with AsyncExitStack() as stack:
        stand_ins = await start_stand_ins(settings, Sources.system(), stack=stack)

    assert (stand_ins.smtp_url, stand_ins.mail_page) == (None, None)


async def test_those_of_another_process_are_found_at_its_ports(settings_of: SettingsOf) -> None:
    settings = settings_of(sandbox={"start": False, "port": 18081, "mail_port": 18025})

    async with AsyncExitStack() as stack:
        stand_ins = await start_stand_ins(settings, Sources.system(), stack=stack)

    assert stand_ins.stripe_url == "http://127.0.0.1:18081/stripe"
    assert stand_ins.smtp_url == "smtp://127.0.0.1:18025"
    assert stand_ins.mail_page == "http://127.0.0.1:18081/mail"


async def test_webhooks_go_where_the_daemon_listens(
    settings_of: SettingsOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []

    class Watched(StripeSandbox):
        def __init__(self, **given: Any) -> None:
            told.append(given["webhook_url"])
            super().__init__(**given)

    monkeypatch.setattr("bookingd.wiring.stand_ins.StripeSandbox", Watched)
    settings = settings_of(server={"host": "127.0.0.2"})

    async with AsyncExitStack() as stack:
        await start_stand_ins(settings, Sources.system(), stack=stack)

    assert told == [f"http://127.0.0.2:{settings.server.port}/webhooks/stripe"]
