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
from solders.pubkey import Pubkey
from solders.token.state import Mint

from infrastructure.chains.solana.addresses import (
    TOKEN_PROGRAM,
    USDC_DECIMALS,
    USDC_MINT,
    associated_token_account,
)
from infrastructure.sandbox.frame.world import World
from infrastructure.sandbox.solana.encoding import MINT_BYTES, token_state
from infrastructure.sandbox.solana.store import RENT_EPOCH
from infrastructure.sandbox.solana_chain import SolanaChain, carry_out, token_account_rent
from infrastructure.sandbox.token_program import (
    approve_checked,
    burn_checked,
    close_account,
    mint_to,
    open_account,
    transfer_checked,
)

# USDC's own, so that a share of a new vault is a dollar.
SHARE_DECIMALS: Final = USDC_DECIMALS
# Longer than anybody takes to sign, and than a blockhash is valid.
SET_ASIDE_FOR: Final = timedelta(minutes=10)
_TAKEN_BACK_AT_ONCE: Final = 4
_REFILL_LAMPORTS: Final = 10_000 * 10**9
_RESERVE_LAMPORTS: Final = 10**9
_REFILL_USDC: Final = 10_000_000 * 10**6


class SetAside(msgspec.Struct, frozen=True, kw_only=True):
    """`taker` may take all of it until `until`, who pays `paid` for it."""

    account: str
    mint: str
    vault: str
    taker: str
    base_units: int
    paid: int
    at: datetime
    until: datetime


class Treasury:
    """One for each provider; never short of USDC: the faucet fills it, which is its yield."""

    def __init__(self, world: World, chain: SolanaChain, provider: str) -> None:
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
        waiting = [one for one in self._waiting() if one.mint == str(mint)]
        return supply - sum(self._left_in(one) for one in waiting)

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
            lamports=token_account_rent(self._chain),
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
        carry_out(self._chain, steps, payer=self.address, signers=[self._key, account])
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
        self._keep_waiting([*self._waiting(), kept])
        return account.pubkey()

    def taken(self, taker: Pubkey) -> list[SetAside]:
        """What that wallet took, of all vaults, in the order in which it was seen to be taken."""
        self._settle()
        return self._taken(str(taker))

    def _settle(self) -> None:
        """What was taken becomes a part of its taker's history."""
        waiting = []
        for one in self._waiting():
            if self._left_in(one) > 0:
                waiting.append(one)
            else:
                history = [*self._taken(one.taker), one]
                self._world.memory.put(f"{self._provider}_taken", one.taker, history)
        self._keep_waiting(waiting)

    def _taken(self, taker: str) -> list[SetAside]:
        return self._world.memory.get(f"{self._provider}_taken", taker, list[SetAside]) or []

    def _waiting(self) -> list[SetAside]:
        return self._world.memory.get(f"{self._provider}_waiting", "all", list[SetAside]) or []

    def _keep_waiting(self, waiting: list[SetAside]) -> None:
        self._world.memory.put(f"{self._provider}_waiting", "all", waiting)

    def _left_in(self, one: SetAside) -> int:
        account = Pubkey.from_string(one.account)
        state = token_state(self._chain.runtime.svm.get_account(account))
        return 0 if state is None else state.amount

    def _take_back(self) -> None:
        self._settle()
        now, waiting = self._world.clock.now(), self._waiting()
        old = [one for one in waiting if one.until <= now][:_TAKEN_BACK_AT_ONCE]
        for one in old:
            account, mint = Pubkey.from_string(one.account), Pubkey.from_string(one.mint)
            emptied = self._emptying(mint, account, self._left_in(one))
            closed = close_account(account=account, target=self.address, owner=self.address)
            carry_out(self._chain, [emptied, closed], payer=self.address, signers=[self._key])
        self._keep_waiting([one for one in waiting if one not in old])

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
