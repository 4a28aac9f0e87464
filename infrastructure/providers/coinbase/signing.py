"""CDP's bearer tokens: a JWT for each request, good for that method, host and path alone.

Keys come in two kinds: Ed25519 as base64 of 64 bytes (seed and public key), and EC P-256 as PEM.
"""

import base64
import binascii
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Final, Literal
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

# As long as CDP accepts.
LIFETIME_SECONDS: Final = 120
_NONCE_BYTES: Final = 16
_SEED_BYTES: Final = 32
_ED25519_BYTES: Final = 64


class InvalidApiKey(ValueError):
    """The secret is a key of neither kind; its text is not repeated here."""


class CdpKey:
    """`key_id` is the key's name at CDP. Raises `InvalidApiKey`."""

    def __init__(self, key_id: str, secret: str) -> None:
        self._key_id = key_id
        self._private_key, self._algorithm = _private_key(secret)

    def bearer(self, method: str, url: str, now: datetime) -> str:
        """The value of the Authorization header for this one request."""
        address = urlsplit(url)
        issued = int(now.timestamp())
        claims = {
            "iss": "cdp",
            "sub": self._key_id,
            "nbf": issued,
            "exp": issued + LIFETIME_SECONDS,
            "uri": f"{method} {address.netloc}{address.path}",
        }
        headers = {"kid": self._key_id, "nonce": secrets.token_hex(_NONCE_BYTES)}
        token = jwt.encode(claims, self._private_key, algorithm=self._algorithm, headers=headers)
        return f"Bearer {token}"


Clock = Callable[[], datetime]


def _private_key(
    secret: str,
) -> tuple[Ed25519PrivateKey | EllipticCurvePrivateKey, Literal["EdDSA", "ES256"]]:
    if secret.lstrip().startswith("-----BEGIN"):
        return _elliptic_key(secret), "ES256"
    try:
        raw = base64.b64decode(secret, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidApiKey("neither PEM nor base64") from None
    if len(raw) != _ED25519_BYTES:
        raise InvalidApiKey(f"{_ED25519_BYTES} bytes are expected")
    return Ed25519PrivateKey.from_private_bytes(raw[:_SEED_BYTES]), "EdDSA"


def _elliptic_key(pem: str) -> EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except ValueError:
        raise InvalidApiKey("not a private key in PEM") from None
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise InvalidApiKey("an EC key has to be of P-256")
    return key
