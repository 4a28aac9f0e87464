"""Where a provider's vaults keep their money, on the Solana runtime that the platform sends to.

The runtime has no vault's program. As in the pool of the sandbox's Jupiter, what a deposit or a
withdrawal gives is put into an account of its own, and its taker is approved for exactly that: one
transaction, signed by user and fee payer alone, has both sides or neither. What nobody took is
taken back after a while.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final

import msgspec
from solders.account import Account
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.token.state import Mint
from solders.transaction import VersionedTransaction

from infrastructure.chains.solana.addresses import (
    MEMO_PROGRAM,
    TOKEN_ACCOUNT_BYTES,
    TOKEN_PROGRAM,
    USDC_DECIMALS,
    USDC_MINT,
    associated_token_account,
)
from infrastructure.sandbox.frame.world import World
from infrastructure.sandbox.jupiter.instructions import (
    approve_checked,
    close_account,
    open_account,
    transfer_checked,
)
from infrastructure.sandbox.jupiter.pool import SwapChain
from infrastructure.sandbox.kamino.instructions import burn_checked, mint_to
from infrastructure.sandbox.solana.encoding import MINT_BYTES, token_state
from infrastructure.sandbox.solana.store import RENT_EPOCH

# USDC's own, so that a share of a new vault is a dollar.
SHARE_DECIMALS: Final = USDC_DECIMALS
# Longer than anybody takes to sign, and than a blockhash is valid.
SET_ASIDE_FOR: Final = timedelta(minutes=10)
_TAKEN_BACK_AT_ONCE: Final = 4
_REFILL_LAMPORTS: Final = 10_000 * 10**9
_RESERVE_LAMPORTS: Final = 10**9
_REFILL_USDC: Final = 10_000_000 * 10**6


class TreasuryFailed(Exception):
    """The runtime refused what the treasury wanted to do."""


class SetAside(msgspec.Struct, frozen=True, kw_only=True):
    """`taker` may take all of it until `until`. `is_taken=None`: not known yet."""

    account: str
    mint: str
    vault: str
    taker: str
    base_units: int
    paid: int
    at: datetime
    until: datetime
    is_taken: bool | None = None


class Treasury:
    """One for each provider; never short of USDC: the faucet fills it, which is its yield."""

    def __init__(self, world: World, chain: SwapChain, provider: str) -> None:
        self._world = world
        self._chain = chain
        self._provider = provider
        seed = world.memory.once(f"{provider}_treasury", "seed", lambda: secrets.token_hex(32))
        self._key = Keypair.from_seed(hashlib.sha256(seed.encode()).digest())

    @property
    def address(self) -> Pubkey:
        return self._key.pubkey()

    @property
    def usdc(self) -> Pubkey:
        """Where deposits go."""
        return associated_token_account(self.address)

    def named(self, what: str) -> Pubkey:
        """An address that is the same in every sandbox."""
        return Pubkey(hashlib.sha256(f"{self._provider}:{what}".encode()).digest())

    def share_mint(self, vault: str) -> Pubkey:
        """The mint of a vault's shares, written as a genesis would have it."""
        address = self.named(f"{vault}:shares")
        runtime = self._chain.runtime
        if runtime.svm.get_account(address) is None:
            mint = Mint(
                mint_authority=self.address,
                supply=0,
                decimals=SHARE_DECIMALS,
                is_initialized=True,
                freeze_authority=None,
            )
            rent = runtime.svm.minimum_balance_for_rent_exemption(MINT_BYTES)
            account = Account(
                rent, bytes(mint), TOKEN_PROGRAM, executable=False, rent_epoch=RENT_EPOCH
            )
            runtime.put_account(address, account)
        return address

    def issued(self, vault: str) -> int:
        """The shares that somebody holds."""
        mint = self.share_mint(vault)
        account = self._chain.runtime.svm.get_account(mint)
        supply = 0 if account is None else int(Mint.from_bytes(account.data).supply)
        waiting = sum(self._left_in(one) or 0 for one in self._waiting() if one.mint == str(mint))
        return supply - waiting

    def balance(self, owner: Pubkey, mint: Pubkey) -> int:
        account = associated_token_account(owner, mint)
        state = token_state(self._chain.runtime.svm.get_account(account))
        return 0 if state is None else state.amount

    def set_aside(
        self, vault: str, mint: Pubkey, base_units: int, *, taker: Pubkey, paid: int
    ) -> Pubkey:
        """The account out of which `taker` may take exactly that much, who pays `paid` for it."""
        self._take_back()
        self._refill(0 if mint != USDC_MINT else base_units)
        account = Keypair()
        steps = open_account(
            payer=self.address,
            account=account.pubkey(),
            mint=mint,
            owner=self.address,
            lamports=self._rent(),
        )
        steps.append(self._filling(mint, account.pubkey(), base_units))
        steps.append(
            approve_checked(
                source=account.pubkey(),
                mint=mint,
                delegate=taker,
                owner=self.address,
                base_units=base_units,
                decimals=SHARE_DECIMALS,
            )
        )
        self._run(steps, [self._key, account])
        now = self._world.clock.now()
        kept = SetAside(
            account=str(account.pubkey()),
            mint=str(mint),
            vault=vault,
            taker=str(taker),
            base_units=base_units,
            paid=paid,
            at=now,
            until=now + SET_ASIDE_FOR,
        )
        self._keep(kept)
        return account.pubkey()

    def taken(self, taker: Pubkey) -> list[SetAside]:
        """What that wallet took, of all vaults, in the order in which it was set aside."""
        mine = [
            one
            for one in self._world.memory.all(f"{self._provider}_set_aside", SetAside)
            if one.taker == str(taker)
        ]
        return sorted((one for one in mine if self._is_taken(one)), key=lambda one: one.at)

    def _is_taken(self, one: SetAside) -> bool:
        if one.is_taken is not None:
            return one.is_taken
        return self._left_in(one) == 0

    def _left_in(self, one: SetAside) -> int | None:
        account = Pubkey.from_string(one.account)
        state = token_state(self._chain.runtime.svm.get_account(account))
        return None if state is None else state.amount

    def _waiting(self) -> list[SetAside]:
        found = self._world.memory.all(f"{self._provider}_set_aside", SetAside)
        return [one for one in found if one.is_taken is None]

    def _keep(self, one: SetAside) -> None:
        self._world.memory.put(f"{self._provider}_set_aside", one.account, one)

    def _take_back(self) -> None:
        now = self._world.clock.now()
        old = [one for one in self._waiting() if one.until <= now]
        for one in old[:_TAKEN_BACK_AT_ONCE]:
            left = self._left_in(one)
            account, mint = Pubkey.from_string(one.account), Pubkey.from_string(one.mint)
            steps: list[Instruction] = []
            if left:
                steps.append(self._emptying(mint, account, left))
            if left is not None:
                steps.append(
                    close_account(account=account, target=self.address, owner=self.address)
                )
                self._run(steps, [self._key])
            self._keep(msgspec.structs.replace(one, is_taken=left == 0))

    def _filling(self, mint: Pubkey, account: Pubkey, base_units: int) -> Instruction:
        if mint == USDC_MINT:
            return self._move(self.usdc, account, base_units)
        return mint_to(mint=mint, account=account, authority=self.address, base_units=base_units)

    def _emptying(self, mint: Pubkey, account: Pubkey, base_units: int) -> Instruction:
        if mint == USDC_MINT:
            return self._move(account, self.usdc, base_units)
        return burn_checked(
            account=account,
            mint=mint,
            owner=self.address,
            base_units=base_units,
            decimals=SHARE_DECIMALS,
        )

    def _move(self, source: Pubkey, target: Pubkey, base_units: int) -> Instruction:
        return transfer_checked(
            source=source,
            mint=USDC_MINT,
            target=target,
            authority=self.address,
            base_units=base_units,
            decimals=USDC_DECIMALS,
        )

    def _refill(self, usdc: int) -> None:
        if (self._chain.runtime.svm.get_balance(self.address) or 0) < _RESERVE_LAMPORTS:
            self._chain.airdrop(self.address, _REFILL_LAMPORTS)
            self._chain.mint_usdc(self.address, _REFILL_USDC)
        if self.balance(self.address, USDC_MINT) < usdc:
            self._chain.mint_usdc(self.address, _REFILL_USDC + usdc)

    def _rent(self) -> int:
        return self._chain.runtime.svm.minimum_balance_for_rent_exemption(TOKEN_ACCOUNT_BYTES)

    def _run(self, instructions: list[Instruction], signers: list[Keypair]) -> None:
        # The memo makes two equal steps in one slot two transactions.
        memo = Instruction(MEMO_PROGRAM, secrets.token_hex(8).encode(), [])
        clock = self._chain.clock
        message = Message.new_with_blockhash(
            [*instructions, memo], self.address, clock.blockhash(clock.slot())
        )
        executed = self._chain.runtime.execute(VersionedTransaction(message, signers))
        if executed.error is not None:
            raise TreasuryFailed(str(executed.error))
