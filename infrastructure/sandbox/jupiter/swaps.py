"""What a swap does on the chain, instruction by instruction, and how it looks in answers."""

import base64
from dataclasses import dataclass
from typing import Final

from solders.compute_budget import set_compute_unit_price
from solders.hash import Hash
from solders.instruction import Instruction
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction

from domain.shared.assets import SOL, Asset
from infrastructure.chains.solana.addresses import associated_token_account
from infrastructure.chains.solana.building import create_token_account
from infrastructure.sandbox.jupiter.pool import MINTS, Pool
from infrastructure.sandbox.market import Terms
from infrastructure.sandbox.token_program import (
    WRAPPED_SOL,
    close_account,
    sync_native,
    transfer_checked,
)

LABEL: Final = "Sandbox AMM"

Json = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """`payout` is what is really paid out: the terms' amount, unless a fault has it otherwise.

    `receiver` is a wallet; `target_account` a token account instead of the receiver's own.
    """

    source: Asset
    target: Asset
    amount: int
    terms: Terms
    payout: int
    taker: Pubkey
    payer: Pubkey
    receiver: Pubkey
    target_account: Pubkey | None = None


@dataclass(frozen=True, slots=True)
class Parts:
    """In the order in which they are put together."""

    compute: list[Instruction]
    setup: list[Instruction]
    swap: Instruction
    cleanup: Instruction | None

    @property
    def all(self) -> list[Instruction]:
        last = [] if self.cleanup is None else [self.cleanup]
        return [*self.compute, *self.setup, self.swap, *last]


def parts_of(swap: Swap, pool: Pool, *, priority_micro_lamports: int) -> Parts:
    """The setup ends with the payment to the pool, the swap is what comes back: one transaction
    has both or neither. SOL is wrapped on its way, as everywhere on Solana."""
    wrapped = associated_token_account(swap.taker, WRAPPED_SOL)
    setup: list[Instruction] = []
    cleanup = None
    if SOL in {swap.source, swap.target}:
        setup.append(create_token_account(payer=swap.payer, owner=swap.taker, mint=WRAPPED_SOL))
        target = swap.receiver if swap.target == SOL else swap.taker
        cleanup = close_account(account=wrapped, target=target, owner=swap.taker)
    if swap.source == SOL:
        params = TransferParams(from_pubkey=swap.taker, to_pubkey=wrapped, lamports=swap.amount)
        setup += [transfer(params), sync_native(wrapped)]
    if swap.target != SOL and swap.target_account is None:
        mint = MINTS[swap.target.symbol]
        setup.append(create_token_account(payer=swap.payer, owner=swap.receiver, mint=mint))
    setup.append(_payment(swap, pool))
    compute = [set_compute_unit_price(priority_micro_lamports)]
    return Parts(compute, setup, _payout(swap, pool), cleanup)


def _payment(swap: Swap, pool: Pool) -> Instruction:
    mint = MINTS[swap.source.symbol]
    return transfer_checked(
        source=associated_token_account(swap.taker, mint),
        mint=mint,
        target=pool.vault(swap.source),
        authority=swap.taker,
        base_units=swap.amount,
        decimals=swap.source.decimals,
    )


def _payout(swap: Swap, pool: Pool) -> Instruction:
    mint = MINTS[swap.target.symbol]
    owner = swap.taker if swap.target == SOL else swap.receiver
    return transfer_checked(
        source=pool.set_aside(swap.target, swap.payout, swap.taker),
        mint=mint,
        target=swap.target_account or associated_token_account(owner, mint),
        authority=swap.taker,
        base_units=swap.payout,
        decimals=swap.target.decimals,
    )


def assembled(parts: Parts, payer: Pubkey, blockhash: Hash) -> VersionedTransaction:
    """A transaction whose signature slots are empty."""
    message = MessageV0.try_compile(payer, parts.all, [], blockhash)
    slots = [Signature.default()] * message.header.num_required_signatures
    return VersionedTransaction.populate(message, slots)


def quoted(swap: Swap, pool: Pool, slippage_bps: int) -> Json:
    """What `/order` and `/build` say alike."""
    step = {
        "swapInfo": {
            "ammKey": str(pool.address),
            "label": LABEL,
            "inputMint": str(MINTS[swap.source.symbol]),
            "outputMint": str(MINTS[swap.target.symbol]),
            "inAmount": str(swap.amount),
            "outAmount": str(swap.terms.target_amount),
        },
        "percent": 100,
        "bps": 10_000,
    }
    return {
        "inputMint": str(MINTS[swap.source.symbol]),
        "outputMint": str(MINTS[swap.target.symbol]),
        "inAmount": str(swap.amount),
        "outAmount": str(swap.terms.target_amount),
        "otherAmountThreshold": str(swap.terms.target_minimum),
        "swapMode": "ExactIn",
        "slippageBps": slippage_bps,
        "priceImpactPct": "0",
        "routePlan": [step],
    }


def instruction_json(instruction: Instruction) -> Json:
    return {
        "programId": str(instruction.program_id),
        "accounts": [
            {
                "pubkey": str(account.pubkey),
                "isSigner": account.is_signer,
                "isWritable": account.is_writable,
            }
            for account in instruction.accounts
        ],
        "data": base64.b64encode(instruction.data).decode(),
    }
