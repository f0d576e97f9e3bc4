"""The e-mail channel over a real socket: what is sent, and how each mishap ends."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from html import unescape
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from bookingd.channels.email import IDLE_SECONDS, BadSmtpUrl, EmailChannel, SmtpServer, Tls
from bookingd.channels.port import OutgoingMail
from bookingd.domain.ids import IntentId
from bookingd.outcomes import Refused, Unavailable, UnknownOutcome
from bookingd.telemetry.context import correlation
from tests.channels.servers import Handler, bare_server, self_signed, smtp_server
from tests.fakes.sources import ManualClock

KEY = IntentId(UUID("019ab000-0000-7000-8000-000000000001"))
OTHER_KEY = IntentId(UUID("019ab000-0000-7000-8000-000000000002"))


def mail(recipient: str = "anna@example.org", **changes: str) -> OutgoingMail:
    values = {
        "recipient": recipient,
        "subject": "Your trip is booked - KV7Q2M",
        "text": "Guten Flug, Zoë!\n.\n..dots\nFrom here to there\n",
        "html": "<p>Guten Flug, Zoë!</p>",
    } | changes
    return OutgoingMail(**values)


@asynccontextmanager
async def channel_to(port: int, clock: ManualClock, **changes: Any) -> AsyncIterator[EmailChannel]:
    server = changes.pop("server", None) or SmtpServer(host="127.0.0.1", port=port, tls=Tls.OFF)
    settings: dict[str, Any] = {
        "from_address": "bookings@agency.example",
        "from_name": "Reisebüro “Süd”, Köln",
        "reply_to": "help@agency.example",
        "public_host": "trips.agency.example",
        "timeout": 5.0,
        "data_timeout": 5.0,
    } | changes
    channel = EmailChannel(server=server, clock=clock, **settings)
    try:
        yield channel
    finally:
        await channel.close()


async def test_a_mail_arrives_as_it_was_written(clock: ManualClock) -> None:
    handler = Handler()
    async with smtp_server(handler) as port, channel_to(port, clock) as channel:
        delivery = await channel.send(mail(recipient_name='Zoë "Z" Müller'), key=KEY)
    received = handler.mails[0].mail
    assert delivery.message_id == f"<{KEY}@trips.agency.example>" == received["Message-ID"]
    assert delivery.receipt == "250 2.0.0 queued as 4711"
    assert (handler.mails[0].sender, handler.mails[0].recipient) == (
        "bookings@agency.example",
        "anna@example.org",
    )
    assert received["From"].addresses[0].display_name == "Reisebüro “Süd”, Köln"
    assert received["To"].addresses[0].display_name == 'Zoë "Z" Müller'
    assert received["Reply-To"] == "help@agency.example"
    assert received["Subject"] == "Your trip is booked - KV7Q2M"
    assert received["Date"].datetime == clock.now()
    assert received["Auto-Submitted"] == "auto-generated"
    assert received["Content-Language"] == "en"
    assert received["List-Unsubscribe"] is None


async def test_a_mail_names_the_user_action_that_led_to_it(clock: ManualClock) -> None:
    handler, action = Handler(), UUID("01990000-0000-7000-8000-00000000beef")
    async with smtp_server(handler) as port, channel_to(port, clock) as channel:
        mark = correlation.set(action)
        try:
            await channel.send(mail(), key=KEY)
        finally:
            correlation.reset(mark)
        await channel.send(mail(), key=KEY)

    assert handler.mails[0].mail["X-Correlation-Id"] == str(action)
    assert handler.mails[1].mail["X-Correlation-Id"] is None


async def test_text_comes_first_and_both_parts_survive(clock: ManualClock) -> None:
    handler = Handler()
    async with smtp_server(handler) as port, channel_to(port, clock) as channel:
        await channel.send(mail(), key=KEY)
    received = handler.mails[0].mail
    text, html = received.iter_parts()
    assert received.get_content_type() == "multipart/alternative"
    assert text.get_content().replace("\r\n", "\n") == mail().text
    assert unescape(html.get_content().strip()) == mail().html
    assert [part["Content-Transfer-Encoding"] for part in (text, html)] == ["quoted-printable", "7bit"]


@pytest.mark.parametrize("line", ["x" * 999, "a\x00b", f"--=_{KEY}"])
async def test_what_no_relay_may_see_as_it_is_is_encoded(clock: ManualClock, line: str) -> None:
    handler = Handler()
    async with smtp_server(handler) as port, channel_to(port, clock) as channel:
        await channel.send(mail(html=f"<p>\n{line}\n</p>"), key=KEY)
    _, html = handler.mails[0].mail.iter_parts()
    assert html["Content-Transfer-Encoding"] == "quoted-printable"
    assert html.get_content().replace("\r\n", "\n") == f"<p>\n{line}\n</p>\n"


async def test_a_body_cannot_end_its_part_early(clock: ManualClock) -> None:
    handler = Handler()
    forged = f"Dear Zoë,\n--=_{KEY}--\n\n--=_{KEY}\nContent-Type: text/html\n\n<p>pay here</p>\n"
    async with smtp_server(handler) as port, channel_to(port, clock) as channel:
        await channel.send(mail(text=forged, html=f"<p>\n--=_{KEY}--\n</p>"), key=KEY)
    text, html = handler.mails[0].mail.iter_parts()
    assert text.get_content().replace("\r\n", "\n") == forged
    assert html.get_content().replace("\r\n", "\n") == f"<p>\n--=_{KEY}--\n</p>\n"


@pytest.mark.parametrize("subject", ["=?utf-8?q?Hello?=", " led by a space", "x" * 78, "", "caf\u00e9"])
async def test_a_subject_is_read_as_it_was_written(clock: ManualClock, subject: str) -> None:
    handler = Handler()
    async with smtp_server(handler) as port, channel_to(port, clock) as channel:
        await channel.send(mail(subject=subject), key=KEY)
    read = {"=?utf-8?q?Hello?=": "Hello", " led by a space": "led by a space"}
    assert handler.mails[0].mail["Subject"] == read.get(subject, subject)


async def test_every_line_is_short_ascii_whatever_the_content(clock: ManualClock) -> None:
    handler = Handler()
    long = mail(
        subject="x" * 250,
        text="wörter" * 5000,
        html=f"<p>{'ü' * 5000}</p>\r<p>\r\nend",
        recipient_name="ä" * 500,
    )
    async with smtp_server(handler) as port, channel_to(port, clock) as channel:
        await channel.send(long, key=KEY)
    octets = handler.mails[0].octets
    assert octets.isascii()
    assert max(len(line) for line in octets.split(b"\r\n")) <= 998
    assert b"\r" not in octets.replace(b"\r\n", b"")
    assert b"\n" not in octets.replace(b"\r\n", b"")
    assert handler.mails[0].mail["Subject"] == "x" * 250


@pytest.mark.parametrize(
    "recipient",
    [
        "anna@example.org\r\nRCPT TO:<eve@example.org>",
        "anna@example.org\n",
        "anna@example.org, eve@example.org",
        "anna@example.org> SIZE=1",
        "<anna@example.org>",
        "Anna <anna@example.org>",
        '"an na"@example.org',
        "anna",
        "@example.org",
        "anna@",
        "anna@@example.org",
        "anna@exam ple.org",
        "anna@-example-.org",
        "an\x00na@example.org",
        "anna\u2028@example.org",
        "\ud800@example.org",
        "a" * 65 + "@example.org",
        "a@" + "b" * 60 + ".org" * 60,
    ],
)
async def test_an_address_that_is_none_is_refused_before_anything_is_said(
    clock: ManualClock, recipient: str
) -> None:
    handler = Handler()
    async with smtp_server(handler) as port, channel_to(port, clock) as channel:
        with pytest.raises(Refused, match="bad_address") as refusal:
            await channel.send(mail(recipient), key=KEY)
    assert handler.connections == 0
    assert "anna" not in str(refusal.value)


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\x0b", "\x85", "\u2028", "\x00"])
@pytest.mark.parametrize("where", ["subject", "recipient_name"])
async def test_a_header_cannot_be_broken_open(clock: ManualClock, where: str, break_: str) -> None:
    handler = Handler()
    evil = mail(**{where: f"Hello{break_}Bcc: eve@example.org"})
    async with smtp_server(handler) as port, channel_to(port, clock) as channel:
        with pytest.raises(Refused, match="bad_header"):
            await channel.send(evil, key=KEY)
    assert handler.connections == 0


async def test_a_domain_in_other_letters_becomes_ascii(clock: ManualClock) -> None:
    handler = Handler()
    async with smtp_server(handler) as port, channel_to(port, clock) as channel:
        await channel.send(mail("anna@Bücher.example"), key=KEY)
    assert handler.mails[0].recipient == "anna@xn--bcher-kva.example"
    assert "SMTPUTF8" not in handler.mails[0].options


async def test_a_mailbox_in_other_letters_goes_by_smtputf8(clock: ManualClock) -> None:
    handler = Handler()
    async with smtp_server(handler) as port, channel_to(port, clock) as channel:
        await channel.send(mail("δοκιμή@παράδειγμα.example"), key=KEY)
    assert handler.mails[0].recipient == "δοκιμή@xn--hxajbheg2az3al.example"
    assert "SMTPUTF8" in handler.mails[0].options
    assert "δοκιμή@".encode() in handler.mails[0].octets


async def test_a_mailbox_in_other_letters_is_refused_where_the_server_cannot(clock: ManualClock) -> None:
    handler = Handler()
    async with (
        smtp_server(handler, enable_SMTPUTF8=False) as port,
        channel_to(port, clock) as channel,
    ):
        with pytest.raises(Refused, match="smtputf8_unsupported"):
            await channel.send(mail("δοκιμή@example.org"), key=KEY)


async def test_a_refused_recipient_is_final_and_not_repeated_in_the_error(clock: ManualClock) -> None:
    handler = Handler(recipient_answer="550 5.1.1 <anna@example.org>: no such user")
    async with smtp_server(handler) as port, channel_to(port, clock) as channel:
        with pytest.raises(Refused) as refusal:
            await channel.send(mail(), key=KEY)
    assert refusal.value.code == "recipient_refused"
    assert str(refusal.value) == "recipient_refused: the mail server answered 550 5.1.1"


async def test_a_greylisted_recipient_is_tried_again_on_a_new_connection(clock: ManualClock) -> None:
    handler = Handler(recipient_answer="451 4.7.1 later")
    async with smtp_server(handler) as port, channel_to(port, clock) as channel:
        with pytest.raises(Unavailable, match=r"451 4\.7\.1"):
            await channel.send(mail(), key=KEY)
        handler.recipient_answer = None
        await channel.send(mail(), key=KEY)
    assert (len(handler.mails), handler.connections) == (1, 2)


@pytest.mark.parametrize(
    ("answer", "error"),
    [("554 5.6.0 spam", Refused), ("452 4.3.1 full", Unavailable), ("421 4.3.0 going down", Unavailable)],
)
async def test_the_answer_to_the_mail_decides(
    clock: ManualClock, answer: str, error: type[Exception]
) -> None:
    handler = Handler(script=[answer])
    async with smtp_server(handler) as port, channel_to(port, clock) as channel:
        with pytest.raises(error):
            await channel.send(mail(), key=KEY)


async def test_a_refused_sender_waits_for_an_operator_instead_of_losing_mail(clock: ManualClock) -> None:
    handler = Handler(sender_answer="550 5.7.1 not you")
    async with smtp_server(handler) as port, channel_to(port, clock) as channel:
        with pytest.raises(Unavailable, match="refuses our sender") as error:
            await channel.send(mail(), key=KEY)
    assert error.value.retry_after == 300


async def test_a_connection_lost_after_data_is_unknown_and_the_repeat_has_the_same_message_id(
    clock: ManualClock,
) -> None:
    handler = Handler(script=["drop"])
    async with smtp_server(handler) as port, channel_to(port, clock) as channel:
        with pytest.raises(UnknownOutcome):
            await channel.send(mail(), key=KEY)
        await channel.send(mail(), key=KEY)
        await channel.send(mail(), key=OTHER_KEY)
    first, second, third = (received.mail["Message-ID"] for received in handler.mails)
    assert first == second == channel.message_id(KEY)
    assert third != first


async def test_a_server_that_never_answers_the_mail_leaves_the_outcome_unknown(clock: ManualClock) -> None:
    handler = Handler(script=["hang"])
    async with smtp_server(handler) as port, channel_to(port, clock, data_timeout=0.2) as channel:
        with pytest.raises(UnknownOutcome):
            await channel.send(mail(), key=KEY)


async def test_an_unreadable_answer_to_the_mail_leaves_the_outcome_unknown(clock: ManualClock) -> None:
    handler = Handler(script=["gibberish"])
    async with smtp_server(handler) as port, channel_to(port, clock) as channel:
        with pytest.raises(UnknownOutcome):
            await channel.send(mail(), key=KEY)


async def test_a_cancelled_mail_leaves_no_half_spoken_connection_behind(clock: ManualClock) -> None:
    handler = Handler(script=["hang"])
    async with smtp_server(handler) as port, channel_to(port, clock) as channel:
        sending = asyncio.create_task(channel.send(mail(), key=KEY))
        await handler.arrived.wait()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        await channel.send(mail(), key=OTHER_KEY)
    assert handler.connections == 2


async def test_a_server_that_is_not_there_is_unavailable(clock: ManualClock) -> None:
    async with smtp_server(Handler()) as port:
        pass
    async with channel_to(port, clock) as channel:
        with pytest.raises(Unavailable, match="cannot be reached"):
            await channel.send(mail(), key=KEY)


async def test_a_server_that_says_nothing_is_unavailable_in_time(clock: ManualClock) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with bare_server(silent) as port, channel_to(port, clock, timeout=0.2) as channel:
        with pytest.raises(Unavailable):
            await channel.send(mail(), key=KEY)


@pytest.mark.parametrize("greeting", [b"554 go away\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b""])
async def test_a_server_that_does_not_want_to_talk_is_unavailable(
    clock: ManualClock, greeting: bytes
) -> None:
    async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        await writer.drain()

    async with bare_server(rude) as port, channel_to(port, clock) as channel:
        with pytest.raises(Unavailable):
            await channel.send(mail(), key=KEY)


async def test_a_server_without_ehlo_gets_helo(clock: ManualClock) -> None:
    said: list[bytes] = []

    async def old(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers = {b"EHLO": b"502 what", b"DATA": b"354 go", b"QUIT": b"221 bye"}
        writer.write(b"220 old\r\n")
        while line := await reader.readline():
            said.append(line[:4])
            writer.write(answers.get(line[:4], b"250 ok") + b"\r\n")
            if line[:4] == b"DATA":
                await reader.readuntil(b"\r\n.\r\n")
                writer.write(b"250 ok\r\n")

    async with bare_server(old) as port, channel_to(port, clock) as channel:
        await channel.send(mail(), key=KEY)
    assert said == [b"EHLO", b"HELO", b"MAIL", b"RCPT", b"DATA", b"QUIT"]


async def test_a_recipient_who_has_moved_is_written_to(clock: ManualClock) -> None:
    arrived: list[bytes] = []

    async def forwarding(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers = {b"RCPT": b"251 will forward", b"DATA": b"354 go", b"QUIT": b"221 bye"}
        writer.write(b"220 here\r\n")
        while line := await reader.readline():
            writer.write(answers.get(line[:4], b"250 ok") + b"\r\n")
            if line[:4] == b"DATA":
                arrived.append(await reader.readuntil(b"\r\n.\r\n"))
                writer.write(b"250 ok\r\n")

    async with bare_server(forwarding) as port, channel_to(port, clock) as channel:
        await channel.send(mail(), key=KEY)
    assert len(arrived) == 1


AGREED = b"250 sender\r\n251 will forward\r\n354 go\r\n"
KEPT = b"250-2.0.0 kept\r\n250 as 4711\r\n"


def pipelining(
    said: list[bytes], answers: bytes = AGREED, word: bytes = KEPT
) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """A server with PIPELINING: `answers` to what precedes the mail, its `word` on that; it read `said`."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        await reader.readline()
        writer.write(b"250-here\r\n250 PIPELINING\r\n")
        while chunk := await reader.read(100_000):
            said.append(chunk)
            if chunk.startswith(b"MAIL"):
                writer.write(answers)
            elif chunk.endswith(b"\r\n.\r\n"):
                writer.write(word)

    return talk


