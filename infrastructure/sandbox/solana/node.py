"""One sandbox chain: opened from its data directory, with a mint of USDC and a faucet."""

import hashlib
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
from solders.account import Account
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from solders.token.state import Mint
from solders.transaction import VersionedTransaction

from infrastructure.chains.solana.addresses import (
    MEMO_PROGRAM,
    SYSTEM_PROGRAM,
    TOKEN_PROGRAM,
    USDC_DECIMALS,
    USDC_MINT,
    associated_token_account,
)
from infrastructure.chains.solana.building import create_token_account
from infrastructure.sandbox.solana.encoding import MINT_BYTES
from infrastructure.sandbox.solana.faults import Faults
from infrastructure.sandbox.solana.runtime import Runtime
from infrastructure.sandbox.solana.store import RENT_EPOCH, Store
from infrastructure.sandbox.solana.timing import GENESIS_SLOT, Anchor, ChainClock, Timing

FAUCET_LAMPORTS: Final = 10**17
_SEED: Final = "seed"
_PACE: Final = "pace"
_SEED_BYTES: Final = 32
_MINT_TO: Final = b"\x07"


class FaucetRefused(Exception):
    """The runtime refused what the faucet wanted to do."""


class Pace(msgspec.Struct, frozen=True):
    """What the chain's time is computed from, stored whenever it changes."""

    anchor: Anchor
    timing: Timing


class SolanaNode:
    """`timing` applies from this start on; slots go on from where the stored pace has them."""

    def __init__(
        self, *, data_dir: Path | None, timing: Timing, wall_clock: Callable[[], float]
    ) -> None:
        self.store = Store(data_dir)
        self.faults = Faults()
        seed = self.store.get(_SEED)
        is_new = seed is None
        if seed is None:
            seed = secrets.token_bytes(_SEED_BYTES)
        self.genesis_hash = Hash.from_bytes(hashlib.sha256(seed).digest())
        self._faucet = Keypair.from_seed(hashlib.sha256(seed + b"faucet").digest())
        self._mint_authority = Keypair.from_seed(hashlib.sha256(seed + b"mint").digest())
        self.clock = self._open_clock(seed, wall_clock, timing)
        self.runtime = Runtime(self.store, self.clock)
        if is_new:
            self._write_genesis()
            # Last: a genesis that was cut short is made again, whole.
            self.store.put(_SEED, seed)
        self._retime(timing)

    def close(self) -> None:
        self.store.close()

    def retime(self, timing: Timing) -> None:
        self._retime(timing)

    def advance(self, slots: int) -> None:
        self.clock.advance(slots)
        self._save_pace()

    def airdrop(self, address: Pubkey, lamports: int) -> str:
        """Sends lamports of the faucet; the signature of a transaction like any other."""
        params = TransferParams(
            from_pubkey=self._faucet.pubkey(), to_pubkey=address, lamports=lamports
        )
        return self._run([transfer(params)], [self._faucet])

    def mint_usdc(self, owner: Pubkey, base_units: int) -> str:
        """Mints to the owner's associated account and creates it where it is missing."""
        account = associated_token_account(owner)
        instructions = [create_token_account(payer=self._faucet.pubkey(), owner=owner)]
        signers = [self._faucet]
        if base_units > 0:
            accounts = [
                AccountMeta(USDC_MINT, is_signer=False, is_writable=True),
                AccountMeta(account, is_signer=False, is_writable=True),
                AccountMeta(self._mint_authority.pubkey(), is_signer=True, is_writable=False),
            ]
            data = _MINT_TO + base_units.to_bytes(8, "little")
            instructions.append(Instruction(TOKEN_PROGRAM, data, accounts))
            signers.append(self._mint_authority)
        return self._run(instructions, signers)

    def _run(self, instructions: list[Instruction], signers: list[Keypair]) -> str:
        # The memo makes two equal gifts in one slot two transactions.
        memo = Instruction(MEMO_PROGRAM, secrets.token_hex(8).encode(), [])
        blockhash = self.clock.blockhash(self.clock.slot())
        message = Message.new_with_blockhash(
            [*instructions, memo], self._faucet.pubkey(), blockhash
        )
        transaction = VersionedTransaction(message, signers)
        executed = self.runtime.execute(transaction)
        if executed.error is not None:
            raise FaucetRefused(str(executed.error))
        return str(transaction.signatures[0])

    def _open_clock(
        self, seed: bytes, wall_clock: Callable[[], float], timing: Timing
    ) -> ChainClock:
        stored = self.store.get(_PACE)
        pace = (
            Pace(Anchor(GENESIS_SLOT, wall_clock()), timing)
            if stored is None
            else msgspec.json.decode(stored, type=Pace)
        )
        clock = ChainClock(seed=seed, anchor=pace.anchor, timing=pace.timing, wall_clock=wall_clock)
        # The wall clock may have been set back while nothing ran.
        behind = self.store.newest_slot() - clock.slot()
        if behind > 0:
            clock.advance(behind)
        return clock

    def _retime(self, timing: Timing) -> None:
        if timing != self.clock.timing or self.store.get(_PACE) is None:
            self.clock.retime(timing)
            self._save_pace()

    def _save_pace(self) -> None:
        pace = Pace(self.clock.anchor, self.clock.timing)
        self.store.put(_PACE, msgspec.json.encode(pace))

    def _write_genesis(self) -> None:
        mint = Mint(
            mint_authority=self._mint_authority.pubkey(),
            supply=0,
            decimals=USDC_DECIMALS,
            is_initialized=True,
            freeze_authority=None,
        )
        rent = self.runtime.svm.minimum_balance_for_rent_exemption(MINT_BYTES)
        self.runtime.put_account(USDC_MINT, _account(rent, bytes(mint), TOKEN_PROGRAM))
        faucet = _account(FAUCET_LAMPORTS, b"", SYSTEM_PROGRAM)
        self.runtime.put_account(self._faucet.pubkey(), faucet)


def _account(lamports: int, data: bytes, owner: Pubkey) -> Account:
    return Account(lamports, data, owner, executable=False, rent_epoch=RENT_EPOCH)
