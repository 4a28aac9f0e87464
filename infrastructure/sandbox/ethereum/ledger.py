"""The chain itself: balances, nonces, the pool, and blocks that execute what is in it.

State is kept as cells of numbers. What a transaction changed is remembered with it, so that a
reorganisation can take it back.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from infrastructure.sandbox import bridge_calls
from infrastructure.sandbox.blocks import BlockClock
from infrastructure.sandbox.ethereum import contracts
from infrastructure.sandbox.ethereum.contracts import Effects, Revert, balance_cell, token_cell
from infrastructure.sandbox.ethereum.transactions import (
    NotATransaction,
    Sent,
    intrinsic_gas,
    read,
)
from infrastructure.sandbox.frame.world import World

CHAIN_ID: Final = 1
SECONDS_PER_BLOCK: Final = 12.0
# Where the main network stood early in 2026.
FIRST_HEIGHT: Final = 24_500_000
# Two epochs of 32 slots.
FINALITY_BLOCKS: Final = 64
SAFE_BLOCKS: Final = 32
BLOCK_GAS_LIMIT: Final = 60_000_000
_BASE_FEE: Final = 5_000_000_000
_PRIORITY_FEE: Final = 1_000_000_000
_REPLACEMENT_PERCENT: Final = 110

_SERVER_ERROR: Final = -32_000


class Rejected(Exception):
    """The node's own no: code and words of JSON-RPC."""

    def __init__(self, message: str, code: int = _SERVER_ERROR) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class Fees(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    base_fee_wei: int = _BASE_FEE
    priority_fee_wei: int = _PRIORITY_FEE


class Ledger:
    def __init__(self, world: World, *, seconds_per_block: float = SECONDS_PER_BLOCK) -> None:
        self._memory = world.memory
        self.blocks = BlockClock(
            world, "ethereum", seconds_per_block=seconds_per_block, first_height=FIRST_HEIGHT
        )

    # ------------------------------------------------------------------ what there is

    def cell(self, name: str) -> int:
        return int(self._memory.get("ethereum.state", name, str) or "0")

    def cell_at(self, name: str, height: int) -> int:
        """As it was behind that block; what came out of nothing was always there."""
        if height >= self.blocks.tip():
            return self.cell(name)
        later = (
            int(sent.changes.get(name, "0"))
            for sent in self._memory.all("ethereum.transaction", Sent)
            if sent.height is not None and sent.height > height and not sent.gone
        )
        return self.cell(name) - sum(later)

    def find(self, transaction_hash: str) -> Sent | None:
        sent = self._memory.get("ethereum.transaction", transaction_hash, Sent)
        return None if sent is None or sent.gone else sent

    def nonce(self, address: str, height: int | None = None) -> int:
        """How many transactions of `address` there are in blocks, up to `height`."""
        landed = self._landed_hashes(address)
        if height is None:
            return len(landed)
        found = (self.find(one) for one in landed)
        return sum(one is not None and (one.height or 0) <= height for one in found)

    def pending_nonce(self, address: str) -> int:
        """The next nonce behind what waits in the pool."""
        waiting = {sent.nonce for sent in self._pool() if sent.sender == address}
        following = self.nonce(address)
        while following in waiting:
            following += 1
        return following

    def in_block(self, height: int) -> list[Sent]:
        """Its transactions in their order."""
        found = (self.find(one) for one in self._block_hashes(height))
        return [sent for sent in found if sent is not None]

    def fees(self) -> Fees:
        return self._memory.get("ethereum.chain", "fees", Fees) or Fees()

    def finalized(self) -> int:
        return self.blocks.tip() - FINALITY_BLOCKS

    # ------------------------------------------------------------------ what happens

    def settle(self) -> None:
        """Executes what blocks have taken by now."""
        tip = self.blocks.tip()
        self._execute_pool(lambda sent: self.blocks.first_after(sent.entered), tip)

    def accept(self, raw: bytes) -> str:
        """Takes a transaction into the pool and answers its hash; Rejected otherwise."""
        try:
            sent = read(raw, chain_id=CHAIN_ID, entered=self.blocks.now())
        except NotATransaction as error:
            raise Rejected(str(error)) from None
        if sent.hash in self._pool_hashes():
            raise Rejected("already known")
        self._judge(sent)
        rival = next(
            (one for one in self._pool() if (one.sender, one.nonce) == (sent.sender, sent.nonce)),
            None,
        )
        if rival is not None:
            self._outbid(rival, sent)
        self._put(sent)
        self._set_pool([*self._pool_hashes(), sent.hash])
        return sent.hash

    def try_out(self, *, sender: str, to: str, value: int, data: bytes) -> tuple[int, bytes]:
        """Gas and answer of a call at the newest block. Raises `Revert` and `Rejected`."""
        if self.cell(balance_cell(sender)) < value:
            raise Rejected("insufficient funds for transfer")
        gas, answer, _effects = self._run(sender, to, value, data)
        return gas, answer

    def fund(self, address: str, amount: int, token: str | None) -> None:
        """ETH, or a token's base units, out of nothing."""
        self._change(balance_cell(address) if token is None else token_cell(token, address), amount)

    def hurry(self, sender: str) -> None:
        """What waits of that sender is in the newest block already."""
        tip = self.blocks.tip()

        def height_of(sent: Sent) -> int:
            return tip if sent.sender == sender else self.blocks.first_after(sent.entered)

        self._execute_pool(height_of, tip)

    def mine(self, count: int) -> None:
        """`count` blocks at once; the first takes what is in the pool."""
        self.settle()
        height = self.blocks.mine(count)
        self._execute_pool(lambda _sent: height, self.blocks.tip())

    def reorganise(self, depth: int) -> None:
        """The last `depth` blocks give way to empty ones; what they held waits in the pool."""
        self.settle()
        first, now = self.blocks.reorganise(depth), self.blocks.now()
        landed = [
            sent
            for sent in self._memory.all("ethereum.transaction", Sent)
            if sent.height is not None and sent.height >= first and not sent.gone
        ]
        for sent in sorted(landed, key=lambda one: -one.sequence):
            self._take_back(sent, now)

    def drop(self, transaction_hash: str) -> bool:
        """Out of the pool; False where it is not there."""
        sent = self.find(transaction_hash)
        if sent is None or sent.height is not None:
            return False
        self._put(msgspec.structs.replace(sent, gone=True))
        self._set_pool([one for one in self._pool_hashes() if one != transaction_hash])
        return True

    def set_fees(self, fees: Fees) -> None:
        self._memory.put("ethereum.chain", "fees", fees)

    def set_reverting(self, address: str, *, reverts: bool) -> None:
        """Calls of that contract fail from now on, or no longer."""
        self._memory.put("ethereum.reverting", address, reverts)

    # ------------------------------------------------------------------ rules

    def _judge(self, sent: Sent) -> None:
        following = self.nonce(sent.sender)
        balance = self.cell(balance_cell(sent.sender))
        if sent.priority_fee > sent.max_fee:
            raise Rejected("max priority fee per gas higher than max fee per gas")
        if sent.gas > BLOCK_GAS_LIMIT:
            raise Rejected("exceeds block gas limit")
        if sent.gas < intrinsic_gas(bytes.fromhex(sent.data[2:])):
            raise Rejected("intrinsic gas too low")
        if sent.nonce < following:
            raise Rejected(f"nonce too low: next nonce {following}, tx nonce {sent.nonce}")
        if balance < sent.cost:
            raise Rejected(
                f"insufficient funds for gas * price + value: balance {balance}, tx cost {sent.cost}"
            )

    def _outbid(self, rival: Sent, sent: Sent) -> None:
        pairs = ((sent.max_fee, rival.max_fee), (sent.priority_fee, rival.priority_fee))
        if any(new * 100 < old * _REPLACEMENT_PERCENT for new, old in pairs):
            raise Rejected("replacement transaction underpriced")
        self.drop(rival.hash)

    def _execute_pool(self, height_of: Callable[[Sent], int], tip: int) -> None:
        """Until none is left that can go: a transaction waits for the nonces before it."""
        base_fee, went = self.fees().base_fee_wei, True
        while went:
            went = False
            for sent in self._pool():
                if sent.nonce != self.nonce(sent.sender) or sent.max_fee < base_fee:
                    continue
                height = max(height_of(sent), self._height_before(sent))
                if height <= tip and self.cell(balance_cell(sent.sender)) >= sent.cost:
                    self._land(sent, height, base_fee)
                    went = True

    def _height_before(self, sent: Sent) -> int:
        landed = self._landed_hashes(sent.sender)
        previous = self.find(landed[-1]) if landed else None
        return 0 if previous is None else previous.height or 0

    def _land(self, sent: Sent, height: int, base_fee: int) -> None:
        price = min(sent.max_fee, base_fee + sent.priority_fee)
        data = bytes.fromhex(sent.data[2:])
        try:
            gas, _answer, effects = self._run(sent.sender, sent.to, int(sent.value), data)
            succeeded = gas <= sent.gas
        except Revert:
            gas, effects, succeeded = min(sent.gas, intrinsic_gas(data)), Effects(), False
        if not succeeded:
            gas, effects = min(gas, sent.gas), Effects()
        effects.add(balance_cell(sent.sender), -gas * price)
        for cell, difference in effects.changes.items():
            self._change(cell, difference)
        landed = msgspec.structs.replace(
            sent,
            height=height,
            sequence=self._memory.number("ethereum.landed"),
            succeeded=succeeded,
            gas_used=gas,
            price=price,
            logs=effects.logs,
            changes={cell: str(change) for cell, change in effects.changes.items()},
        )
        self._put(landed)
        self._set_pool([one for one in self._pool_hashes() if one != sent.hash])
        self._set_landed(sent.sender, [*self._landed_hashes(sent.sender), sent.hash])
        self._set_block(height, [*self._block_hashes(height), sent.hash])

    def _run(self, sender: str, to: str, value: int, data: bytes) -> tuple[int, bytes, Effects]:
        effects = Effects()
        if self._memory.get("ethereum.reverting", to, bool):
            raise Revert("execution reverted")
        if value:
            effects.add(balance_cell(sender), -value)
            effects.add(balance_cell(to), value)
        if to == contracts.PASSES_ON:
            return intrinsic_gas(data) + contracts.pass_on(value, data, effects), b"", effects
        if to in bridge_calls.CONTRACTS:
            gas = contracts.pay_bridge(
                self.cell, caller=sender, bridge=to, data=data, effects=effects
            )
            return intrinsic_gas(data) + gas, b"", effects
        if to not in contracts.TOKENS:
            return intrinsic_gas(data), b"", effects
        answer = contracts.run(self.cell, caller=sender, token=to, data=data, effects=effects)
        return intrinsic_gas(data) + contracts.TOKEN_GAS, answer, effects

    def _take_back(self, sent: Sent, now: float) -> None:
        for cell, change in sent.changes.items():
            self._change(cell, -int(change))
        height = sent.height or 0
        self._set_block(height, [one for one in self._block_hashes(height) if one != sent.hash])
        landed = [one for one in self._landed_hashes(sent.sender) if one != sent.hash]
        self._set_landed(sent.sender, landed)
        waiting = msgspec.structs.replace(
            sent, height=None, succeeded=False, logs=[], changes={}, entered=now
        )
        self._put(waiting)
        self._set_pool([*self._pool_hashes(), sent.hash])

    # ------------------------------------------------------------------ memory

    def _change(self, cell: str, difference: int) -> None:
        self._memory.put("ethereum.state", cell, str(self.cell(cell) + difference))

    def _put(self, sent: Sent) -> None:
        self._memory.put("ethereum.transaction", sent.hash, sent)

    def _pool(self) -> list[Sent]:
        found = (self.find(one) for one in self._pool_hashes())
        return [sent for sent in found if sent is not None]

    def _pool_hashes(self) -> list[str]:
        return self._memory.get("ethereum.chain", "pool", list[str]) or []

    def _set_pool(self, hashes: list[str]) -> None:
        self._memory.put("ethereum.chain", "pool", hashes)

    def _landed_hashes(self, address: str) -> list[str]:
        return self._memory.get("ethereum.landed", address, list[str]) or []

    def _set_landed(self, address: str, hashes: list[str]) -> None:
        self._memory.put("ethereum.landed", address, hashes)

    def _block_hashes(self, height: int) -> list[str]:
        return self._memory.get("ethereum.block", str(height), list[str]) or []

    def _set_block(self, height: int, hashes: list[str]) -> None:
        self._memory.put("ethereum.block", str(height), hashes)