async def test_where_the_server_has_pipelining_commands_go_together(clock: ManualClock) -> None:
    said: list[bytes] = []
    async with bare_server(pipelining(said)) as port, channel_to(port, clock, timeout=0.5) as channel:
        first = await channel.send(mail(), key=KEY)
        await channel.send(mail(), key=OTHER_KEY)
    assert (
        said[0]
        == said[2]
        == b"\r\n".join([b"MAIL FROM:<bookings@agency.example>", b"RCPT TO:<anna@example.org>", b"DATA", b""])
    )
    assert said[4] == b"QUIT\r\n"
    assert first.receipt == "250 2.0.0 kept\nas 4711"


async def test_no_mail_follows_a_refused_recipient_though_the_server_waits_for_it(clock: ManualClock) -> None:
    said: list[bytes] = []
    server = pipelining(said, b"250 sender\r\n550 5.1.1 no such user\r\n354 go\r\n")
    async with bare_server(server) as port, channel_to(port, clock) as channel:
        with pytest.raises(Refused, match="recipient_refused"):
            await channel.send(mail(), key=KEY)
    assert len(said) == 1


async def test_a_refusal_of_data_is_about_the_mail(clock: ManualClock) -> None:
    server = pipelining([], b"250 sender\r\n250 recipient\r\n451 4.3.0 not now\r\n")
    async with bare_server(server) as port, channel_to(port, clock) as channel:
        with pytest.raises(Unavailable, match=r"451 4\.3\.0"):
            await channel.send(mail(), key=KEY)


