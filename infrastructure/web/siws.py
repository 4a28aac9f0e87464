"""Sign-In With Solana: the challenge's text, and the proof that a wallet signed it.

The text follows the ABNF of Sign-In With Solana, so that wallets show it as a sign-in. Errors are
AuthErrors: AUTH_INVALID for anything that does not match, AUTH_EXPIRED for a challenge too old.
"""

import base64
import binascii
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from solders.pubkey import Pubkey
from solders.signature import Signature

from infrastructure.web.auth import AuthCode, AuthError, Now, invalid

VERSION = "1"
NONCE_BYTES = 16
CHALLENGE_LIFETIME = timedelta(minutes=5)
MESSAGE_LENGTH_MAX = 2_048
SIGNATURE_LENGTH_BYTES = 64
SIGNATURE_TEXT_LENGTH_MAX = 128
INVITATION = " wants you to sign in with your Solana account:"
MESSAGE = re.compile(
    r"(?P<domain>[^\s]+) wants you to sign in with your Solana account:\n"
    r"(?P<address>[1-9A-HJ-NP-Za-km-z]{32,44})\n"
    r"\n(?P<statement>[^\n]+)\n"
    r"\nURI: (?P<uri>[^\s]+)"
    r"\nVersion: (?P<version>1)"
    r"\nChain ID: (?P<chain_id>[^\s]+)"
    r"\nNonce: (?P<nonce>[A-Za-z0-9]{8,64})"
    r"\nIssued At: (?P<issued_at>[0-9TZ:.+-]+)"
    r"\nExpiration Time: (?P<expires_at>[0-9TZ:.+-]+)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInChallenge:
    """What a wallet is asked to sign. Times are UTC, whole seconds."""

    domain: str
    address: str
    statement: str
    uri: str
    chain_id: str
    nonce: str
    issued_at: datetime
    expires_at: datetime

    @property
    def message(self) -> str:
        return (
            f"{self.domain}{INVITATION}\n{self.address}\n\n{self.statement}\n\n"
            f"URI: {self.uri}\nVersion: {VERSION}\nChain ID: {self.chain_id}\n"
            f"Nonce: {self.nonce}\nIssued At: {_text(self.issued_at)}\n"
            f"Expiration Time: {_text(self.expires_at)}"
        )


class ChallengeStore(Protocol):
    """Challenges that wait for their signature; each can be taken once."""

    async def put(self, challenge: SignInChallenge) -> None: ...

    async def take(self, nonce: str) -> SignInChallenge | None:
        """Removes and returns the challenge: of concurrent takers one alone receives it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInSettings:
    domain: str
    uri: str
    chain_id: str = "mainnet"
    statement: str = "Sign in to diBoaS. This moves no money and costs nothing."


class SignInWithSolana:
    """Issues challenges and turns signed ones into addresses, each once."""

    def __init__(self, settings: SignInSettings, store: ChallengeStore, *, now: Now) -> None:
        self._settings = settings
        self._store = store
        self._now = now

    async def challenge(self, address: str) -> SignInChallenge | AuthError:
        """A stored challenge for a base58 address."""
        if parse_address(address) is None:
            return invalid("This is not a Solana address.")
        challenge = create_challenge(
            self._settings, address=address, nonce=secrets.token_hex(NONCE_BYTES), at=self._now()
        )
        await self._store.put(challenge)
        return challenge

    async def verify(self, *, message: str, signature: str) -> str | AuthError:
        """The address that signed; the nonce is used up by a valid signature alone."""
        signed = verify_message(message=message, signature=signature)
        if isinstance(signed, AuthError):
            return signed
        issued = await self._store.take(signed.nonce)
        if issued is None or issued != signed:
            return invalid("This challenge is unknown or was used before. Ask for a new one.")
        if self._now() >= issued.expires_at:
            return AuthError(AuthCode.EXPIRED, "The challenge has expired. Ask for a new one.")
        return issued.address


def create_challenge(
    settings: SignInSettings, *, address: str, nonce: str, at: datetime
) -> SignInChallenge:
    issued_at = at.astimezone(UTC).replace(microsecond=0)
    return SignInChallenge(
        domain=settings.domain,
        address=address,
        statement=settings.statement,
        uri=settings.uri,
        chain_id=settings.chain_id,
        nonce=nonce,
        issued_at=issued_at,
        expires_at=issued_at + CHALLENGE_LIFETIME,
    )


def verify_message(*, message: str, signature: str) -> SignInChallenge | AuthError:
    """The challenge in a message that its own address has signed; knows no store and no clock."""
    challenge = parse_message(message)
    if challenge is None:
        return invalid("The signed text is not a sign-in challenge.")
    key, proof = parse_address(challenge.address), parse_signature(signature)
    if key is None or proof is None:
        return invalid("The signature must be base58 or base64 of 64 bytes.")
    if not proof.verify(key, message.encode()):
        return invalid("The signature does not belong to this address.")
    return challenge


def parse_message(message: str) -> SignInChallenge | None:
    if len(message) > MESSAGE_LENGTH_MAX:
        return None
    match = MESSAGE.fullmatch(message)
    if match is None:
        return None
    found = match.groupdict()
    try:
        issued_at, expires_at = _time(found.pop("issued_at")), _time(found.pop("expires_at"))
    except ValueError:
        return None
    del found["version"]
    return SignInChallenge(**found, issued_at=issued_at, expires_at=expires_at)


def parse_address(address: str) -> Pubkey | None:
    try:
        return Pubkey.from_string(address)
    except ValueError:
        return None


def parse_signature(signature: str) -> Signature | None:
    """Base58, as Solana prints signatures, or base64, as wallets hand bytes over."""
    if len(signature) > SIGNATURE_TEXT_LENGTH_MAX:
        return None
    try:
        if signature.endswith("=="):
            return _from_bytes(base64.b64decode(signature, validate=True))
        return Signature.from_string(signature)
    except (ValueError, binascii.Error):
        return None


def _from_bytes(data: bytes) -> Signature | None:
    return Signature.from_bytes(data) if len(data) == SIGNATURE_LENGTH_BYTES else None


def _text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time needs its zone")
    return at.astimezone(UTC)
