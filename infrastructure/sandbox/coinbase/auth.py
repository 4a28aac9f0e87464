"""Checks the bearer tokens that CDP wants: signed with the account's key, for this request alone."""

import base64
from typing import Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from starlette.requests import Request

from infrastructure.sandbox.frame.server import ProviderError
from infrastructure.sandbox.frame.world import World

LIFETIME_SECONDS_MAX: Final = 120
_UNAUTHORISED: Final = 401
_SEED_BYTES: Final = 32
_CLAIMS: Final = ["iss", "sub", "nbf", "exp", "uri"]


class BearerCheck:
    """Of one account, whose key is the sandbox's credential `coinbase.api_key_secret`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._key_id = world.credential("coinbase", "api_key_id")
        secret = world.credential("coinbase", "api_key_secret", _new_secret)
        self._public_key, self._algorithm = _public_key(secret)

    def __call__(self, request: Request, _body: bytes) -> None:
        """Raises `ProviderError` 401."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer":
            raise _unauthorised("A bearer token is required.")
        try:
            header = jwt.get_unverified_header(token)
            claims = jwt.decode(
                token,
                self._public_key,
                algorithms=[self._algorithm],
                options={"require": _CLAIMS, "verify_exp": False, "verify_nbf": False},
                issuer="cdp",
            )
        except jwt.PyJWTError:
            raise _unauthorised("The token is not valid.") from None
        host = request.headers.get("host", "")
        wanted = f"{request.method} {host}{request.url.path}"
        if (header.get("kid"), claims["sub"]) != (self._key_id, self._key_id):
            raise _unauthorised("The token is of another key.")
        if claims["uri"] != wanted or not header.get("nonce"):
            raise _unauthorised("The token is for another request.")
        self._check_time(claims["nbf"], claims["exp"])

    def _check_time(self, not_before: object, expires: object) -> None:
        if not isinstance(not_before, int) or not isinstance(expires, int):
            raise _unauthorised("The token has no lifetime.")
        now = self._world.clock.shared().timestamp()
        alive = not_before - 1 <= now < expires
        if not alive or expires - not_before > LIFETIME_SECONDS_MAX:
            raise _unauthorised("The token has expired.")


def _unauthorised(message: str) -> ProviderError:
    body = {"errorType": "unauthorized", "errorMessage": message}
    return ProviderError(_UNAUTHORISED, body)


def _new_secret() -> str:
    key = Ed25519PrivateKey.generate()
    seed = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return base64.b64encode(seed + public).decode()


def _public_key(secret: str) -> tuple[str, str]:
    """In PEM, with the algorithm that goes with it."""
    if secret.startswith("-----BEGIN"):
        elliptic = load_pem_private_key(secret.encode(), password=None).public_key()
        pem = elliptic.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return pem.decode(), "ES256"
    seed = base64.b64decode(secret)[:_SEED_BYTES]
    edwards = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    pem = edwards.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem.decode(), "EdDSA"
