"""RabbitMQ over TLS: believed by its certificate, and by nothing else."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from yarl import URL

from bookingd.bus.port import BrokerUnavailable, Mailbox, ask_once
from bookingd.messages import codec
from bookingd.messages.catalogue import Lane
from tests.bus.rabbit import rabbit_bus
from tests.bus.test_contract import BALANCE, DEPOSIT, ORIGIN, Answerer, Consumer, Publisher, bundle_of
from tests.channels.servers import self_signed
from tests.servers.process import Port
from tests.servers.rabbitmq import Node
from tests.toy.messages import CATALOGUE

pytestmark = pytest.mark.full

BANK = Mailbox("bank", Lane.NORMAL)


class Veiled(NamedTuple):
    """A broker that listens over TLS: where, and the certificate that it shows."""

    url: URL
    certificate: Path


@pytest.fixture(scope="module")
def veiled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Veiled]:
    directory = tmp_path_factory.mktemp("tls")
    self_signed(directory)
    pem = directory / "server.pem"
    files = [f"ssl_options.{name} = {pem}" for name in ("cacertfile", "certfile", "keyfile")]
    with Port() as port:
        node = Node(directory / "rabbitmq", f"listeners.ssl.1 = 127.0.0.1:{port.number}", *files)
        try:
            node.start()
            plain = URL(node.add_virtual_host("veiled"))
            yield Veiled(plain.with_scheme("amqps").with_port(port.number), pem)
        finally:
            node.remove()


async def test_commands_queries_and_answers_travel_over_tls(veiled: Veiled) -> None:
    url = str(veiled.url.with_query(cafile=str(veiled.certificate)))
    here, there, consumer = rabbit_bus(url), rabbit_bus(url), Consumer()
    for bus in (here, there):
        await bus.open()
    await there.consume(actor="bank", lane=Lane.NORMAL, prefetch=4, receive=consumer)
    await there.serve(actor="bank", backlog=64, receive=Answerer(7, 8))

    here.publish([bundle_of(DEPOSIT)], Publisher())
    [incoming] = await consumer.wait_for(1)
    answer = await ask_once(here, BALANCE, origin=ORIGIN, timeout=5)

    assert codec.read(incoming.envelopes[0], CATALOGUE) == DEPOSIT
    assert answer == 8
    for bus in (here, there):
        await bus.close()


async def test_a_broker_whose_certificate_nobody_vouches_for_is_refused(veiled: Veiled) -> None:
    with pytest.raises(BrokerUnavailable, match="certificate verify failed") as refused:
        await rabbit_bus(str(veiled.url)).open()

    assert "tester:" not in str(refused.value)


async def test_a_certificate_for_another_host_is_refused(veiled: Veiled) -> None:
    elsewhere = veiled.url.with_host("localhost").with_query(cafile=str(veiled.certificate))

    with pytest.raises(BrokerUnavailable, match="certificate"):
        await rabbit_bus(str(elsewhere)).open()


async def test_who_speaks_no_tls_is_told_so(veiled: Veiled) -> None:
    plain = veiled.url.with_scheme("amqp")

    with pytest.raises(BrokerUnavailable):
        await rabbit_bus(str(plain)).open()
