"""What a proof looks like in a mail: a signed link to one page, or a short code to type in.

The one rule: a link says which proof it is and nothing else; whom it is for, what it opens and whether it was
used is the proof's to say. Making either again gives the same.
"""

from collections.abc import Mapping
from types import MappingProxyType

from bookingd.storage.proofs import Proof, ProofPurpose
from bookingd.tokens import Purpose, TokenSigner

PAGES: Mapping[ProofPurpose, tuple[Purpose, str]] = MappingProxyType(
    {
        ProofPurpose.VERIFY: (Purpose.VERIFY, "/v1/accounts/verifications"),
        ProofPurpose.RESET: (Purpose.RESET, "/v1/password-resets/confirmations"),
        ProofPurpose.EMAIL_CHANGE: (Purpose.EMAIL_CHANGE, "/v1/me/address-changes/confirmations"),
    }
)
"""Where the links of each purpose lead, below the public address."""


def link_of(proof: Proof, *, signer: TokenSigner, public_url: str) -> str:
    """The link; raises KeyError for a proof that is not used by one."""
    purpose, path = PAGES[proof.purpose]
    token = signer.sign(purpose, str(proof.id), expires_at=proof.expires_at)
    return f"{public_url.rstrip('/')}{path}?token={token}"


def access_code(proof: Proof, *, signer: TokenSigner) -> str:
    """The code that opens a booking."""
    return signer.code(Purpose.BOOKING_ACCESS, proof.id)