async def test_an_answer_that_comes_before_the_mail_is_not_taken_for_its_own(clock: ManualClock) -> None:
    said: list[bytes] = []
    server = pipelining(said, b"250 sender\r\n250 recipient\r\n354 go\r\n250 too much\r\n")
    async with bare_server(server) as port, channel_to(port, clock) as channel:
        with pytest.raises(Unavailable, match="unasked"):
            await channel.send(mail(), key=KEY)
    assert len(said) == 1


async def test_a_connection_on_which_the_server_spoke_unasked_is_not_used_again(clock: ManualClock) -> None:
    said: list[bytes] = []
    server = pipelining(said, AGREED, b"250 as 4711\r\n421 by the way\r\n")
    async with bare_server(server) as port, channel_to(port, clock) as channel:
        await channel.send(mail(), key=KEY)
        await channel.send(mail(), key=OTHER_KEY)
    assert b"QUIT\r\n" not in said


async def test_an_answer_without_end_is_not_listened_to(clock: ManualClock) -> None:
    server = pipelining([], b"250-" + b"x" * 100_000)
    async with bare_server(server) as port, channel_to(port, clock) as channel:
        with pytest.raises(Unavailable, match="lost"):
            await channel.send(mail(), key=KEY)


async def test_one_connection_serves_many_mails(clock: ManualClock) -> None:
    handler = Handler()
    async with smtp_server(handler) as port, channel_to(port, clock) as channel:
        for _ in range(5):
            await channel.send(mail(), key=KEY)
    assert (len(handler.mails), handler.connections) == (5, 1)


