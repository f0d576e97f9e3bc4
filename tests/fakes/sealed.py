"""Sealed values in every table that has them, for tests of replacing keys."""

from collections.abc import Sequence
from datetime import date

from bookingd.domain.accounts.travellers import DocumentType, TravelDocument, TravellerData
from bookingd.domain.ids import AccountId, TravellerId
from bookingd.security.keyring import Keyring
from bookingd.storage import second_factors, travellers
from bookingd.storage.database import Connection
from bookingd.storage.second_factors import totp_place
from tests.fakes.accounts import plant_account
from tests.fakes.sources import START, SeededChance, SequentialIds

KEYS = {"old": "61" * 32, "new": "62" * 32, "other": "63" * 32}
"""By id, as their file spells them."""

OLGA = TravellerData(
    name="Ольга",
    given_name="Olga",
    surname="Ivanova",
    born=date(1985, 3, 7),
    documents=(
        TravelDocument(
            type=DocumentType.PASSPORT,
            number="C01X00T47",
            issuing_country="DE",
            nationality="DE",
            expires_on=date(2036, 1, 1),
        ),
    ),
)


def keyring_of(*names: str) -> Keyring:
    """With these keys, of which the first seals."""
    return Keyring({name: bytes.fromhex(KEYS[name]) for name in names}, chance=SeededChance(len(names)))


def key_file(names: Sequence[str]) -> str:
    """The same as `security.field_keys` has them."""
    return "".join(f"{name}:{KEYS[name]}\n" for name in names)


async def plant_sealed(
    connection: Connection, keyring: Keyring, *, number: int, ids: SequentialIds
) -> AccountId:
    """An account with a traveller, an app that counts and one that is to take its place: four values."""
    account = await plant_account(connection, number)
    await travellers.add(
        connection,
        keyring=keyring,
        traveller=TravellerId(ids.new()),
        account=account,
        data=OLGA,
        now=START,
    )
    for secret in (b"counts", b"pending"):
        sealed = keyring.seal(secret, place=totp_place(account))
        await second_factors.set_up_totp(connection, account=account, sealed=sealed)
        if secret == b"counts":
            await second_factors.confirm_totp(connection, account=account, pending=sealed, step=1, now=START)
    return account
