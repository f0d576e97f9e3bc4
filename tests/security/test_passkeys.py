"""Passkeys: ours, for our host, over our challenge, from that very key; or refused."""

import copy
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookingd.domain.ids import AccountId
from bookingd.security.passkeys import (
    InvalidPasskey,
    KeptPasskey,
    NewPasskey,
    PasskeyName,
    RelyingParty,
    Signed,
    challenge_in,
    passkey_id,
)
from tests.fakes.authenticator import Authenticator

US = RelyingParty.at("https://travel.example.com", name="Example Travel")
ACCOUNT = AccountId(UUID("019a0000-0000-7000-8000-000000000001"))
CHALLENGE = "k.019a0000-0000-7000-8000-000000000002.6a1b2c3d.c2lnbmF0dXJl"


def registration(challenge: str = CHALLENGE, us: RelyingParty = US, *known: PasskeyName) -> dict[str, Any]:
    return us.ask_to_register(
        challenge, account=ACCOUNT, address="anna@mail.example", name="Anna", known=known
    )


def made_by(authenticator: Authenticator) -> NewPasskey:
    return US.registered(authenticator.make(registration()), challenge=CHALLENGE)


def kept(passkey: NewPasskey, sign_count: int | None = None) -> KeptPasskey:
    count = passkey.sign_count if sign_count is None else sign_count
    return KeptPasskey(id=passkey.id, public_key=passkey.public_key, sign_count=count)


def test_a_browser_is_told_who_asks_and_for_whom_without_an_address_in_the_handle() -> None:
    options = registration(CHALLENGE, US, PasskeyName(id=b"old", transports=("usb",)))

    assert options["rp"] == {"name": "Example Travel", "id": "travel.example.com"}
    assert options["user"]["name"] == "anna@mail.example"
    assert options["attestation"] == "none"
    assert options["excludeCredentials"] == [{"id": "b2xk", "type": "public-key", "transports": ["usb"]}]
    assert len(options["user"]["id"]) == 22


def test_a_passkey_that_was_made_is_known_by_its_id_and_key() -> None:
    authenticator = Authenticator()

    passkey = made_by(authenticator)

    assert passkey.id == authenticator.id
    assert passkey.transports == ("internal", "hybrid")


@pytest.mark.parametrize("verifies", [True, False])
def test_a_passkey_signs_in_and_says_whether_its_owner_showed_themselves(verifies: bool) -> None:
    authenticator = Authenticator()
    passkey = made_by(authenticator)
    authenticator.verifies = verifies
    answer = authenticator.sign(US.ask_to_sign(CHALLENGE, allowed=[PasskeyName(id=passkey.id)]))

    assert challenge_in(answer) == CHALLENGE
    assert passkey_id(answer) == passkey.id
    assert US.signed(answer, challenge=CHALLENGE, passkey=kept(passkey)) == Signed(
        sign_count=1, verified=verifies
    )


def test_without_a_password_the_owner_has_to_show_themselves() -> None:
    assert US.ask_to_sign(CHALLENGE)["userVerification"] == "required"
    assert US.ask_to_sign(CHALLENGE, allowed=[PasskeyName(id=b"x")])["userVerification"] == "preferred"


def test_synced_passkeys_do_not_count() -> None:
    authenticator = Authenticator(counts=False)
    passkey = made_by(authenticator)

    for _ in range(2):
        answer = authenticator.sign(US.ask_to_sign(CHALLENGE))
        assert US.signed(answer, challenge=CHALLENGE, passkey=kept(passkey)).sign_count == 0


