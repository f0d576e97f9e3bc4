"""The notify actor owns what people are told: one mail for each change of a booking or an account.

It takes the events of both and the proofs that are to be sent, and emits nothing but the second mail of a
changed address. It decides nothing about a booking or an account.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar

from actors.notify import bookings, telling
from actors.notify.accounts import AccountMails
from actors.notify.bookings import BookingMails
from actors.notify.post import Post, Repeats
from bookingd.actor.kinds import Acting, Answer, Decide, Letter
from bookingd.channels.port import Channel
from bookingd.channels.render import Agency
from bookingd.domain.booking.state import Booking
from bookingd.messages.accounts import AddressChanged, SendProof, TellFormerAddress, TellNewAddress
from bookingd.sources import Sources
from bookingd.storage.database import Database
from bookingd.storage.transactions import Transaction
from bookingd.tokens import TokenSigner


class NotifyActor:
    """Tells travellers what became of their bookings, and owners what became of their accounts."""

    name: ClassVar[str] = "notify"
    accepts: ClassVar[tuple[type, ...]] = (*bookings.TOLD, SendProof, *telling.CHANGES, AddressChanged)
    answering: Mapping[type, Answer] = MappingProxyType({})

    def __init__(
        self,
        *,
        channel: Channel,
        database: Database,
        sources: Sources,
        agency: Agency,
        link: Callable[[Booking], str],
        signer: TokenSigner,
        repeats: Repeats,
    ) -> None:
        """`link` makes the signed way back to a booking, which its mails carry; `signer` those of proofs."""
        post = Post(channel=channel, database=database, sources=sources, repeats=repeats)
        self._bookings = BookingMails(post=post, database=database, agency=agency, link=link)
        self._accounts = AccountMails(post=post, database=database, agency=agency, signer=signer)
        self.deciding: Mapping[type, Decide] = {AddressChanged: self.tell_both}
        self.acting: Mapping[type, Acting] = {
            **dict.fromkeys(bookings.TOLD, self._bookings.acting),
            SendProof: self._accounts.sending,
            **dict.fromkeys(telling.CHANGES, self._accounts.telling),
        }

    @property
    def loops(self) -> Sequence[Callable[[], Awaitable[None]]]:
        """Mails are begun together."""
        return (self._bookings.loop, self._accounts.loop)

    async def tell_both(self, transaction: Transaction, letters: Sequence[Letter]) -> Sequence[Letter]:
        """A changed address is two mails, which do not wait for each other."""
        for letter in letters:
            changed: AddressChanged = letter.message
            for tell in (TellFormerAddress, TellNewAddress):
                told = tell(account_id=changed.account_id, way_back=changed.way_back, at=changed.at)
                transaction.send(told, origin=letter.origin)
        return []
