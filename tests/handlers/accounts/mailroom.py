"""What stands behind the outbox for tests of accounts: the auth actor, and the links that mails carry."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from actors.auth import AuthActor
from bookingd.actor.kinds import Letter
from bookingd.messages import codec
from bookingd.messages.accounts import AddressChanged, SendProof
from bookingd.messages.catalogue import CATALOGUE
from bookingd.security.links import link_of
from bookingd.storage import proofs
from bookingd.storage.proofs import Proof
from tests.handlers.conftest import PUBLIC, Api


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail with a link."""

    to: str
    link: str
    proof: Proof

    @property
    def token(self) -> str:
        """What the link says."""
        return parse_qs(urlsplit(self.link).query)["token"][0]

    @property
    def path(self) -> str:
        """Where it leads."""
        return self.link.removeprefix(PUBLIC)


async def delivered(api: Api) -> list[Mail]:
    """Have everything that lies in the outbox done; the links that are sent by that, the oldest first."""
    sent = [*await found_out(api), *await taken(api)]
    return [mail for letter in sent if (mail := await _mail(api, letter.message))]


async def found_out(api: Api) -> list[Letter]:
    """Have the auth actor do what it was sent; all that lay in the outbox before."""
    actor, told = AuthActor(sources=api.parts.sources), await taken(api)
    for letter in told:
        if decide := actor.deciding.get(type(letter.message)):
            async with api.parts.transactions.begin() as transaction:
                await decide(transaction, [letter])
    return told


async def taken(api: Api) -> list[Letter]:
    """What lay in the outbox, and does no longer."""
    async with api.parts.database.transaction() as connection:
        rows = await connection.fetch("DELETE FROM outbox RETURNING id, bundle")
    bundles = [row["bundle"] for row in sorted(rows, key=lambda row: row["id"].int)]
    envelopes = [envelope for bundle in bundles for envelope in codec.unpack(bundle)]
    return [Letter(envelope=one, message=codec.read(one, CATALOGUE)) for one in envelopes]


async def _mail(api: Api, message: Any) -> Mail | None:
    match message:
        case SendProof(proof_id=proof_id) | AddressChanged(way_back=proof_id):
            async with api.parts.database.connection() as connection:
                proof = await proofs.find(connection, proof_id=proof_id)
            assert proof is not None
            assert proof.address is not None
            link = link_of(proof, signer=api.parts.signer, public_url=PUBLIC)
            return Mail(to=proof.address, link=link, proof=proof)
    return None
