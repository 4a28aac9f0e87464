"""Who is asking: bearer tokens in, principals out.

AuthError carries one of three codes: AUTH_MISSING, AUTH_INVALID, AUTH_EXPIRED.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

import jwt

from domain.shared.errors import DomainError

ALGORITHM = "HS256"
SECRET_BYTES_MIN = 32  # as long as the digest that the secret keys
TOKEN_LENGTH_MAX = 4_096
CLOCK_SKEW_MAX = timedelta(seconds=60)  # tokens of a process whose clock runs ahead
CLAIMS = ["sub", "username", "exp", "iat", "aud", "iss"]

Now = Callable[[], datetime]


class AuthCode(StrEnum):
    MISSING = "AUTH_MISSING"
    INVALID = "AUTH_INVALID"
    EXPIRED = "AUTH_EXPIRED"


class AuthError(DomainError):
    """Why somebody is nobody. The message may be shown."""

    code: AuthCode

    def __init__(self, code: AuthCode, message: str) -> None:
        super().__init__(code=code)
        self.message = message


def missing() -> AuthError:
    return AuthError(AuthCode.MISSING, "Sign in first.")


def expired() -> AuthError:
    return AuthError(AuthCode.EXPIRED, "Your session has ended. Sign in again.")


def invalid(reason: str) -> AuthError:
    return AuthError(AuthCode.INVALID, reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who is signed in, and until when (UTC)."""

    user_id: str
    username: str
    is_operator: bool = False
    expires_at: datetime


class Authenticator(Protocol):
    """What the endpoint asks: who sent this header, and may they still be served?"""

    def authenticate(self, header: str | None) -> Principal | AuthError: ...

    def recheck(self, principal: Principal) -> AuthError | None:
        """Asked before each event of a stream, so it must answer from memory."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSettings:
    secret: str
    issuer: str = "diboas"
    audience: str = "diboas-api"
    lifetime: timedelta = timedelta(hours=12)


def utc_now() -> datetime:
    return datetime.now(UTC)


def nobody_is_revoked(_principal: Principal) -> bool:
    return False


class TokenAuthority:
    """Issues and reads the platform's own tokens: JWT, signed with HS256.

    `is_revoked` lets a process end sessions before their tokens expire.
    """

    def __init__(
        self,
        settings: TokenSettings,
        *,
        now: Now = utc_now,
        is_revoked: Callable[[Principal], bool] = nobody_is_revoked,
    ) -> None:
        if len(settings.secret.encode()) < SECRET_BYTES_MIN:
            raise ValueError(f"the token secret needs at least {SECRET_BYTES_MIN} bytes")
        self._settings = settings
        self._now = now
        self._is_revoked = is_revoked

    def issue_token(self, *, user_id: str, username: str, is_operator: bool = False) -> str:
        issued_at = self._now()
        claims: dict[str, str | int | bool] = {
            "sub": user_id,
            "username": username,
            "operator": is_operator,
            "iat": int(issued_at.timestamp()),
            "exp": int((issued_at + self._settings.lifetime).timestamp()),
            "aud": self._settings.audience,
            "iss": self._settings.issuer,
        }
        return jwt.encode(claims, self._settings.secret, algorithm=ALGORITHM)

    def authenticate(self, header: str | None) -> Principal | AuthError:
        """The sender of an `Authorization` header's value (`Bearer <token>`)."""
        if header is None or not header.strip():
            return missing()
        scheme, _, token = header.strip().partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return invalid("The Authorization header must read: Bearer <token>.")
        return self._read(token.strip())

    def recheck(self, principal: Principal) -> AuthError | None:
        if self._now() >= principal.expires_at:
            return expired()
        if self._is_revoked(principal):
            return invalid("Your session was ended. Sign in again.")
        return None

    def _read(self, token: str) -> Principal | AuthError:
        if len(token) > TOKEN_LENGTH_MAX:
            return invalid("The token is too long.")
        try:
            claims = self._claims(token)
            principal, issued_at = _principal(claims), _moment(claims, "iat")
        except (jwt.InvalidTokenError, TypeError, ValueError, OverflowError, OSError):
            return invalid("The token is not valid.")
        if issued_at > self._now() + CLOCK_SKEW_MAX:
            return invalid("The token is not valid yet.")
        return self.recheck(principal) or principal

    def _claims(self, token: str) -> dict[str, object]:
        """Verified claims; times are compared with our own clock afterwards."""
        return jwt.decode(
            token,
            self._settings.secret,
            algorithms=[ALGORITHM],
            audience=self._settings.audience,
            issuer=self._settings.issuer,
            options={
                "require": CLAIMS,
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )


def _principal(claims: dict[str, object]) -> Principal:
    user_id, username = claims["sub"], claims["username"]
    if not isinstance(user_id, str) or not isinstance(username, str) or not user_id:
        raise ValueError("sub and username must be strings")
    return Principal(
        user_id=user_id,
        username=username,
        is_operator=claims.get("operator") is True,
        expires_at=_moment(claims, "exp"),
    )


def _moment(claims: dict[str, object], name: str) -> datetime:
    value = claims[name]
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} must be a whole number of seconds")
    return datetime.fromtimestamp(value, UTC)
