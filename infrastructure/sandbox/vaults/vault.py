"""Vaults that take USDC and give shares: their figures, and the steps of a deposit and an exit."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from infrastructure.chains.solana.addresses import (
    USDC_DECIMALS,
    USDC_MINT,
    associated_token_account,
)
from infrastructure.sandbox.frame.world import World
from infrastructure.sandbox.token_program import burn_checked, transfer_checked
from infrastructure.sandbox.vaults.accrual import VaultBook, VaultTerms
from infrastructure.sandbox.vaults.treasury import SHARE_DECIMALS, SetAside, Treasury


class VaultRefused(Exception):
    """The vault's no, in words."""


@dataclass(frozen=True, slots=True)
class Steps:
    """What the user pays and what comes for it: one transaction has both or neither."""

    payment: Instruction
    payout: Instruction


class Vault:
    def __init__(self, world: World, provider: str, terms: VaultTerms, treasury: Treasury) -> None:
        self.terms = terms
        self.book = VaultBook(world, provider, terms)
        self.treasury = treasury
        self.address = treasury.named(terms.key)
        self._world = world
        self._provider = provider

    @property
    def mint(self) -> Pubkey:
        return self.treasury.share_mint(self.terms.key)

    def total_shares(self) -> int:
        return self.book.total_shares(self.treasury.issued(self.terms.key))

    def total_value(self) -> int:
        return self.book.gross(self.total_shares())

    def liquidity(self) -> int:
        return self.book.liquidity(self.treasury.issued(self.terms.key))

    def shares_of(self, owner: Pubkey) -> int:
        return self.treasury.balance(owner, self.mint)

    def moves_of(self, owner: Pubkey) -> list[SetAside]:
        return [one for one in self.treasury.taken(owner) if one.vault == self.terms.key]

    def locked_until(self, owner: Pubkey) -> datetime | None:
        """From the last deposit on, which counts from when it was composed."""
        deposits = [one.at for one in self.moves_of(owner) if one.mint == str(self.mint)]
        if not deposits or self.terms.lock_seconds == 0:
            return None
        return max(deposits) + timedelta(seconds=self.terms.lock_seconds)

    def deposit(self, owner: Pubkey, amount: int) -> Steps:
        if amount < self.terms.minimum:
            raise VaultRefused(f"Deposit amount is below the minimum of {self.terms.minimum}")
        shares = self.book.shares_for(amount)
        if shares == 0:
            raise VaultRefused("Deposit amount is too small")
        given = self._wrong("deposit_payout", shares)
        taken = self._wrong("deposit", amount)
        payment = transfer_checked(
            source=associated_token_account(owner),
            mint=USDC_MINT,
            target=self.treasury.usdc,
            authority=owner,
            base_units=taken,
            decimals=USDC_DECIMALS,
        )
        return Steps(payment, self._payout(owner, self.mint, given, paid=taken))

    def withdrawal(self, owner: Pubkey, shares: int) -> Steps:
        """For as many shares at the present price."""
        until = self.locked_until(owner)
        if until is not None and until > self._world.clock.now():
            raise VaultRefused(f"Shares are locked until {until.isoformat()}")
        if shares <= 0 or self.shares_of(owner) < shares:
            raise VaultRefused("Insufficient shares")
        amount = self.book.net(shares)
        if amount > self.liquidity():
            raise VaultRefused("Insufficient liquidity")
        if amount == 0:
            raise VaultRefused("Withdraw amount is too small")
        given = self._wrong("withdraw_payout", amount)
        taken = self._wrong("withdraw", shares)
        payment = burn_checked(
            account=associated_token_account(owner, self.mint),
            mint=self.mint,
            owner=owner,
            base_units=taken,
            decimals=SHARE_DECIMALS,
        )
        return Steps(payment, self._payout(owner, USDC_MINT, given, paid=taken))

    def _payout(self, owner: Pubkey, mint: Pubkey, base_units: int, *, paid: int) -> Instruction:
        source = self.treasury.set_aside(self.terms.key, mint, base_units, taker=owner, paid=paid)
        return transfer_checked(
            source=source,
            mint=mint,
            target=associated_token_account(owner, mint),
            authority=owner,
            base_units=base_units,
            decimals=SHARE_DECIMALS,
        )

    def _wrong(self, operation: str, base_units: int) -> int:
        """A fault has the user pay another amount, or, as "…_payout", be given another one."""
        return self._world.faults.scaled(base_units, self._provider, operation)
