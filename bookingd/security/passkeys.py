"""Passkeys (WebAuthn level 2): what a browser is asked to make or to sign, and whether what comes back is it.

The one rule: what comes from a browser is a registration or a signature for our host, over our challenge, or
it is InvalidPasskey; nothing else comes of it. The challenge is a token of ours, so whoever brings it back
says by that which one it was. We ask for no attestation: any make of authenticator will do.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, options_to_json_dict, parse_client_data_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from bookingd.domain.ids import AccountId

TIMEOUT = 300_000
"""Milliseconds that a person has (WebAuthn, 15.1); a challenge lasts as long."""

MAX_ID_BYTES = 1023
"""WebAuthn, 4: the longest credential id."""

_GARBAGE = (
    WebAuthnException,
    InvalidSignature,
    UnsupportedAlgorithm,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What reading and verifying raise for what is no answer of an authenticator."""


class InvalidPasskey(ValueError):
    """What came is not what was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyName:
    """By which authenticators know one: the credential's id, and how they are reached."""

    id: bytes
    transports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPasskey:
    """What is kept of a passkey that was made. `public_key` is a COSE key."""

    id: bytes
    public_key: bytes
    sign_count: int
    transports: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPasskey:
    """What a signature is judged by."""

    id: bytes
    public_key: bytes
    sign_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A passkey has signed: its count from now on, and whether its owner showed themselves to it (by finger,
    face or PIN), which makes it two factors.
    """

    sign_count: int
    verified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RelyingParty:
    """Us, as authenticators know us: the host's name binds a passkey to it, for good."""

    host: str
    origin: str
    name: str

    @classmethod
    def at(cls, public_url: str, *, name: str) -> "RelyingParty":
        """As of the address that browsers use."""
        parts = urlsplit(public_url)
        origin = f"{parts.scheme}://{parts.netloc}".lower()
        return cls(host=parts.hostname or "", origin=origin, name=name)

    def ask_to_register(
        self, challenge: str, *, account: AccountId, address: str, name: str, known: Iterable[PasskeyName]
    ) -> dict[str, Any]:
        """PublicKeyCredentialCreationOptionsJSON; who has one of the `known` makes no other."""
        options = generate_registration_options(
            rp_id=self.host,
            rp_name=self.name,
            user_id=account.bytes,
            user_name=address,
            user_display_name=name,
            challenge=challenge.encode(),
            timeout=TIMEOUT,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.PREFERRED,
                user_verification=UserVerificationRequirement.PREFERRED,
            ),
            exclude_credentials=[_descriptor(one) for one in known],
        )
        return options_to_json_dict(options)

    def ask_to_sign(self, challenge: str, *, allowed: Iterable[PasskeyName] = ()) -> dict[str, Any]:
        """PublicKeyCredentialRequestOptionsJSON: one of the `allowed`, as a second factor; or any that its
        owner chooses, who then has to show themselves to it.
        """
        names = [_descriptor(one) for one in allowed]
        need = UserVerificationRequirement.PREFERRED if names else UserVerificationRequirement.REQUIRED
        options = generate_authentication_options(
            rp_id=self.host,
            challenge=challenge.encode(),
            timeout=TIMEOUT,
            allow_credentials=names,
            user_verification=need,
        )
        return options_to_json_dict(options)

    def registered(self, given: Mapping[str, Any], *, challenge: str) -> NewPasskey:
        """The passkey that an authenticator made (RegistrationResponseJSON). Raises InvalidPasskey."""
        try:
            made = verify_registration_response(
                credential=dict(given),
                expected_challenge=challenge.encode(),
                expected_rp_id=self.host,
                expected_origin=self.origin,
            )
            transports = given["response"].get("transports") or ()
            named = tuple(one for one in transports if one in set(AuthenticatorTransport))
        except _GARBAGE as error:
            raise InvalidPasskey(f"no registration: {error}") from error
        if len(made.credential_id) > MAX_ID_BYTES:
            raise InvalidPasskey("the credential's id is too long")
        return NewPasskey(
            id=made.credential_id,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            transports=named,
        )

    def signed(self, given: Mapping[str, Any], *, challenge: str, passkey: KeptPasskey) -> Signed:
        """What the passkey's signature says (AuthenticationResponseJSON).

        Raises InvalidPasskey, also for a count that did not grow: there may be a copy of the passkey.
        """
        if passkey_id(given) != passkey.id:
            raise InvalidPasskey("another passkey signed")
        try:
            proof = verify_authentication_response(
                credential=dict(given),
                expected_challenge=challenge.encode(),
                expected_rp_id=self.host,
                expected_origin=self.origin,
                credential_public_key=passkey.public_key,
                credential_current_sign_count=passkey.sign_count,
            )
        except _GARBAGE as error:
            raise InvalidPasskey(f"no signature: {error}") from error
        return Signed(sign_count=proof.new_sign_count, verified=proof.user_verified)


def challenge_in(given: Mapping[str, Any]) -> str:
    """What the authenticator says it was asked: to be believed when that is a token of ours.

    Raises InvalidPasskey.
    """
    try:
        said = parse_client_data_json(base64url_to_bytes(given["response"]["clientDataJSON"]))
        return said.challenge.decode("ascii")
    except _GARBAGE as error:
        raise InvalidPasskey(f"no challenge: {error}") from error


def passkey_id(given: Mapping[str, Any]) -> bytes:
    """Which passkey it says it is. Raises InvalidPasskey."""
    try:
        return base64url_to_bytes(given["rawId"])
    except _GARBAGE as error:
        raise InvalidPasskey(f"no id: {error}") from error


def _descriptor(one: PasskeyName) -> PublicKeyCredentialDescriptor:
    transports = [AuthenticatorTransport(transport) for transport in one.transports]
    return PublicKeyCredentialDescriptor(id=one.id, transports=transports or None)
