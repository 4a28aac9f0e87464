"""How users of the sandbox's Solana chain pay a bridge: to accounts that are an order's own."""

import hashlib
from collections.abc import Sequence
from typing import Final

import msgspec
from solders.instruction import Instruction
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction

from domain.shared.assets import SOL, USDC, Chain
from infrastructure.chains.solana.addresses import (
    USDC_DECIMALS,
    USDC_MINT,
    associated_token_account,
    parse_address,
)
from infrastructure.sandbox.market import Credit, Payment
from infrastructure.sandbox.solana_chain import SolanaChain
from infrastructure.sandbox.token_program import transfer_checked

_DOMAIN: Final = b"bridge:order:"


class TokenAmount(msgspec.Struct, frozen=True):
    amount: str


class TokenBalance(msgspec.Struct, frozen=True, rename="camel"):
    account_index: int
    mint: str
    ui_token_amount: TokenAmount


class Meta(msgspec.Struct, frozen=True, rename="camel"):
    """The node's record of what a transaction did."""

    pre_balances: list[int]
    post_balances: list[int]
    pre_token_balances: list[TokenBalance]
    post_token_balances: list[TokenBalance]


class SolanaSource:
    """`Sources` for Solana alone; of other chains it knows nothing."""

    def __init__(self, chain: SolanaChain) -> None:
        self._chain = chain

    async def payment(self, *, asset: str, sender: str, order: str, amount: int) -> Payment | None:
        if asset not in {SOL.symbol, USDC.symbol}:
            return None
        payer = parse_address(sender)
        owner = Pubkey(hashlib.sha256(_DOMAIN + order.encode()).digest())
        if asset == SOL.symbol:
            params = TransferParams(from_pubkey=payer, to_pubkey=owner, lamports=amount)
            return Payment(self._unsigned(transfer(params), payer), str(owner))
        # Nothing is minted: this only opens the account.
        self._chain.mint_usdc(owner, 0)
        account = associated_token_account(owner)
        paid = transfer_checked(
            source=associated_token_account(payer),
            mint=USDC_MINT,
            target=account,
            authority=payer,
            base_units=amount,
            decimals=USDC_DECIMALS,
        )
        return Payment(self._unsigned(paid, payer), str(account))

    async def credits(self, *, chain: str, transaction_hash: str) -> Sequence[Credit]:
        if chain != Chain.SOLANA:
            return ()
        try:
            signature = bytes(Signature.from_string(transaction_hash))
        except ValueError:
            return ()
        landed = self._chain.runtime.store.landed(signature)
        if landed is None or landed.error is not None:
            return ()
        keys = VersionedTransaction.from_bytes(landed.wire).message.account_keys
        meta = msgspec.json.decode(landed.meta, type=Meta)
        return (*_native(keys, meta), *_tokens(keys, meta))

    def _unsigned(self, instruction: Instruction, payer: Pubkey) -> bytes:
        clock = self._chain.clock
        blockhash = clock.blockhash(clock.slot("confirmed"))
        message = MessageV0.try_compile(payer, [instruction], [], blockhash)
        return bytes(VersionedTransaction.populate(message, [Signature.default()]))


def _native(keys: Sequence[Pubkey], meta: Meta) -> list[Credit]:
    deltas = [
        after - before for before, after in zip(meta.pre_balances, meta.post_balances, strict=True)
    ]
    return [
        Credit(str(key), SOL.symbol, delta)
        # What lookup tables add comes last and is nobody's order.
        for key, delta in zip(keys, deltas, strict=False)
        if delta > 0
    ]


def _tokens(keys: Sequence[Pubkey], meta: Meta) -> list[Credit]:
    before = {
        balance.account_index: int(balance.ui_token_amount.amount)
        for balance in meta.pre_token_balances
    }
    credits_ = []
    for balance in meta.post_token_balances:
        delta = int(balance.ui_token_amount.amount) - before.get(balance.account_index, 0)
        is_own = balance.account_index < len(keys)
        if balance.mint == str(USDC_MINT) and delta > 0 and is_own:
            credits_.append(Credit(str(keys[balance.account_index]), USDC.symbol, delta))
    return credits_
