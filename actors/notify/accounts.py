"""What owners of accounts are told, and the links and codes that proofs stand for: one mail each.

The one rule: what goes into a mail is read as it is begun, and a link or code is nowhere but in the mail.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace

from actors.notify.post import Handed, Post, is_repeat, look_up, nothing_begun_without_database
from actors.notify.telling import Change, Known, Telling, key_of, key_of_change, proof_named, telling_of
from bookingd.actor.batching import Batcher
from bookingd.actor.kinds import Acting
from bookingd.channels.account_views import MailAccount
from bookingd.channels.render import Agency, write_account_mail
from bookingd.messages.accounts import SendProof
from bookingd.security.links import access_code, link_of
from bookingd.storage import addressees, notifications
from bookingd.storage.database import Connection, Database
from bookingd.storage.intents import Intent, IntentKey
from bookingd.storage.notifications import Attempt
from bookingd.storage.proofs import ProofPurpose
from bookingd.tokens import TokenSigner

OVERTAKEN = "it was true or good no longer before it was known whether this had arrived"
"""Why a mail that was begun is not repeated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """A mail that may have to be written."""

    message: SendProof | Change
    message_id: str
    repeat: bool


class AccountMails:
    """Writes to owners of accounts, and to whoever is to show that an address is theirs."""

    def __init__(self, *, post: Post, database: Database, agency: Agency, signer: TokenSigner) -> None:
        """`signer` makes the links and codes."""
        self._post = post
        self._database = database
        self._agency = agency
        self._signer = signer
        self._beginning: Batcher[_Wish, Telling | None] = Batcher(self._begin)
        self.sending = self._acting(_proof_sent, "proof")
        self.telling = self._acting(_change_told, "account")

    @property
    def loop(self) -> Callable[[], Awaitable[None]]:
        """Mails are begun together."""
        return self._beginning.run

    def _acting(
        self, key: Callable[[SendProof], IntentKey] | Callable[[Change], IntentKey], kind: str
    ) -> Acting:
        return Acting(
            key=key, perform=self.tell, look_up=look_up, record=self._post.record, subject_kind=kind
        )

    async def tell(self, message: SendProof | Change, intent: Intent) -> Handed | None:
        """Write the mail and hand it over; None where there is nothing to say or nobody to say it to."""
        message_id = self._post.message_id(intent)
        wish = _Wish(message=message, message_id=message_id, repeat=is_repeat(intent))
        async with nothing_begun_without_database():
            telling = await self._beginning.submit(wish)
        if telling is None:
            return None
        mail = write_account_mail(self._opened(telling), agency=self._agency, recipient=telling.recipient)
        return await self._post.hand_over(mail, key=telling.key, intent=intent)

    def _opened(self, telling: Telling) -> MailAccount:
        """With the link or code that it carries, if it does."""
        if telling.proof is None:
            return telling.view
        if telling.proof.purpose is ProofPurpose.ACCESS:
            return replace(telling.view, code=access_code(telling.proof, signer=self._signer))
        link = link_of(telling.proof, signer=self._signer, public_url=self._agency.url)
        return replace(telling.view, link=link)

    async def _begin(self, wishes: Sequence[_Wish]) -> Sequence[Telling | None]:
        """Each of the mails as far as it can be written; None for those that are not to be."""
        async with self._database.transaction() as connection:
            known = await self._known(connection, [wish.message for wish in wishes])
            tellings = [telling_of(wish.message, known) for wish in wishes]
            attempts = [_attempt(wish, telling) for wish, telling in zip(wishes, tellings, strict=True)]
            begun = await self._post.begin(connection, [attempt for attempt in attempts if attempt])
            for wish, telling in zip(wishes, tellings, strict=True):
                if telling is None:
                    await _give_up(connection, wish, known)
        return [
            telling if attempt in begun else None for telling, attempt in zip(tellings, attempts, strict=True)
        ]

    async def _known(self, connection: Connection, messages: Collection[SendProof | Change]) -> Known:
        proofs = {proof_id for message in messages if (proof_id := proof_named(message))}
        accounts = {message.account_id for message in messages if not isinstance(message, SendProof)}
        return Known(
            proofs=await addressees.of_proofs(connection, ids=proofs) if proofs else {},
            accounts=await addressees.of_accounts(connection, accounts=accounts) if accounts else {},
            now=self._post.now(),
        )


def _proof_sent(message: SendProof) -> IntentKey:
    return IntentKey(subject=message.proof_id, object=message.proof_id, step="mail")


def _change_told(message: Change) -> IntentKey:
    key = key_of_change(message)
    return IntentKey(subject=key.about, object=key.id, step="mail")


def _attempt(wish: _Wish, telling: Telling | None) -> Attempt | None:
    if telling is None:
        return None
    return Attempt(
        key=telling.key, recipient=telling.recipient, message_id=wish.message_id, repeat=wish.repeat
    )


async def _give_up(connection: Connection, wish: _Wish, known: Known) -> None:
    """What a proof was about is not known once it is gone; long before that it was over, and given up."""
    key = key_of(wish.message, known)
    if key is not None:
        await notifications.give_up(
            connection, notification_id=key.id, message_id=wish.message_id, reason=OVERTAKEN
        )
