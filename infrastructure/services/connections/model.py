"""The connections file: URLs and keys of every provider and chain."""

from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from infrastructure.settings import StartupError

LEGACY_ACCOUNTS_MAX: Final = 20
"""A legacy message carries about 25 accounts; the platform's fee and its token account need a few
of them."""

Urls = Annotated[tuple[str, ...], Meta(min_length=1)]
Seconds = Annotated[int, Meta(ge=0)]


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


class BridgeConnection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`base_url` with its version; `webhook_public_keys` in PEM, one for each endpoint."""

    base_url: str
    api_key: str
    webhook_public_keys: tuple[str, ...] = ()


class DueConnection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`base_url` without a version; `quote_account` is the platform's own, which asks for quotes;
    `webhook_public_keys` in PEM, one for each endpoint."""

    base_url: str
    api_key: str
    quote_account: str
    webhook_public_keys: tuple[str, ...] = ()


class JupiterConnection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Swaps and prices."""

    base_url: str
    api_key: str
    accounts_max: Annotated[int, Meta(ge=1, le=64)] = LEGACY_ACCOUNTS_MAX


class LifiConnection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`integrator` is the name under which the platform is registered."""

    base_url: str
    api_key: str
    integrator: str


class DebridgeConnection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    base_url: str
    stats_url: str
    access_token: str | None = None


class KaminoConnection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Only `vaults` are offered: by address, for how many seconds each keeps a deposit, which
    Kamino's API does not tell."""

    base_url: str
    vaults: dict[str, Seconds]


class KeyedConnection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One address, one key."""

    base_url: str
    api_key: str


class NodesConnection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A chain's nodes in order of preference."""

    urls: Urls


class EthereumConnection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nodes in order of preference, of the chain that `chain_id` names."""

    urls: Urls
    chain_id: Annotated[int, Meta(ge=1)] = 1


class Connections(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Providers and chains that are left out are not used."""

    coinbase: CoinbaseConnection | None = None
    stripe: StripeConnection | None = None
    bridge: BridgeConnection | None = None
    due: DueConnection | None = None
    jupiter: JupiterConnection | None = None
    lifi: LifiConnection | None = None
    debridge: DebridgeConnection | None = None
    kamino: KaminoConnection | None = None
    jupiter_lend: KeyedConnection | None = None
    coingecko: KeyedConnection | None = None
    bitcoin: NodesConnection | None = None
    ethereum: EthereumConnection | None = None
    sui: NodesConnection | None = None

    @property
    def calling_back(self) -> tuple[str, ...]:
        """The names of those that send webhooks."""
        ramps = {
            "coinbase": self.coinbase,
            "stripe": self.stripe,
            "bridge": self.bridge,
            "due": self.due,
        }
        return tuple(name for name, connection in ramps.items() if connection is not None)


def load_connections(path: Path | None) -> Connections:
    """The connections of a JSON file; raises `StartupError` with one line, without its secrets."""
    if path is None:
        return Connections()
    try:
        return msgspec.json.decode(path.read_bytes(), type=Connections)
    except msgspec.MsgspecError as error:
        raise StartupError(f"{path.name}: {error}") from None
