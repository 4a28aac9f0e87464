"""Signs webhooks as Due does: Ed25519 over the raw body, in hex."""

from collections.abc import Mapping
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


class Signer:
    """`seed` is the private key, in hex."""

    def __init__(self, seed: str) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))

    def public_pem(self) -> str:
        public = self._key.public_key()
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, body: bytes, forged: bool) -> Mapping[str, str]:  # noqa: FBT001 - the sender's signature of a signer
        """The header; forged, by a stranger's key."""
        key = _stranger() if forged else self._key
        return {"X-Webhook-Signature": key.sign(body).hex()}


@cache
def _stranger() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()
