"""How the sandbox's credentials come to the platform: through files of the data directory."""

from collections.abc import Mapping
from typing import Final

import msgspec

_PREFIX: Final = "credential."
# Users of the demonstration live somewhere; the provider wants to know in which state.
_US_STATE: Final = "NY"
_INTEGRATOR: Final = "diboas"


def named_credentials(credentials: Mapping[str, str]) -> dict[str, str]:
    """As they stand in the sandbox's ready file, beside its addresses."""
    return {f"{_PREFIX}{name}": secret for name, secret in credentials.items()}


def split(content: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The addresses of a sandbox's ready file, and its credentials by `provider.name`."""
    addresses = {k: v for k, v in content.items() if not k.startswith(_PREFIX)}
    return addresses, {k.removeprefix(_PREFIX): v for k, v in content.items() if k not in addresses}


def connections(sandbox_url: str, secrets: Mapping[str, str]) -> dict[str, dict[str, object]]:
    """The platform's connections to the providers and chains of a sandbox."""
    return {
        **_ramps(sandbox_url, secrets),
        **_markets(sandbox_url, secrets),
        **_chains(sandbox_url),
    }


def _ramps(sandbox_url: str, secrets: Mapping[str, str]) -> dict[str, dict[str, object]]:
    return {
        "coinbase": {
            "platform_url": f"{sandbox_url}/coinbase/platform",
            "history_url": f"{sandbox_url}/coinbase/onramp/v1",
            "api_key_id": secrets["coinbase.api_key_id"],
            "api_key_secret": secrets["coinbase.api_key_secret"],
            "webhook_secret": secrets["coinbase.webhook_secret"],
            "us_state": _US_STATE,
        },
        "stripe": {
            "base_url": f"{sandbox_url}/stripe",
            "secret_key": secrets["stripe.secret_key"],
            "webhook_secret": secrets["stripe.webhook_secret"],
        },
        "bridge": {
            "base_url": f"{sandbox_url}/bridge/v0",
            "api_key": secrets["bridge.api_key"],
            "webhook_public_keys": [secrets["bridge.webhook_public_key"]],
        },
        "due": {
            "base_url": f"{sandbox_url}/due",
            "api_key": secrets["due.api_key"],
            "quote_account": secrets["due.quote_account"],
            "webhook_public_keys": [secrets["due.webhook_public_key"]],
        },
    }


def _markets(sandbox_url: str, secrets: Mapping[str, str]) -> dict[str, dict[str, object]]:
    return {
        "jupiter": {"base_url": f"{sandbox_url}/jupiter", "api_key": secrets["jupiter.api_key"]},
        "lifi": {
            "base_url": f"{sandbox_url}/lifi/v1",
            "api_key": secrets["lifi.api_key"],
            "integrator": _INTEGRATOR,
        },
        "debridge": {
            "base_url": f"{sandbox_url}/debridge/v1.0",
            "stats_url": f"{sandbox_url}/debridge/stats/api",
            "access_token": secrets["debridge.access_token"],
        },
        "kamino": {
            "base_url": f"{sandbox_url}/kamino",
            "vaults": msgspec.json.decode(secrets["kamino.vaults"]),
        },
        "jupiter_lend": {
            "base_url": f"{sandbox_url}/jupiter_lend",
            "api_key": secrets["jupiter_lend.api_key"],
        },
        "coingecko": {
            "base_url": f"{sandbox_url}/coingecko/api/v3",
            "api_key": secrets["coingecko.api_key"],
        },
    }


def _chains(sandbox_url: str) -> dict[str, dict[str, object]]:
    """Each has two nodes."""
    return {
        name: {"urls": [f"{sandbox_url}/{name}", f"{sandbox_url}/{name}_2"]}
        for name in ("bitcoin", "ethereum", "sui")
    }
