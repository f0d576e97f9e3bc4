"""A desk to write mails at."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bookingd.sandbox.mail import MailCatcher
from bookingd.storage.database import Database
from tests.actors.mail_desk import Desk, at_desk
from tests.fakes.sources import fake_sources


@pytest.fixture
async def catcher(tmp_path: Path) -> AsyncIterator[MailCatcher]:
    """A mail server that keeps what it gets."""
    sources = fake_sources()
    async with MailCatcher(tmp_path / "mail", clock=sources.clock, ids=sources.ids).serving() as running:
        yield running


@pytest.fixture
async def desk(database: Database, catcher: MailCatcher) -> AsyncIterator[Desk]:
    """A process that writes mails."""
    async with at_desk(database, catcher, fake_sources(), data_timeout=5.0) as ready:
        yield ready
