"""Signs webhooks as Bridge does: RSA over the SHA-256 digest of milliseconds, full stop, body."""

import base64
import hashlib
from collections.abc import Mapping
from functools import cache

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from infrastructure.sandbox.frame.world import SandboxClock


class Signer:
    def __init__(self, private_pem: str, clock: SandboxClock) -> None:
        self._key = _load(private_pem)
        self._clock = clock

    def public_pem(self) -> str:
        public = self._key.public_key()
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, body: bytes, forged: bool) -> Mapping[str, str]:  # noqa: FBT001 - the sender's signature of a signer
        """The header, signed at this moment; forged, by a stranger's key."""
        milliseconds = int(self._clock.now().timestamp() * 1000)
        digest = hashlib.sha256(f"{milliseconds}.".encode() + body).digest()
        key = _stranger() if forged else self._key
        signature = base64.b64encode(key.sign(digest, PKCS1v15(), SHA256())).decode()
        return {"X-Webhook-Signature": f"t={milliseconds},v0={signature}"}


def new_private_pem() -> str:
    key = generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


# Loading proves that the numbers are prime, which takes a tenth of a second.
@cache
def _load(private_pem: str) -> RSAPrivateKey:
    key = load_pem_private_key(private_pem.encode(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("the key of Bridge's webhooks is RSA")
    return key


@cache
def _stranger() -> RSAPrivateKey:
    return _load(new_private_pem())
