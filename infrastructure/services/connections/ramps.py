"""On-ramps and off-ramps. Adapters are imported when they are used: each costs memory."""

from domain.provider.ports.offramp import OffRampProvider
from domain.provider.ports.onramp import OnRampProvider
from infrastructure.providers.public_keys import InvalidPublicKey
from infrastructure.services.connections.access import Access
from infrastructure.services.connections.model import (
    BridgeConnection,
    CoinbaseConnection,
    Connections,
    DueConnection,
    StripeConnection,
)
from infrastructure.settings import StartupError


def open_on_ramps(connections: Connections, access: Access) -> dict[str, OnRampProvider]:
    """By name. Raises `StartupError` for a key that is none."""
    opened: dict[str, OnRampProvider] = {}
    if connections.coinbase is not None:
        opened["coinbase"] = _coinbase(connections.coinbase, access)
    if connections.stripe is not None:
        opened["stripe"] = _stripe(connections.stripe, access)
    return opened


def open_off_ramps(connections: Connections, access: Access) -> dict[str, OffRampProvider]:
    """By name. Raises `StartupError` for a key that is none."""
    opened: dict[str, OffRampProvider] = {}
    try:
        if connections.bridge is not None:
            opened["bridge"] = _bridge(connections.bridge, access)
        if connections.due is not None:
            opened["due"] = _due(connections.due, access)
    except InvalidPublicKey as error:
        raise StartupError(str(error)) from None
    return opened


def _coinbase(at: CoinbaseConnection, access: Access) -> OnRampProvider:
    from infrastructure.providers.coinbase.adapter import CoinbaseOnRamp
    from infrastructure.providers.coinbase.signing import CdpKey, InvalidApiKey

    try:
        key = CdpKey(at.api_key_id, at.api_key_secret)
    except InvalidApiKey as error:
        raise StartupError(f"coinbase: {error}") from None
    return CoinbaseOnRamp(
        access.client("coinbase"),
        platform_url=at.platform_url,
        history_url=at.history_url,
        key=key,
        webhook_secret=at.webhook_secret,
        us_state=at.us_state,
        clock=access.clock,
    )


def _stripe(at: StripeConnection, access: Access) -> OnRampProvider:
    from infrastructure.providers.stripe.adapter import StripeOnRamp

    return StripeOnRamp(
        access.client("stripe"),
        base_url=at.base_url,
        secret_key=at.secret_key,
        webhook_secret=at.webhook_secret,
        clock=access.clock,
    )


def _bridge(at: BridgeConnection, access: Access) -> OffRampProvider:
    from infrastructure.providers.bridge.adapter import BridgeOffRamp
    from infrastructure.providers.bridge.calls import BridgeSettings

    settings = BridgeSettings(
        base_url=at.base_url, api_key=at.api_key, webhook_public_keys=at.webhook_public_keys
    )
    return BridgeOffRamp(access.client("bridge"), settings, now=access.clock)


def _due(at: DueConnection, access: Access) -> OffRampProvider:
    from infrastructure.providers.due.adapter import DueOffRamp
    from infrastructure.providers.due.calls import DueSettings

    settings = DueSettings(
        base_url=at.base_url,
        api_key=at.api_key,
        quote_account=at.quote_account,
        webhook_public_keys=at.webhook_public_keys,
    )
    return DueOffRamp(access.client("due"), settings)
