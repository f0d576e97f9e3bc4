"""Which addresses are looked at at all, and which are on the public Internet."""

from ipaddress import ip_address

import pytest

from bookingd.pictures.guard import Forbidden, Hosts, is_public

PRIVATE = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.254 127.0.0.1 127.1.2.3 169.254.169.254
172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.8 192.0.0.170 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1
198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 :: ::1
::ffff:127.0.0.1 ::ffff:8.8.8.8 ::ffff:10.0.0.1 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b::808:808
64:ff9b:1::1 100::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:db8::1 2002:7f00:1::
2002:a9fe:a9fe:: 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fd12:3456:789a::1 fe80::1 fe80::1%eth0 fec0::1
ff02::1 ff0e::1
""".split()

PUBLIC = """
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.1 100.63.255.255 100.128.0.1 126.255.255.255 128.0.0.1 169.253.255.255
172.15.255.255 172.32.0.1 192.167.255.255 192.169.0.1 198.17.255.255 198.20.0.1 223.255.255.255
2001:4860:4860::8888 2606:4700:4700::1111 2a00:1450:4001:82a::200e 2400:cb00:2048:1::c629:d7a2
""".split()

HOSTS = Hosts(["images.example.com", "*.pictures.example", "http://127.0.0.1:8081"])


@pytest.mark.parametrize("address", PRIVATE)
def test_nothing_is_fetched_from_within(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_hosts_of_the_internet_are_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "https://images.example.com/1.jpg",
        "https://images.example.com:443/1.jpg?size=large#top",
        "HTTPS://IMAGES.EXAMPLE.COM/1.jpg",
        "https://a.pictures.example/",
        "https://a.b.pictures.example/",
        "http://127.0.0.1:8081/1.jpg",
    ],
)
def test_named_hosts_are_asked(address: str) -> None:
    assert HOSTS.check(address).fragment == ""


@pytest.mark.parametrize(
    "address",
    [
        "",
        "images.example.com/1.jpg",
        "//images.example.com/1.jpg",
        "http://images.example.com/1.jpg",
        "https://images.example.com:8443/1.jpg",
        "https://images.example.com.evil.example/1.jpg",
        "https://evil.example/images.example.com",
        "https://images.example.com@evil.example/1.jpg",
        "https://evil.example#@images.example.com/",
        "https://evil.example\\@images.example.com/",
        "https://user@images.example.com/1.jpg",
        "https://:secret@images.example.com/1.jpg",
        "https://pictures.example/",
        "https://evilpictures.example/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://0x7f.1/",
        "https://2130706433/",
        "http://127.0.0.1/1.jpg",
        "http://127.0.0.1:8082/1.jpg",
        "https://127.0.0.1:8081/1.jpg",
        "http://localhost:8081/1.jpg",
        "http://user@127.0.0.1:8081/1.jpg",
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "ftp://images.example.com/1.jpg",
        "data:image/png;base64,AAAA",
        "javascript:alert(1)",
        "gopher://images.example.com/",
        "https:///1.jpg",
        "https://[/",
        "https://images.example.com:99999/",
        "https://images.example.com/" + "a" * 2000,
        "https://images.example.com\r\nHost: evil.example/",
    ],
)
def test_nobody_else_is(address: str) -> None:
    with pytest.raises(Forbidden):
        HOSTS.check(address)


def test_where_no_host_is_named_nobody_is_asked() -> None:
    with pytest.raises(Forbidden):
        Hosts([]).check("https://images.example.com/1.jpg")
