"""An off-ramp's own addresses on the simulated Solana chain, one for each order.

It has their keys: what came to one is seen on the chain, and goes back by a transaction of it.
"""

import hashlib
import secrets
from collections import Counter
from typing import Final

import msgspec
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.signature import Signature

from domain.shared.assets import USDC
from infrastructure.chains.solana.addresses import (
    USDC_DECIMALS,
    USDC_MINT,
    associated_token_account,
    parse_address,
)
from infrastructure.chains.solana.building import create_token_account
from infrastructure.sandbox.frame.world import World
from infrastructure.sandbox.lifi.solana import TokenAmount
from infrastructure.sandbox.solana.encoding import token_state
from infrastructure.sandbox.solana.store import Landed
from infrastructure.sandbox.solana_chain import SolanaChain, carry_out
from infrastructure.sandbox.token_program import transfer_checked

# An order waits for one transaction; what comes on top is looked at no further back.
TRANSACTIONS_MAX: Final = 100
_SECRET_BYTES: Final = 32
# For the fee of a refund and, where the recipient has none any more, a token account.
_REFUND_LAMPORTS: Final = 10_000_000


class DepositAccounts:
    """`DepositWatch` and `Refund` of one off-ramp, and where its addresses come from."""

    def __init__(self, world: World, chain: SolanaChain, provider: str) -> None:
        self._world = world
        self._chain = chain
        self._provider = provider
        self._numbers = f"{provider}_deposit_address"
        self._seed = world.memory.once(
            f"{provider}_deposits", "seed", lambda: secrets.token_hex(_SECRET_BYTES)
        )

    def new_address(self) -> str:
        """A fresh one each time, with an account for USDC: nobody pays for that but us."""
        number = self._world.memory.number(f"{self._provider} deposit address")
        address = self._key(number).pubkey()
        self._world.memory.put(self._numbers, str(address), number)
        self._chain.mint_usdc(address, 0)
        return str(address)

    async def received(self, *, address: str, asset: str) -> list[tuple[str, int, str]]:
        """Of confirmed transactions; the sender is whose USDC it was."""
        if asset != USDC.symbol:
            return []
        store, owner = self._chain.runtime.store, parse_address(address)
        mentions = store.mentions(
            associated_token_account(owner),
            before=None,
            until=None,
            slot_max=self._chain.clock.slot("confirmed"),
            limit=TRANSACTIONS_MAX,
        )
        found = []
        for mention in reversed(mentions):
            landed = store.landed(mention.signature)
            credit = None if landed is None or landed.error is not None else _credit(landed, owner)
            if credit is not None:
                found.append((str(Signature(mention.signature)), *credit))
        return found

    async def send_back(
        self, *, asset: str, amount: int, from_address: str, to_address: str
    ) -> str:
        """Out of what came to `from_address`. Raises `StepsFailed` where the chain refuses, and
        ValueError for what is no address of ours or of Solana."""
        number = self._world.memory.get(self._numbers, from_address, int)
        if number is None or asset != USDC.symbol:
            raise ValueError(f"no {asset} came to {from_address}")
        key, recipient = self._key(number), parse_address(to_address)
        self._fill(key.pubkey(), amount)
        steps = [
            create_token_account(payer=key.pubkey(), owner=recipient),
            transfer_checked(
                source=associated_token_account(key.pubkey()),
                mint=USDC_MINT,
                target=associated_token_account(recipient),
                authority=key.pubkey(),
                base_units=amount,
                decimals=USDC_DECIMALS,
            ),
        ]
        return carry_out(self._chain, steps, payer=key.pubkey(), signers=[key])

    def _fill(self, address: Pubkey, amount: int) -> None:
        """Lamports for the fee; and USDC where it was only said that some had come."""
        self._chain.airdrop(address, _REFUND_LAMPORTS)
        account = associated_token_account(address)
        state = token_state(self._chain.runtime.svm.get_account(account))
        missing = amount - (0 if state is None else state.amount)
        if missing > 0:
            self._chain.mint_usdc(address, missing)

    def _key(self, number: int) -> Keypair:
        seed = f"{self._seed}:{number}".encode()
        return Keypair.from_seed(hashlib.sha256(seed).digest())


class _Owned(msgspec.Struct, frozen=True, rename="camel"):
    mint: str
    owner: str
    ui_token_amount: TokenAmount


class _Moves(msgspec.Struct, frozen=True, rename="camel"):
    pre_token_balances: list[_Owned]
    post_token_balances: list[_Owned]


def _credit(landed: Landed, owner: Pubkey) -> tuple[int, str] | None:
    """Base units that came to the owner, and from whom; None where nothing came."""
    changes: Counter[str] = Counter()
    moves = msgspec.json.decode(landed.meta, type=_Moves)
    for sign, balances in ((-1, moves.pre_token_balances), (1, moves.post_token_balances)):
        for one in balances:
            if one.mint == str(USDC_MINT):
                changes[one.owner] += sign * int(one.ui_token_amount.amount)
    amount = changes[str(owner)]
    if amount <= 0:
        return None
    payers = [address for address, change in changes.items() if change < 0]
    return amount, payers[0] if payers else ""