def test_a_count_that_did_not_grow_may_be_a_copys() -> None:
    authenticator = Authenticator()
    passkey = made_by(authenticator)
    answer = authenticator.sign(US.ask_to_sign(CHALLENGE))

    with pytest.raises(InvalidPasskey, match="sign count"):
        US.signed(answer, challenge=CHALLENGE, passkey=kept(passkey, sign_count=1))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"origin": "https://travel.example.com.evil.example"}, "origin"),
        ({"origin": "http://travel.example.com"}, "origin"),
        ({"challenge": "YW5vdGhlcg"}, "challenge"),
        ({"type": "webauthn.create"}, "type"),
        ({"type": "payment.get"}, "type"),
    ],
)
def test_what_was_signed_for_another_page_or_purpose_is_refused(changes: dict[str, Any], why: str) -> None:
    authenticator = Authenticator()
    passkey = made_by(authenticator)
    answer = authenticator.sign(US.ask_to_sign(CHALLENGE), **changes)

    with pytest.raises(InvalidPasskey, match=why):
        US.signed(answer, challenge=CHALLENGE, passkey=kept(passkey))


def test_a_passkey_of_another_host_is_refused() -> None:
    authenticator = Authenticator()
    passkey = made_by(authenticator)
    authenticator.host = "evil.example"

    with pytest.raises(InvalidPasskey, match="RP ID"):
        US.signed(authenticator.sign(US.ask_to_sign(CHALLENGE)), challenge=CHALLENGE, passkey=kept(passkey))
    with pytest.raises(InvalidPasskey, match="RP ID"):
        US.registered(authenticator.make(registration()), challenge=CHALLENGE)


def test_anothers_signature_under_a_known_id_is_refused() -> None:
    owners, enemys = Authenticator(), Authenticator()
    passkey = made_by(owners)
    enemys.id = owners.id

    with pytest.raises(InvalidPasskey, match="signature"):
        US.signed(enemys.sign(US.ask_to_sign(CHALLENGE)), challenge=CHALLENGE, passkey=kept(passkey))


def test_another_passkey_than_the_one_that_was_looked_up_is_refused() -> None:
    one, other = Authenticator(), Authenticator()
    passkey = made_by(one)

    with pytest.raises(InvalidPasskey, match="another passkey"):
        US.signed(other.sign(US.ask_to_sign(CHALLENGE)), challenge=CHALLENGE, passkey=kept(passkey))


@pytest.mark.parametrize(
    "changes", [{"origin": "https://evil.example"}, {"challenge": "YQ"}, {"type": "webauthn.get"}]
)
def test_what_was_made_for_another_page_or_purpose_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(InvalidPasskey):
        US.registered(Authenticator().make(registration(), **changes), challenge=CHALLENGE)


def test_an_id_that_is_too_long_is_refused() -> None:
    authenticator = Authenticator()
    authenticator.id = b"x" * 1024

    with pytest.raises(InvalidPasskey, match="too long"):
        made_by(authenticator)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
AUTHENTICATOR = Authenticator()
PASSKEY = kept(made_by(AUTHENTICATOR))
MADE = AUTHENTICATOR.make(registration())
SIGNED = AUTHENTICATOR.sign(US.ask_to_sign(CHALLENGE))


@given(st.data())
def test_garbage_is_refused_and_nothing_else_happens(data: st.DataObject) -> None:
    """A right answer with one of its parts replaced by any JSON, or cut, or with a byte changed."""
    answer = copy.deepcopy(data.draw(st.sampled_from([MADE, SIGNED])))
    where = data.draw(st.sampled_from([answer, answer["response"]]))
    key = data.draw(st.sampled_from(sorted(where)))
    old = where[key]
    cut = st.integers(0, len(old)).map(lambda end: old[:end]) if isinstance(old, str) else st.nothing()
    where[key] = data.draw(JSON | cut)

    for judged in (
        lambda: US.registered(answer, challenge=CHALLENGE),
        lambda: US.signed(answer, challenge=CHALLENGE, passkey=PASSKEY),
        lambda: challenge_in(answer),
        lambda: passkey_id(answer),
    ):
        try:
            judged()
        except InvalidPasskey:
            continue


@given(JSON)
def test_what_is_no_answer_at_all_is_refused(garbage: Any) -> None:
    given = garbage if isinstance(garbage, dict) else {"response": garbage, "rawId": garbage}
    for judge in (challenge_in, lambda it: US.registered(it, challenge=CHALLENGE)):
        with pytest.raises(InvalidPasskey):
            judge(given)