async def test_whoever_waits_too_long_for_a_connection_has_begun_nothing(clock: ManualClock) -> None:
    handler = Handler(script=["hang"])
    async with (
        smtp_server(handler) as port,
        channel_to(port, clock, connections=1, patience=0.05) as channel,
        asyncio.TaskGroup() as tasks,
    ):
        first = tasks.create_task(channel.send(mail(), key=KEY))
        await handler.arrived.wait()
        with pytest.raises(Unavailable, match="busy"):
            await channel.send(mail(), key=OTHER_KEY)
        first.cancel()
    assert (len(handler.mails), handler.connections) == (1, 1)


async def test_a_connection_that_rested_too_long_is_not_trusted(clock: ManualClock) -> None:
    handler = Handler()
    async with smtp_server(handler) as port, channel_to(port, clock) as channel:
        await channel.send(mail(), key=KEY)
        clock.advance(IDLE_SECONDS + 1)
        await channel.send(mail(), key=OTHER_KEY)
    assert handler.connections == 2


async def test_a_kept_connection_that_the_server_closed_costs_no_mail(clock: ManualClock) -> None:
    handler = Handler()
    async with smtp_server(handler) as port, channel_to(port, clock) as channel:
        await channel.send(mail(), key=KEY)
        handler.hang_up()
        await channel.send(mail(), key=OTHER_KEY)
    assert [received.mail["Message-ID"] for received in handler.mails] == [
        channel.message_id(KEY),
        channel.message_id(OTHER_KEY),
    ]


