"""The key that signs receipts, and the public halves of it and of those before it.

The private key is settings.RECEIPT_SIGNING_KEY: 32 random bytes in base64. Nobody but this installation has it. Its id
is the first 16 hexadecimal digits of the SHA-256 of the public key.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from responses.models import ReceiptKey

MALFORMED = "RECEIPT_SIGNING_KEY must be 32 random bytes in base64: openssl rand -base64 32"


@dataclass(frozen=True, kw_only=True)
class PublicKey:
    """`first_used_at` is none for a key that has signed nothing that was sealed yet."""

    key_id: str
    raw: bytes
    first_used_at: datetime | None
    is_present: bool

    @property
    def pem(self) -> str:
        public = Ed25519PublicKey.from_public_bytes(self.raw)
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def row(self) -> dict[str, Any]:
        """As it is published."""
        return {
            "key_id": self.key_id,
            "algorithm": "Ed25519",
            "public_key": base64.b64encode(self.raw).decode(),
            "pem": self.pem,
            "first_used_at": self.first_used_at and self.first_used_at.isoformat(),
            "signs_now": self.is_present,
        }


def present() -> Ed25519PrivateKey | None:
    """The key that signs now; none where the setting is empty. Raises ImproperlyConfigured where it is malformed."""
    return _private(settings.RECEIPT_SIGNING_KEY) if settings.RECEIPT_SIGNING_KEY else None


@lru_cache(maxsize=4)
def _private(setting: str) -> Ed25519PrivateKey:
    text = setting.strip().rstrip("=").replace("-", "+").replace("_", "/")
    try:
        seed = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ImproperlyConfigured(MALFORMED) from error
    if len(seed) != 32:
        raise ImproperlyConfigured(MALFORMED)
    return Ed25519PrivateKey.from_private_bytes(seed)


def sign(data: bytes) -> tuple[str, str]:
    """(key id, signature in base64); two empty strings where no key is set."""
    key = present()
    if key is None:
        return "", ""
    return id_of(key.public_key().public_bytes_raw()), base64.b64encode(key.sign(data)).decode()


def is_signed_by(key: PublicKey, data: bytes, signature: str) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key.raw).verify(base64.b64decode(signature, validate=True), data)
    except (InvalidSignature, ValueError):
        return False
    return True


def id_of(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()[:16]


def published() -> dict[str, PublicKey]:
    """Key id → key: the present one first, then those before it, newest first."""
    mine = present()
    raw = mine.public_key().public_bytes_raw() if mine else b""
    now_id = id_of(raw) if mine else ""
    rows = {row.key_id: row for row in ReceiptKey.objects.all()}
    first = rows[now_id].first_used_at if now_id in rows else None
    found = [PublicKey(key_id=now_id, raw=raw, first_used_at=first, is_present=True)]
    for row in rows.values():
        past = base64.b64decode(row.public_key)
        found.append(PublicKey(key_id=row.key_id, raw=past, first_used_at=row.first_used_at, is_present=False))
    made: dict[str, PublicKey] = {}
    for key in found:
        if key.key_id:
            made.setdefault(key.key_id, key)
    return made


def register(now: datetime) -> None:
    """Keep the present public key for ever: receipts outlive the key that signed them."""
    mine = present()
    if mine is None:
        return
    raw = mine.public_key().public_bytes_raw()
    ReceiptKey.objects.bulk_create(
        [ReceiptKey(key_id=id_of(raw), public_key=base64.b64encode(raw).decode(), first_used_at=now)],
        ignore_conflicts=True,
    )
