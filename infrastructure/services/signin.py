"""Signing in with a wallet: a challenge that is good once, and a token for its signature."""

from datetime import timedelta
from typing import Protocol

from domain.contracts.services import Session, SignInMessage
from domain.shared.assets import Chain
from domain.shared.errors import DomainError
from infrastructure.chains.solana.addresses import InvalidAddress, parse_address
from infrastructure.db.identity import Challenge, IdentityStore, StoredUser
from infrastructure.services.faults import in_plain_words
from infrastructure.web.auth import AuthError, Now, TokenAuthority
from infrastructure.web.siws import SignInChallenge, SignInWithSolana, parse_message


class Users(Protocol):
    """Finds whom an address belongs to."""

    async def by_address(self, chain: str, address: str) -> StoredUser | None: ...


class StoredChallenges:
    """Challenges in the database, so that any process can take the answer."""

    def __init__(self, store: IdentityStore) -> None:
        self._store = store

    async def put(self, challenge: SignInChallenge) -> None:
        """Keeps it until it is taken."""
        await self._store.issue_challenge(
            Challenge(
                nonce=challenge.nonce,
                address=challenge.address,
                message=challenge.message,
                expires_at=challenge.expires_at,
            )
        )

    async def take(self, nonce: str) -> SignInChallenge | None:
        """The challenge, to one taker alone."""
        stored = await self._store.consume_challenge(nonce)
        return None if stored is None else parse_message(stored.message)


class SignInDesk:
    """Every method raises `DomainError` alone."""

    def __init__(
        self,
        *,
        wallets: SignInWithSolana,
        users: Users,
        tokens: TokenAuthority,
        lifetime: timedelta,
        now: Now,
    ) -> None:
        self._wallets = wallets
        self._users = users
        self._tokens = tokens
        self._lifetime = lifetime
        self._now = now

    async def challenge(self, address: str) -> SignInMessage:
        """What the wallet is to sign."""
        try:
            parse_address(address)
        except InvalidAddress:
            raise DomainError(code="VAL_ADDRESS", field="input.address") from None
        with in_plain_words():
            issued = await self._wallets.challenge(address)
        if isinstance(issued, AuthError):
            raise DomainError(code="AUTH_CHALLENGE", field="input.address")
        return SignInMessage(message=issued.message, expires_at=issued.expires_at)

    async def exchange(self, *, message: str, signature: str) -> Session:
        """A token for a user of the platform whose address signed."""
        with in_plain_words():
            address = await self._wallets.verify(message=message, signature=signature)
            if isinstance(address, AuthError):
                raise DomainError(code="AUTH_CHALLENGE", field="input.signature")
            user = await self._users.by_address(Chain.SOLANA, address)
        if user is None:
            raise DomainError(code="AUTH_FORBIDDEN", field="input.message")
        expires_at = self._now() + self._lifetime
        token = self._tokens.issue_token(user_id=str(user.id), username=user.username)
        return Session(token=token, user_id=user.id, expires_at=expires_at)
