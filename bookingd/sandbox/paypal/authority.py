"""Who vouches for what the stand-in sends: a root, an authority below it, a certificate that signs.

The one rule: the chain is built as the vendor's is, so that it is checked in the same way; only the root
differs, and that is good for nothing but this stand-in.
"""

import base64
import functools
import os
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SIGNS = "messageverificationcerts.paypal.com"
"""The host name in the certificate with which the vendor signs webhooks."""

_LASTS = timedelta(days=3650)
_BITS = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """What signs, and what proves it."""

    key: rsa.RSAPrivateKey
    chain: bytes
    """PEM: the certificate that signs, then the authority below the root."""
    root: bytes
    """PEM: the trust anchor, for the other side's configuration."""

    @property
    def name(self) -> str:
        """What the certificate is called in its address."""
        leaf = x509.load_pem_x509_certificate(self.chain)
        return f"CERT-{leaf.fingerprint(hashes.SHA256()).hex()[:32]}"

    def sign(self, transmission_id: str, time: str, webhook_id: str, body: bytes) -> str:
        """The value of PAYPAL-TRANSMISSION-SIG."""
        told = signed_text(transmission_id, time, webhook_id, body)
        return base64.b64encode(self.key.sign(told, padding.PKCS1v15(), hashes.SHA256())).decode()

    def verify(self, signature: str, told: bytes) -> bool:
        """Whether this signature is ours."""
        try:
            given = base64.b64decode(signature, validate=True)
            self.key.public_key().verify(given, told, padding.PKCS1v15(), hashes.SHA256())
        except (ValueError, InvalidSignature):
            return False
        return True


def signed_text(transmission_id: str, time: str, webhook_id: str, body: bytes) -> bytes:
    """What is signed: `transmissionId|timeStamp|webhookId|crc32`."""
    return f"{transmission_id}|{time}|{webhook_id}|{zlib.crc32(body)}".encode()


def open_authority(directory: Path | None, now: datetime) -> Authority:
    """The authority kept in a directory, made where there is none; without one, the process's own."""
    if directory is None:
        return _for_this_process(now.replace(hour=0, minute=0, second=0, microsecond=0))
    path = directory / "paypal-authority.pem"
    if not path.exists():
        _write(path, _pem(make(now)))
    found = _read(path.read_bytes())
    _write(root_file(directory), found.root)
    return found


def root_file(directory: Path) -> Path:
    """Where the trust anchor lies for who wants to check webhooks."""
    return directory / "paypal-ca.pem"


@functools.cache
def _for_this_process(day: datetime) -> Authority:
    """Keys take a while to make."""
    return make(day)


def make(now: datetime) -> Authority:
    """A new one, good from the day before `now` for ten years."""
    root_key, middle_key, key = (rsa.generate_private_key(65537, _BITS) for _ in range(3))
    root = _certificate("bookingd sandbox root", root_key, None, root_key, now, authority=True)
    middle = _certificate("bookingd sandbox authority", middle_key, root, root_key, now, authority=True)
    leaf = _certificate(SIGNS, key, middle, middle_key, now, authority=False)
    return Authority(key=key, chain=_as_pem(leaf) + _as_pem(middle), root=_as_pem(root))


def _certificate(
    name: str,
    key: rsa.RSAPrivateKey,
    issuer: x509.Certificate | None,
    signer: rsa.RSAPrivateKey,
    now: datetime,
    *,
    authority: bool,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LASTS)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .add_extension(_usage(authority=authority), critical=True)
    )
    if not authority:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False
        ).add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return builder.sign(signer, hashes.SHA256())


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_encipherment=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _as_pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _pem(authority: Authority) -> bytes:
    key = authority.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return key + authority.chain + authority.root


def _read(pem: bytes) -> Authority:
    key = serialization.load_pem_private_key(pem, password=None)
    leaf, middle, root = x509.load_pem_x509_certificates(pem)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("the stand-in's key is not one of RSA")
    return Authority(key=key, chain=_as_pem(leaf) + _as_pem(middle), root=_as_pem(root))


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all; its owner's alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    fresh.replace(path)