async def test_a_kept_connection_that_says_421_costs_no_mail(clock: ManualClock) -> None:
    handler = Handler()
    limits = {"MAIL": 1, "*": 20}
    async with (
        smtp_server(handler, command_call_limit=limits) as port,
        channel_to(port, clock) as channel,
    ):
        await channel.send(mail(), key=KEY)
        await channel.send(mail(), key=OTHER_KEY)
    assert (len(handler.mails), handler.connections) == (2, 2)


async def test_mails_go_out_side_by_side_up_to_the_limit(clock: ManualClock) -> None:
    handler = Handler()
    async with smtp_server(handler) as port, channel_to(port, clock, connections=3) as channel:
        await asyncio.gather(*(channel.send(mail(), key=KEY) for _ in range(12)))
    assert (len(handler.mails), handler.connections) == (12, 3)


async def test_starttls_is_used_where_offered_even_from_a_stranger(
    clock: ManualClock, tmp_path: Path
) -> None:
    theirs, _ = self_signed(tmp_path)
    handler = Handler()
    async with smtp_server(handler, tls_context=theirs, require_starttls=True) as port:
        server = SmtpServer.from_url(f"smtp://127.0.0.1:{port}")
        async with channel_to(port, clock, server=server) as channel:
            await channel.send(mail(), key=KEY)
    assert len(handler.mails) == 1


