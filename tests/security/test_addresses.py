"""Which addresses can have an account, and which are the same."""

import pytest

from bookingd.security.addresses import UnfitAddress, account_address, key_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ada@example.org", "ADA@Example.ORG"),
        ("ada@example.org", "  ada@example.org "),
        ("zo\u00eb@example.org", "zoe\u0308@example.org"),
        ("ada@m\u00fcnchen.example", "ada@xn--mnchen-3ya.example"),
        ("\uff41da@example.org", "ada@example.org"),
        ("stra\u00dfe@example.org", "STRASSE@example.org"),
    ],
)
def test_all_ways_to_write_an_address_are_one(one: str, other: str) -> None:
    assert account_address(one).key == account_address(other).key


def test_an_address_is_kept_as_it_was_written() -> None:
    assert account_address(" Ada.L@Example.org").written == "Ada.L@Example.org"


@pytest.mark.parametrize(
    "text",
    [
        "\u0434\u0430\u0448\u0430@\u043f\u0440\u0438\u043c\u0435\u0440.example",
        "\u592a\u90ceTaro@example.org",
        "ada+trip@example.org",
        "o'neill@example.org",
    ],
)
def test_letters_of_every_script_are_welcome(text: str) -> None:
    assert account_address(text).written == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada",
        "@example.org",
        "ada@",
        "ada@localhost",
        "ada@exam ple.org",
        "ada\n@example.org",
        "a b@example.org",
        "ada@@example.org",
        f"{'a' * 65}@example.org",
        f"ada@{'a' * 250}.org",
        "ada@example..org",
        "ada@-example.org",
        "ada\x00@example.org",
        "\ud800@example.org",
    ],
)
def test_what_is_no_address_has_no_account(text: str) -> None:
    with pytest.raises(UnfitAddress):
        account_address(text)
    assert key_of(text) is None


@pytest.mark.parametrize("text", ["p\u0430ypal@example.org", "ada@ex\u0430mple.org", "\u0391da@example.org"])
def test_an_address_that_looks_like_another_is_refused(text: str) -> None:
    with pytest.raises(UnfitAddress, match="scripts"):
        account_address(text)
