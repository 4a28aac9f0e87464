"""How the sandbox's credentials come to the platform: through files of the data directory."""

from collections.abc import Mapping
from typing import Final

_PREFIX: Final = "credential."
# Users of the demonstration live somewhere; the provider wants to know in which state.
_US_STATE: Final = "NY"


def named_credentials(credentials: Mapping[str, str]) -> dict[str, str]:
    """As they stand in the sandbox's ready file, beside its addresses."""
    return {f"{_PREFIX}{name}": secret for name, secret in credentials.items()}


def split(content: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The addresses of a sandbox's ready file, and its credentials by `provider.name`."""
    addresses = {k: v for k, v in content.items() if not k.startswith(_PREFIX)}
    return addresses, {k.removeprefix(_PREFIX): v for k, v in content.items() if k not in addresses}


def connections(sandbox_url: str, secrets: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The platform's connections to the providers of a sandbox."""
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
    }
