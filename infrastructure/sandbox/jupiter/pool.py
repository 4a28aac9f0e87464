"""The one liquidity pool of the sandbox, on the Solana runtime that the platform sends to.

The runtime has no exchange's program, so no program can pay out of a pool in the user's
transaction, and a pool that signed would be a signer that no real swap has. Instead the pool puts
what it owes into an account of its own for each swap and approves the user as its delegate: then
one transaction, signed by user and fee payer alone, moves the payment in and the payout out, or
neither. What nobody took is taken back after a while.
"""

import hashlib
import secrets
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from solders.account import Account
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.token.state import Mint
from solders.transaction import VersionedTransaction

from domain.shared.assets import SOL, USDC, Asset
from infrastructure.chains.solana.addresses import (
    TOKEN_PROGRAM,
    USDC_MINT,
    associated_token_account,
)
from infrastructure.chains.solana.building import create_token_account
from infrastructure.sandbox.frame.world import World
from infrastructure.sandbox.solana.encoding import MINT_BYTES, token_state
from infrastructure.sandbox.solana.runtime import Executed
from infrastructure.sandbox.solana.store import RENT_EPOCH
from infrastructure.sandbox.solana_chain import SolanaChain, carry_out, token_account_rent
from infrastructure.sandbox.token_program import (
    WRAPPED_SOL,
    approve_checked,
    close_account,
    open_account,
    transfer_checked,
)

MINTS: Final = {USDC.symbol: USDC_MINT, SOL.symbol: WRAPPED_SOL}
ASSET_BY_MINT: Final = {str(USDC_MINT): USDC, str(WRAPPED_SOL): SOL}
# Longer than anybody takes to sign, and than a blockhash is valid.
SET_ASIDE_FOR: Final = timedelta(minutes=10)
# Bounds what one request pays for those before it.
_TAKEN_BACK_AT_ONCE: Final = 4
_REFILL_LAMPORTS: Final = 10_000 * 10**9
_REFILL_USDC: Final = 10_000_000 * 10**6
# What the pool keeps for rent and fees of its own.
_RESERVE_LAMPORTS: Final = 10**9


@dataclass(frozen=True, slots=True)
class SetAside:
    account: Pubkey
    asset: Asset
    until: datetime


class Pool:
    """Never short of money: the faucet fills it."""

    def __init__(self, world: World, chain: SolanaChain) -> None:
        self._world = world
        self._chain = chain
        seed = world.memory.once("jupiter_pool", "seed", lambda: secrets.token_hex(32))
        self._key = Keypair.from_seed(hashlib.sha256(seed.encode()).digest())
        # Forgotten over a restart: what lies there then stays where it is.
        self._set_aside: deque[SetAside] = deque()
        self._is_open = False

    @property
    def address(self) -> Pubkey:
        return self._key.pubkey()

    def vault(self, asset: Asset) -> Pubkey:
        """Where payments in that asset go."""
        return associated_token_account(self.address, MINTS[asset.symbol])

    def set_aside(self, asset: Asset, base_units: int, taker: Pubkey) -> Pubkey:
        """The account out of which `taker` may take exactly that much."""
        self._open()
        self._take_back()
        self._refill(asset, base_units)
        account = Keypair()
        rent = token_account_rent(self._chain)
        is_native = asset == SOL
        steps = open_account(
            payer=self.address,
            account=account.pubkey(),
            mint=MINTS[asset.symbol],
            owner=self.address,
            lamports=rent + (base_units if is_native else 0),
        )
        if not is_native:
            steps.append(self._move(asset, self.vault(asset), account.pubkey(), base_units))
        steps.append(
            approve_checked(
                source=account.pubkey(),
                mint=MINTS[asset.symbol],
                delegate=taker,
                owner=self.address,
                base_units=base_units,
                decimals=asset.decimals,
            )
        )
        carry_out(self._chain, steps, payer=self.address, signers=[self._key, account])
        until = self._world.clock.now() + SET_ASIDE_FOR
        self._set_aside.append(SetAside(account.pubkey(), asset, until))
        return account.pubkey()

    def execute(self, transaction: VersionedTransaction) -> Executed:
        return self._chain.runtime.execute(transaction)

    def _open(self) -> None:
        if self._is_open:
            return
        self._write_wrapped_sol()
        self._chain.airdrop(self.address, _REFILL_LAMPORTS)
        self._chain.mint_usdc(self.address, _REFILL_USDC)
        vault = create_token_account(payer=self.address, owner=self.address, mint=WRAPPED_SOL)
        carry_out(self._chain, [vault], payer=self.address, signers=[self._key])
        self._is_open = True

    def _write_wrapped_sol(self) -> None:
        """The mint that a network has from its beginning and the runtime lacks."""
        runtime = self._chain.runtime
        if runtime.svm.get_account(WRAPPED_SOL) is not None:
            return
        mint = Mint(
            mint_authority=None,
            supply=0,
            decimals=SOL.decimals,
            is_initialized=True,
            freeze_authority=None,
        )
        rent = runtime.svm.minimum_balance_for_rent_exemption(MINT_BYTES)
        account = Account(rent, bytes(mint), TOKEN_PROGRAM, executable=False, rent_epoch=RENT_EPOCH)
        runtime.put_account(WRAPPED_SOL, account)

    def _refill(self, asset: Asset, base_units: int) -> None:
        runtime = self._chain.runtime
        needed = _RESERVE_LAMPORTS + (base_units if asset == SOL else 0)
        if (runtime.svm.get_balance(self.address) or 0) < needed:
            self._chain.airdrop(self.address, _REFILL_LAMPORTS + needed)
        state = token_state(runtime.svm.get_account(self.vault(USDC)))
        if asset == USDC and (state is None or state.amount < base_units):
            self._chain.mint_usdc(self.address, _REFILL_USDC + base_units)

    def _take_back(self) -> None:
        now = self._world.clock.now()
        for _ in range(_TAKEN_BACK_AT_ONCE):
            if not self._set_aside or self._set_aside[0].until > now:
                return
            left = self._set_aside.popleft()
            state = token_state(self._chain.runtime.svm.get_account(left.account))
            if state is None:
                continue
            steps: list[Instruction] = []
            if left.asset != SOL and state.amount > 0:
                steps.append(
                    self._move(left.asset, left.account, self.vault(left.asset), state.amount)
                )
            steps.append(
                close_account(account=left.account, target=self.address, owner=self.address)
            )
            carry_out(self._chain, steps, payer=self.address, signers=[self._key])

    def _move(self, asset: Asset, source: Pubkey, target: Pubkey, base_units: int) -> Instruction:
        return transfer_checked(
            source=source,
            mint=MINTS[asset.symbol],
            target=target,
            authority=self.address,
            base_units=base_units,
            decimals=asset.decimals,
        )