async def test_required_starttls_wants_a_certificate_that_it_trusts(
    clock: ManualClock, tmp_path: Path
) -> None:
    theirs, trust = self_signed(tmp_path)
    handler = Handler()
    async with smtp_server(handler, tls_context=theirs) as port:
        url = f"smtp://127.0.0.1:{port}?starttls=required"
        async with channel_to(port, clock, server=SmtpServer.from_url(url)) as channel:
            with pytest.raises(Unavailable):
                await channel.send(mail(), key=KEY)
        async with channel_to(port, clock, server=SmtpServer.from_url(url, trust=trust)) as channel:
            await channel.send(mail(), key=KEY)
    assert len(handler.mails) == 1


async def test_required_starttls_never_falls_back_to_plain_text(clock: ManualClock) -> None:
    handler = Handler()
    async with smtp_server(handler) as port:
        server = SmtpServer.from_url(f"smtp://127.0.0.1:{port}?starttls=required")
        async with channel_to(port, clock, server=server) as channel:
            with pytest.raises(Unavailable):
                await channel.send(mail(), key=KEY)
    assert handler.mails == []


async def test_smtps_logs_in_with_what_the_url_says(clock: ManualClock, tmp_path: Path) -> None:
    theirs, trust = self_signed(tmp_path)
    handler = Handler()
    options: dict[str, Any] = {"authenticator": handler.login, "auth_require_tls": False}
    async with smtp_server(handler, tls=theirs, **options) as port:
        server = SmtpServer.from_url(f"smtps://us%40er:p%40ss%20word@127.0.0.1:{port}", trust=trust)
        async with channel_to(port, clock, server=server) as channel:
            await channel.send(mail(), key=KEY)
    assert handler.logins == ["us@er:p@ss word"]
    assert len(handler.mails) == 1
    assert "p@ss" not in repr(server) + repr(channel)


