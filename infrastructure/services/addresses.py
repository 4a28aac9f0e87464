"""External addresses as a user typed them: form and checksum of their chain, and whether anybody could
spend what is sent there."""

from collections.abc import Callable, Mapping
from typing import Final

from domain.provider.ports.chain import InvalidChainAddress
from domain.shared.assets import ASSETS, Chain
from domain.shared.errors import InvalidInput, Refused
from infrastructure.chains.bitcoin import addresses as bitcoin
from infrastructure.chains.ethereum import addresses as ethereum
from infrastructure.chains.solana.addresses import (
    SYSTEM_PROGRAM,
    InvalidAddress,
    is_on_curve,
    parse_address,
)
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.chains.sui import addresses as sui

_PARSERS: Final[Mapping[Chain, Callable[[str], str]]] = {
    Chain.SOLANA: lambda text: str(parse_address(text)),
    Chain.BITCOIN: lambda text: bitcoin.parse(text).text,
    Chain.ETHEREUM: ethereum.parse,
    Chain.SUI: sui.parse,
}
_RESERVED_ON_SUI: Final = 0xFFFF
"""Addresses of the system and its packages are the smallest numbers; no key leads there."""


def read_address(chain: Chain, text: str, *, field: str) -> str:
    """The address in its one spelling. Raises `InvalidInput`."""
    try:
        return _PARSERS[chain](text)
    except (InvalidAddress, InvalidChainAddress):
        raise InvalidInput(code="VAL_ADDRESS", field=field) from None


async def check_spendable(
    chain: Chain, address: str, *, gateway: SolanaGateway, field: str
) -> None:
    """Raises `Refused` for an address of nobody's: what a program owns on Solana (a mint, a token
    account of whatever kind, a sysvar), the contract of a token, nought; and for the platform's own.
    """
    spendable = (
        await _is_wallet(address, gateway)
        if chain is Chain.SOLANA
        else _is_somebody(chain, address)
    )
    if not spendable:
        raise Refused(code="TXN_ADDRESS_UNSUITABLE", field=field)


async def _is_wallet(text: str, gateway: SolanaGateway) -> bool:
    address = parse_address(text)
    if text in gateway.platform or not is_on_curve(address):
        return False
    account = await gateway.rpc.account(address)
    return account is None or account.owner == str(SYSTEM_PROGRAM)


def _is_somebody(chain: Chain, address: str) -> bool:
    if chain is Chain.SUI:
        return int(address, 16) > _RESERVED_ON_SUI
    contracts = {asset.contract for asset in ASSETS.values() if asset.chain is chain}
    return address not in {ethereum.ZERO, *contracts}
