"""Whether PayPal signed something: a certificate from PayPal's own address, a chain, a signature.

The one rule: what a stranger sends decides nothing but which of PayPal's certificates is fetched. Neither
another host nor another algorithm nor an older certificate can be talked into.
"""

import asyncio
import base64
import binascii
import zlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError
from yarl import URL

from bookingd.gateways.port import InvalidNotice
from bookingd.outcomes import Refused, Unavailable
from bookingd.sources import Clock

ALGORITHM = "SHA256withRSA"

PATH = "/v1/notifications/certs/"

LARGEST_CHAIN = 64 * 1024
"""Octets: a chain of three certificates is some six thousand."""

LONGEST_URL = 500
"""API description of verify-webhook-signature."""

MOST_KEPT = 16
"""PayPal signs with one certificate at a time, and changes it about once a year."""

FAILURES = 16
FORGOTTEN_AFTER = timedelta(minutes=1)
"""So many addresses that gave no good certificate within so long, and no other new one is tried for as long:
a stranger's flood of made-up ones does not become one of ours at PayPal. PayPal itself sends again.
"""

LIVE_HOSTS = frozenset({"api.paypal.com", "api-m.paypal.com"})
SANDBOX_HOSTS = frozenset({"api.sandbox.paypal.com", "api-m.sandbox.paypal.com"})

LIVE_SIGNERS = frozenset({"messageverificationcerts.paypal.com"})
SANDBOX_SIGNERS = frozenset(
    {"messageverificationcerts.paypal.com", "messageverificationcerts.sandbox.paypal.com"}
)
"""Whom the certificate is of: what PayPal's own SDK for Java demanded (SSLUtil, validateCertificateChain)."""


T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signers:
    """Whose signatures count, and where their certificates are: what their addresses begin with."""

    prefixes: Collection[str]
    names: Collection[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transmission:
    """What came beside an event: the headers `PAYPAL-…`."""

    id: str
    time: str
    signature: str
    certificate_url: str
    algorithm: str


class Certificates:
    """PayPal's certificates, fetched once each and checked."""

    def __init__(
        self,
        signers: Signers,
        *,
        anchors: Callable[[], bytes],
        fetch: Callable[[str], Awaitable[bytes]],
        clock: Clock,
    ) -> None:
        """`anchors` reads the certificates (PEM) that the chain has to end at, and may block; `fetch` raises
        Refused for what is not there, and Unavailable.
        """
        self._signers = signers
        self._anchors = anchors
        self._fetch = fetch
        self._clock = clock
        self._store: Store | None = None
        self._kept: OrderedDict[str, x509.Certificate] = OrderedDict()
        self._failed: OrderedDict[str, datetime] = OrderedDict()
        self._fetching = asyncio.Lock()

    async def check(self, transmission: Transmission, body: bytes, *, webhook_id: str) -> None:
        """Raises InvalidNotice unless PayPal signed this body for this webhook; Unavailable where the
        certificate cannot be fetched now.
        """
        if transmission.algorithm != ALGORITHM:
            raise InvalidNotice("not signed with SHA256withRSA")
        if not transmission.id.isascii():
            raise InvalidNotice("the id of its transmission is none")
        signature = _signature(transmission.signature)
        told = f"{transmission.id}|{transmission.time}|{webhook_id}|{zlib.crc32(body)}".encode()
        _verify(await self._certificate(transmission.certificate_url), signature, told)

    async def _certificate(self, url: str) -> x509.Certificate:
        self._refuse_strangers(url)
        kept = self._kept.get(url) or await self._fetched_once(url)
        if not kept.not_valid_before_utc <= self._clock.now() <= kept.not_valid_after_utc:
            raise InvalidNotice("the certificate has expired")
        return kept

    async def _fetched_once(self, url: str) -> x509.Certificate:
        """One after the other; who has theirs already waits for nobody's."""
        async with self._fetching:
            if url not in self._kept:
                _keep(self._kept, url, await self._fetched(url))
            return self._kept[url]

    def _refuse_strangers(self, url: str) -> None:
        """The name of a certificate may follow one of our prefixes, and nothing else."""
        prefix = next((one for one in self._signers.prefixes if url.startswith(one)), None)
        name = url.removeprefix(prefix or url)
        if not name or len(url) > LONGEST_URL or not name.isascii() or not name.replace("-", "").isalnum():
            raise InvalidNotice("the certificate is not at PayPal's address")

    async def _fetched(self, url: str) -> x509.Certificate:
        since = self._clock.now() - FORGOTTEN_AFTER
        lately = {one for one, at in self._failed.items() if at > since}
        if url in lately or len(lately) >= FAILURES:
            raise Unavailable("the certificate could not be had a moment ago")
        try:
            store, pem = await self._trusted(), await self._fetch(url)
            return self._checked(pem, store)
        except (Refused, InvalidNotice) as error:
            _keep(self._failed, url, self._clock.now())
            raise InvalidNotice("there is no certificate of PayPal's at this address") from error
        except Unavailable:
            _keep(self._failed, url, self._clock.now())
            raise

    async def _trusted(self) -> Store:
        """Read when first needed: a stand-in makes its own when it starts."""
        if self._store is None:
            try:
                pem = await asyncio.to_thread(self._anchors)
            except OSError as error:
                raise Unavailable(f"the trust anchors cannot be read: {error}") from error
            self._store = Store(x509.load_pem_x509_certificates(pem))
        return self._store

    def _checked(self, pem: bytes, store: Store) -> x509.Certificate:
        """The first certificate, vouched for by those that follow and one of our roots."""
        try:
            leaf, *others = x509.load_pem_x509_certificates(pem)
        except ValueError as error:
            raise InvalidNotice("there is no certificate at PayPal's address") from error
        policy = PolicyBuilder().store(store).time(self._clock.now())
        if not any(_is_vouched_for(leaf, others, name, policy) for name in self._signers.names):
            raise InvalidNotice("the certificate is not PayPal's, or nobody vouches for it")
        return leaf


def signers_at(base_url: str) -> Signers:
    """Those of the installation of PayPal that is called at `base_url`: live, sandbox, or a stand-in."""
    host = URL(base_url).host
    if host in LIVE_HOSTS:
        hosts, names = LIVE_HOSTS, LIVE_SIGNERS
    elif host in SANDBOX_HOSTS:
        hosts, names = SANDBOX_HOSTS, SANDBOX_SIGNERS
    else:
        return Signers(prefixes=(f"{base_url.rstrip('/')}{PATH}",), names=SANDBOX_SIGNERS)
    return Signers(prefixes=tuple(f"https://{host}{PATH}" for host in hosts), names=names)


def _is_vouched_for(
    leaf: x509.Certificate, others: Sequence[x509.Certificate], name: str, policy: PolicyBuilder
) -> bool:
    """By the rules of the web: chain, dates by our clock, uses, and the name in the certificate."""
    try:
        policy.build_server_verifier(x509.DNSName(name)).verify(leaf, list(others))
    except VerificationError:
        return False
    return True


def _signature(given: str) -> bytes:
    try:
        return base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidNotice("the signature is none") from error


def _verify(certificate: x509.Certificate, signature: bytes, told: bytes) -> None:
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise InvalidNotice("the certificate is not one of RSA")
    try:
        key.verify(signature, told, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature as error:
        raise InvalidNotice("PayPal did not sign this body for this webhook") from error


def _keep(kept: OrderedDict[str, T], url: str, value: T) -> None:
    kept[url] = value
    if len(kept) > MOST_KEPT:
        kept.popitem(last=False)
