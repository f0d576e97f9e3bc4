"""The mail catcher over a real socket, and what a browser is shown of it."""

import asyncio
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bookingd.sandbox.mail import Fault, MailCatcher, list_mail, read_mail
from bookingd.sandbox.mail_view import mail_view
from tests.fakes.sources import ManualClock, SequentialIds


def written(**headers: str) -> EmailMessage:
    mail = EmailMessage()
    values = {"From": "us@agency.example", "To": "anna@example.org", "Subject": "Hello"} | headers
    for name, value in values.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("plain <b>words</b>\n")
    mail.add_alternative("<p>rich words</p><script>alert(1)</script>", subtype="html")
    return mail


def names(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


async def send(catcher: MailCatcher, mail: EmailMessage, to: str = "anna@example.org") -> str:
    async with aiosmtplib.SMTP(
        hostname=catcher.host, port=catcher.port, local_hostname="client.test", timeout=5
    ) as smtp:
        _, answer = await smtp.send_message(mail, sender="us@agency.example", recipients=[to])
    return answer


@pytest.fixture
async def catcher(tmp_path: Path, clock: ManualClock, ids: SequentialIds) -> AsyncIterator[MailCatcher]:
    async with MailCatcher(tmp_path / "mail", clock=clock, ids=ids).serving() as running:
        yield running


async def test_a_mail_is_kept_with_its_envelope(catcher: MailCatcher, clock: ManualClock) -> None:
    await send(catcher, written(Message_ID="<1@agency.example>"))
    (kept,) = await list_mail(catcher.directory)
    assert (kept.sender, kept.recipients, kept.subject) == (
        "us@agency.example",
        ("anna@example.org",),
        "Hello",
    )
    assert (kept.message_id, kept.repeats, kept.received_at) == ("<1@agency.example>", 0, clock.now())
    mail = await read_mail(catcher.directory, kept.name)
    assert mail is not None
    assert mail["Subject"] == "Hello"


async def test_only_its_owner_can_read_what_is_kept(catcher: MailCatcher) -> None:
    await send(catcher, written())
    (kept,) = await list_mail(catcher.directory)
    assert catcher.directory.stat().st_mode & 0o77 == 0
    assert (catcher.directory / kept.name).stat().st_mode & 0o77 == 0


async def test_mail_is_listed_in_the_order_of_its_coming(catcher: MailCatcher, clock: ManualClock) -> None:
    for subject in ("first", "second", "third"):
        await send(catcher, written(Subject=subject))
        clock.advance(1)
    assert [kept.subject for kept in await list_mail(catcher.directory)] == ["first", "second", "third"]


async def test_a_repeated_message_id_is_recognised_after_a_restart_too(
    tmp_path: Path, clock: ManualClock, ids: SequentialIds
) -> None:
    for _ in range(3):
        async with MailCatcher(tmp_path, clock=clock, ids=ids).serving() as catcher:
            await send(catcher, written(Message_ID="<same@agency.example>"))
        clock.advance(1)
    assert [kept.repeats for kept in await list_mail(tmp_path)] == [0, 1, 2]


async def test_what_a_crash_left_unfinished_is_swept_away(
    tmp_path: Path, clock: ManualClock, ids: SequentialIds
) -> None:
    (tmp_path / "half.part").write_text("half a mail")
    (tmp_path / "notes.eml").write_text("not ours")
    async with MailCatcher(tmp_path, clock=clock, ids=ids).serving():
        assert await list_mail(tmp_path) == []
    assert names(tmp_path) == ["notes.eml"]


async def test_it_refuses_and_greylists_as_it_is_told(catcher: MailCatcher) -> None:
    catcher.misbehave(Fault.REFUSE, Fault.GREYLIST)
    for code in (550, 451):
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as error:
            await send(catcher, written())
        assert error.value.recipients[0].code == code
    await send(catcher, written())
    assert len(await list_mail(catcher.directory)) == 1


async def test_it_drops_the_connection_after_it_has_kept_the_mail(catcher: MailCatcher) -> None:
    catcher.misbehave(Fault.DROP)
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await send(catcher, written())
    assert len(await list_mail(catcher.directory)) == 1


async def test_a_slow_answer_takes_its_time(catcher: MailCatcher, clock: ManualClock) -> None:
    catcher.misbehave(Fault.SLOW)
    sending = asyncio.create_task(send(catcher, written()))
    done, _ = await asyncio.wait([sending], timeout=0.3)
    assert not done
    clock.advance(5)
    assert "kept as" in await sending


async def test_a_tag_in_the_address_asks_for_a_fault(catcher: MailCatcher) -> None:
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await send(catcher, written(), to="anna+drop@example.org")
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
        await send(catcher, written(), to="anna+refuse@example.org")
    await send(catcher, written(), to="anna+drop@example.org")
    await send(catcher, written(), to="anna+holiday@example.org")
    assert len(await list_mail(catcher.directory)) == 3


async def test_configured_faults_happen_every_time(
    tmp_path: Path, clock: ManualClock, ids: SequentialIds
) -> None:
    catcher = MailCatcher(tmp_path, clock=clock, ids=ids, misbehave=[Fault.GREYLIST])
    async with catcher.serving():
        for _ in range(2):
            with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
                await send(catcher, written())


@pytest.fixture
async def browser(catcher: MailCatcher) -> AsyncIterator[TestClient[Any, Any]]:
    app = web.Application()
    app.add_subapp("/mail", mail_view(catcher.directory))
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_the_list_shows_newest_first_and_escapes(
    catcher: MailCatcher, clock: ManualClock, browser: TestClient[Any, Any]
) -> None:
    await send(catcher, written(Subject="older", Message_ID="<1@x.example>"))
    clock.advance(1)
    await send(catcher, written(Subject="<img src=x onerror=alert(1)>", Message_ID="<1@x.example>"))
    answer = await browser.get("/mail")
    page = await answer.text()
    assert "<img" not in page
    assert page.index("&lt;img src=x") < page.index("older")
    assert "repeat 1" in page
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


async def test_an_empty_list_says_so(browser: TestClient[Any, Any]) -> None:
    assert "No mail yet" in await (await browser.get("/mail/")).text()


async def test_a_mail_is_shown_as_escaped_text_and_in_a_sandboxed_frame(
    catcher: MailCatcher, browser: TestClient[Any, Any]
) -> None:
    await send(catcher, written())
    (kept,) = await list_mail(catcher.directory)
    page = await (await browser.get(f"/mail/{kept.name}")).text()
    assert "plain &lt;b&gt;words&lt;/b&gt;" in page
    assert f'src="/mail/{kept.name}/html"' in page
    assert f'<a href="/mail/{kept.name}/html">Open alone</a>' in page
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    assert "<script" not in page
    frame = await browser.get(f"/mail/{kept.name}/html")
    policy = frame.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'")
    assert "allow-scripts" not in policy
    assert "<p>rich words</p>" in await frame.text()
    source = await browser.get(f"/mail/{kept.name}/source")
    assert source.content_type == "text/plain"
    assert "X-Envelope-To: anna@example.org" in await source.text()


@pytest.mark.parametrize(
    "name", ["nothing", "..%2f..%2fetc%2fpasswd", "20261122T120000000000Z-" + "0" * 32 + ".eml"]
)
@pytest.mark.parametrize("part", ["", "/html", "/source"])
async def test_what_is_no_mail_of_ours_is_not_found(
    browser: TestClient[Any, Any], name: str, part: str
) -> None:
    assert (await browser.get(f"/mail/{name}{part}")).status == 404
