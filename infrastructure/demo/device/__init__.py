"""What a user's phone does: holds the keys, reads what it is asked to sign, signs it or refuses.

One module a chain. Each takes what the chain's gateway prepares and answers what its
`accept_signature` takes, both in base64.
"""

from pathlib import Path
from typing import Protocol

from solders.keypair import Keypair

from domain.shared.assets import USDC, Asset, Chain
from infrastructure.chains.solana.keys import load_keypair
from infrastructure.demo.device.refusal import WillNotSign
from infrastructure.demo.device.secrets import load_secret, secret_file
from infrastructure.demo.device.solana import SolanaKey

__all__ = ["Device", "WillNotSign", "address_of"]


class ChainKey(Protocol):
    """One user's key on one chain."""

    @property
    def address(self) -> str: ...

    def sign(self, payload: str, asset: Asset, *, spends_at_most: int) -> str: ...


class Device:
    """One user's keys. What it signs never lets more of an asset leave than the user said, as far
    as the transaction's own bytes show it. Keys of other chains than Solana are read when used."""

    def __init__(self, keypair: Keypair, keypair_file: Path | None = None) -> None:
        self._solana = SolanaKey(keypair)
        self._keypair_file = keypair_file

    @classmethod
    def load(cls, keypair_file: Path) -> "Device":
        """A device with the key of a file in the Solana CLI's format, and those of other chains
        beside it; raises InvalidKeyFile."""
        return cls(load_keypair(keypair_file), keypair_file)

    @property
    def address(self) -> str:
        """That on Solana."""
        return self._solana.address

    def sign(
        self,
        payload: str,
        *,
        spends_at_most: int,
        asset: Asset = USDC,
        gives_shares: bool = False,
    ) -> str:
        """What the platform takes as signed, in base64. Raises WillNotSign where the transaction
        would move more base units of `asset` than that. `gives_shares`: the user leaves a strategy
        and gives its shares back."""
        if gives_shares:
            return self._solana.sign(
                payload, asset, spends_at_most=spends_at_most, gives_shares=True
            )
        return self._key(asset.chain).sign(payload, asset, spends_at_most=spends_at_most)

    def _key(self, chain: Chain) -> ChainKey:
        if chain is Chain.SOLANA:
            return self._solana
        if self._keypair_file is None:
            raise WillNotSign(f"this device has no key for {chain}")
        return _key_of(chain, load_secret(secret_file(self._keypair_file, chain)))


def address_of(chain: Chain, secret: bytes) -> str:
    """The address of a key of 32 bytes on another chain than Solana."""
    return _key_of(chain, secret).address


def _key_of(chain: Chain, secret: bytes) -> ChainKey:
    match chain:
        case Chain.BITCOIN:
            from infrastructure.demo.device.bitcoin import BitcoinKey

            return BitcoinKey(secret)
        case Chain.ETHEREUM:
            from infrastructure.demo.device.ethereum import EthereumKey

            return EthereumKey(secret)
        case Chain.SUI:
            from infrastructure.demo.device.sui import SuiKey

            return SuiKey(secret)
        case Chain.SOLANA:
            return SolanaKey(Keypair.from_seed(secret))
