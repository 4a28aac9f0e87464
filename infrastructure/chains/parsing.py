"""Addresses of every chain, each read by its own rules."""

from collections.abc import Callable, Mapping
from typing import Final

from domain.provider.ports.chain import InvalidChainAddress
from domain.shared.assets import Chain
from infrastructure.chains.bitcoin import addresses as bitcoin
from infrastructure.chains.ethereum import addresses as ethereum
from infrastructure.chains.solana.addresses import InvalidAddress, parse_address
from infrastructure.chains.sui import addresses as sui

_SPELLINGS: Final[Mapping[Chain, Callable[[str], str]]] = {
    Chain.SOLANA: lambda text: str(parse_address(text)),
    Chain.BITCOIN: lambda text: bitcoin.parse(text).text,
    Chain.ETHEREUM: ethereum.parse,
    Chain.SUI: sui.parse,
}


def spelling(chain: Chain, text: str) -> str | None:
    """The one spelling of an address of that chain, its checksum checked; None: it is none."""
    try:
        return _SPELLINGS[chain](text)
    except (InvalidAddress, InvalidChainAddress):
        return None
