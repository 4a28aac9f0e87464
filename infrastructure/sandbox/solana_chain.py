"""The sandbox's Solana chain, as those use it who keep money on it: pools, treasuries, bridges."""

import secrets
from collections.abc import Sequence
from typing import Protocol

from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from infrastructure.chains.solana.addresses import MEMO_PROGRAM, TOKEN_ACCOUNT_BYTES
from infrastructure.sandbox.solana.runtime import Runtime
from infrastructure.sandbox.solana.timing import ChainClock


class SolanaChain(Protocol):
    """Where to execute, and a faucet."""

    @property
    def runtime(self) -> Runtime: ...

    @property
    def clock(self) -> ChainClock: ...

    def airdrop(self, address: Pubkey, lamports: int) -> str: ...

    def mint_usdc(self, owner: Pubkey, base_units: int) -> str: ...


class StepsFailed(Exception):
    """The runtime refused what a pool or a treasury wanted to do."""


def token_account_rent(chain: SolanaChain) -> int:
    return chain.runtime.svm.minimum_balance_for_rent_exemption(TOKEN_ACCOUNT_BYTES)


def carry_out(
    chain: SolanaChain, steps: Sequence[Instruction], *, payer: Pubkey, signers: Sequence[Keypair]
) -> str:
    """All steps in one transaction; its signature. Raises `StepsFailed`."""
    # The memo makes two equal steps in one slot two transactions.
    memo = Instruction(MEMO_PROGRAM, secrets.token_hex(8).encode(), [])
    clock = chain.clock
    message = Message.new_with_blockhash([*steps, memo], payer, clock.blockhash(clock.slot()))
    transaction = VersionedTransaction(message, list(signers))
    executed = chain.runtime.execute(transaction)
    if executed.error is not None:
        raise StepsFailed(str(executed.error))
    return str(transaction.signatures[0])