async def test_a_wrong_password_waits_for_an_operator(clock: ManualClock, tmp_path: Path) -> None:
    theirs, trust = self_signed(tmp_path)
    handler = Handler()
    options: dict[str, Any] = {"auth_required": True, "authenticator": handler.login, "tls_context": theirs}
    async with smtp_server(handler, **options) as port:
        server = SmtpServer.from_url(f"smtp://user:wrong@127.0.0.1:{port}", trust=trust)
        async with channel_to(port, clock, server=server) as channel:
            with pytest.raises(Unavailable, match="does not let us in") as error:
                await channel.send(mail(), key=KEY)
    assert error.value.retry_after == 300
    assert "wrong" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "port", "tls"),
    [
        ("smtp://mx.example", 25, Tls.OFFERED),
        ("smtp://mx.example?starttls=off", 25, Tls.OFF),
        ("smtp://mx.example?starttls=required", 587, Tls.REQUIRED),
        ("smtp://u:p@mx.example", 587, Tls.REQUIRED),
        ("smtp://u:p@mx.example:2525?starttls=off", 2525, Tls.OFF),
        ("smtps://u:p@mx.example", 465, Tls.IMPLICIT),
    ],
)
def test_a_url_says_how_the_server_is_reached(url: str, port: int, tls: Tls) -> None:
    server = SmtpServer.from_url(url)
    assert (server.host, server.port, server.tls) == ("mx.example", port, tls)


@pytest.mark.parametrize(
    "url",
    [
        "http://mx.example",
        "smtp://",
        "catcher",
        "smtp://mx.example?starttls=maybe",
        "smtps://mx.example?starttls=off",
        "smtp://mx.example?tls=yes",
    ],
)
def test_a_url_that_means_nothing_is_told(url: str) -> None:
    with pytest.raises(BadSmtpUrl):
        SmtpServer.from_url(url)


@pytest.mark.parametrize(
    ("host", "written"),
    [("127.0.0.1", "[127.0.0.1]"), ("::1", "[IPv6:::1]"), ("bücher.example", "xn--bcher-kva.example")],
)
async def test_the_message_id_is_well_formed_on_any_host(clock: ManualClock, host: str, written: str) -> None:
    handler = Handler()
    async with smtp_server(handler) as port, channel_to(port, clock, public_host=host) as channel:
        await channel.send(mail(), key=KEY)
    assert handler.mails[0].mail["Message-ID"] == f"<{KEY}@{written}>"
