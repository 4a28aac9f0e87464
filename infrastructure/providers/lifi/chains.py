"""How LI.FI names our chains and assets, and how it writes their transactions. Pure."""

from typing import Final, assert_never

from domain.provider.ports.dex import SwapRequest
from domain.provider.ports.unsigned import (
    BitcoinPsbt,
    EthereumCall,
    SuiTransaction,
    Unsigned,
)
from domain.shared.assets import ASSETS, Asset, Chain
from infrastructure.providers.lifi.wire import TransactionRequest
from infrastructure.providers.unsigned import (
    Unacceptable,
    from_base64,
    from_hex,
    solana_transaction,
)

CHAIN_IDS: Final = {
    Chain.SOLANA: 1_151_111_081_099_710,
    Chain.BITCOIN: 20_000_000_000_001,
    Chain.ETHEREUM: 1,
    Chain.SUI: 9_270_000_000_000_000,
}
# What it writes where a chain's own asset has no contract.
NATIVE: Final = {
    Chain.SOLANA: "11111111111111111111111111111111",
    Chain.BITCOIN: "bitcoin",
    Chain.ETHEREUM: "0x0000000000000000000000000000000000000000",
    Chain.SUI: "0x2::sui::SUI",
}
_PSBT_MAGIC: Final = b"psbt\xff"


def token_address(asset: Asset) -> str:
    return asset.contract or NATIVE[asset.chain]


def same_text(chain: Chain, one: str, other: str) -> bool:
    """Ethereum's addresses are hex and mean the same in any case; others are exact."""
    if chain in {Chain.ETHEREUM, Chain.SUI}:
        return one.lower() == other.lower()
    return one == other


def symbol_of(chain_id: int, address: str) -> str | None:
    """Our asset at that address; None where it is none of ours."""
    for asset in ASSETS.values():
        if CHAIN_IDS[asset.chain] == chain_id and same_text(
            asset.chain, token_address(asset), address
        ):
            return asset.symbol
    return None


def unsigned_of(
    transaction: TransactionRequest, request: SwapRequest, *, approval_address: str
) -> Unsigned:
    """The transaction in its chain's form. Raises `Unacceptable`."""
    chain = request.source.chain
    if chain is Chain.SOLANA:
        return solana_transaction(from_base64(transaction.data), sender=request.sender)
    if chain is Chain.SUI:
        return SuiTransaction(transaction=from_base64(transaction.data))
    if chain is Chain.BITCOIN:
        psbt = from_hex(transaction.data)
        if not psbt.startswith(_PSBT_MAGIC):
            raise Unacceptable("not a PSBT")
        return BitcoinPsbt(psbt=psbt)
    if chain is Chain.ETHEREUM:
        return _call(transaction, request, approval_address=approval_address)
    assert_never(chain)


def _call(
    transaction: TransactionRequest, request: SwapRequest, *, approval_address: str
) -> EthereumCall:
    if transaction.to is None:
        raise Unacceptable("a call to nobody")
    if transaction.chain_id not in {None, CHAIN_IDS[Chain.ETHEREUM]}:
        raise Unacceptable(f"a call on another chain: {transaction.chain_id}")
    sender = transaction.from_
    if sender is not None and not same_text(Chain.ETHEREUM, sender, request.sender):
        raise Unacceptable("a call of somebody else")
    value = _number(transaction.value or "0x0")
    token = request.source.contract
    if token is None and value < request.amount:
        raise Unacceptable(f"{value} wei sent of {request.amount}")
    return EthereumCall(
        to=transaction.to,
        data=from_hex(transaction.data),
        value=value,
        gas_limit=None if transaction.gas_limit is None else _number(transaction.gas_limit),
        token=token,
        spender=None if token is None else approval_address,
        allowance=0 if token is None else request.amount,
    )


def _number(text: str) -> int:
    """A quantity in hex with its prefix, or in decimal digits."""
    try:
        return int(text, 16) if text.startswith("0x") else int(text)
    except ValueError:
        raise Unacceptable("not a number") from None
