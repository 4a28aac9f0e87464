"""The keys with which providers sign their webhooks, as they stand in the settings in PEM."""

from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_public_key


class InvalidPublicKey(ValueError):
    """A setting that is no public key in PEM, or one of another kind than its provider's."""


def read_rsa_keys(pems: Sequence[str], *, provider: str) -> tuple[RSAPublicKey, ...]:
    """Raises InvalidPublicKey, at start rather than at the first message."""
    keys = _read(pems, provider)
    fitting = tuple(key for key in keys if isinstance(key, RSAPublicKey))
    if len(fitting) < len(keys):
        raise InvalidPublicKey(f"{provider}: a webhook key is not RSA")
    return fitting


def read_ed25519_keys(pems: Sequence[str], *, provider: str) -> tuple[Ed25519PublicKey, ...]:
    """Raises InvalidPublicKey, at start rather than at the first message."""
    keys = _read(pems, provider)
    fitting = tuple(key for key in keys if isinstance(key, Ed25519PublicKey))
    if len(fitting) < len(keys):
        raise InvalidPublicKey(f"{provider}: a webhook key is not Ed25519")
    return fitting


def _read(pems: Sequence[str], provider: str) -> list[PublicKeyTypes]:
    try:
        return [load_pem_public_key(pem.encode()) for pem in pems]
    except ValueError as error:
        raise InvalidPublicKey(f"{provider}: a webhook key is no PEM") from error
