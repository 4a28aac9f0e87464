"""The platform's bearer tokens by its settings: who issues and who reads agree."""

from datetime import timedelta

from infrastructure.settings import Settings
from infrastructure.web.auth import Now, TokenAuthority, TokenSettings, utc_now


def token_authority(
    settings: Settings, now: Now = utc_now, *, lifetime: timedelta | None = None
) -> TokenAuthority:
    """Tokens live as long as the settings say, or `lifetime`; reading takes either."""
    seconds = settings.token_lifetime_seconds
    return TokenAuthority(
        TokenSettings(secret=settings.jwt_secret, lifetime=lifetime or timedelta(seconds=seconds)),
        now=now,
    )
