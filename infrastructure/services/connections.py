"""How the providers are reached: URLs and keys in one file, and the adapters made from them."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec

from domain.provider.ports.onramp import OnRampProvider
from infrastructure.http import HttpClient
from infrastructure.settings import StartupError


class CoinbaseConnection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`us_state` is told for users in the United States: no quote without one."""

    platform_url: str
    history_url: str
    api_key_id: str
    api_key_secret: str
    webhook_secret: str
    us_state: str


class StripeConnection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    base_url: str
    secret_key: str
    webhook_secret: str


class Connections(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Providers that are left out are not used."""

    coinbase: CoinbaseConnection | None = None
    stripe: StripeConnection | None = None


def load_connections(path: Path | None) -> Connections:
    """The connections of a JSON file; raises `StartupError` with one line, without its secrets."""
    if path is None:
        return Connections()
    try:
        return msgspec.json.decode(path.read_bytes(), type=Connections)
    except msgspec.MsgspecError as error:
        raise StartupError(f"{path.name}: {error}") from None


def open_on_ramps(
    connections: Connections, client: HttpClient, clock: Callable[[], datetime]
) -> dict[str, OnRampProvider]:
    """The on-ramps by name. Adapters are imported when they are used: each costs memory."""
    opened: dict[str, OnRampProvider] = {}
    if connections.coinbase is not None:
        opened["coinbase"] = _coinbase(connections.coinbase, client, clock)
    if connections.stripe is not None:
        opened["stripe"] = _stripe(connections.stripe, client, clock)
    return opened


def _coinbase(
    at: CoinbaseConnection, client: HttpClient, clock: Callable[[], datetime]
) -> OnRampProvider:
    from infrastructure.providers.coinbase.adapter import CoinbaseOnRamp
    from infrastructure.providers.coinbase.signing import CdpKey, InvalidApiKey

    try:
        key = CdpKey(at.api_key_id, at.api_key_secret)
    except InvalidApiKey as error:
        raise StartupError(f"coinbase: {error}") from None
    return CoinbaseOnRamp(
        client,
        platform_url=at.platform_url,
        history_url=at.history_url,
        key=key,
        webhook_secret=at.webhook_secret,
        us_state=at.us_state,
        clock=clock,
    )


def _stripe(
    at: StripeConnection, client: HttpClient, clock: Callable[[], datetime]
) -> OnRampProvider:
    from infrastructure.providers.stripe.adapter import StripeOnRamp

    return StripeOnRamp(
        client,
        base_url=at.base_url,
        secret_key=at.secret_key,
        webhook_secret=at.webhook_secret,
        clock=clock,
    )
