"""How a provider's call can end other than well, and what every provider has.

A call answers its own result, or one of three setbacks. Which of them it is decides what may follow:
another provider after `Declined` and `NotAttempted`, never after `Unanswered`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """A clear no; nothing has happened. `code` is of the catalogue, `provider_code` as answered."""

    code: str
    reason: str
    provider_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAttempted:
    """The call was certainly not executed: no connection, a rate limit, an open breaker."""

    reason: str
    retry_after_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """It may have been executed: a timeout, a broken connection, an answer that cannot be read or
    does not fit what was asked. Inquire before anything else.

    `contradicts`: it was answered, with something else than what was asked; a person has to look."""

    reason: str
    contradicts: bool = False


Setback = Declined | NotAttempted | Unanswered


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderFee:
    """One line of what a provider charges; `kind` is PROVIDER, NETWORK or PLATFORM (kept for us).

    `amount` in base units of `asset`, an asset's symbol or a currency's code (2 decimals).
    """

    kind: str
    amount: int
    asset: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Idempotency:
    """Whether the provider itself recognises a key that comes again, and for how long.

    Without it an unanswered call may be repeated only after an inquiry has shown that it is absent.
    """

    on_server: bool
    lifetime_seconds: int = 0


class WebhookRefused(Exception):
    """A message that is not the provider's, or too old: answered 4xx, nothing is stored.

    `reason` is one of SIGNATURE_MISSING, SIGNATURE_WRONG, STALE.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A message that is the provider's own. `reference` names what it is about, as the provider
    does; None: validly signed, but not readable here.

    It is a hint to look: what it says is always asked for again, so that order does not matter.
    """

    message_id: str
    reference: str | None
    event: str
    occurred_at: datetime | None = None


class WebhookReader(Protocol):
    """Tells a provider's own messages from others'. Header names are lower-case."""

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Webhook:
        """Compares in constant time, on the raw body. Raises `WebhookRefused`."""
        ...


class Provider(Protocol):
    """What all providers have in common. `name` is that of the registry."""

    @property
    def name(self) -> str: ...

    @property
    def idempotency(self) -> Idempotency: ...

    async def healthy(self) -> bool:
        """Whether it answers as it should; never raises."""
        ...
