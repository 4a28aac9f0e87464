"""The chain itself: coin objects, transactions that wait for a checkpoint, and checkpoints.

What a transaction uses is locked from its execution on; what it makes shows with its checkpoint,
as at a service that indexes checkpoints.
"""

import hashlib
from collections.abc import Callable
from typing import Final

import msgspec
from embit import base58

from infrastructure.chains.sui.addresses import from_bytes
from infrastructure.chains.sui.model import Owned, Transaction
from infrastructure.sandbox.blocks import BlockClock
from infrastructure.sandbox.frame.world import World
from infrastructure.sandbox.sui.transactions import (
    Coin,
    Executed,
    Rejected,
    check_gas,
    checked,
    digest_of,
    execute,
)

SECONDS_PER_CHECKPOINT: Final = 0.25
# Where the main network stood early in 2026.
FIRST_CHECKPOINT: Final = 240_000_000
REORGANISE_MAX: Final = 100
_REFERENCE_GAS_PRICE: Final = 550


class Ledger:
    def __init__(self, world: World, *, seconds_per_block: float = SECONDS_PER_CHECKPOINT) -> None:
        self._memory = world.memory
        self.blocks = BlockClock(
            world, "sui", seconds_per_block=seconds_per_block, first_height=FIRST_CHECKPOINT
        )

    # ------------------------------------------------------------------ what there is

    def coin(self, object_id: str) -> Coin | None:
        """As the newest checkpoint has it; None where it is gone."""
        return self._memory.get("sui.coin", object_id, Coin | None)  # type: ignore[arg-type]  # msgspec takes unions

    def coins_of(self, owner: str) -> list[Coin]:
        """In the order of their identifiers."""
        found = (self.coin(one) for one in sorted(self._owned(owner)))
        return [coin for coin in found if coin is not None]

    def find(self, digest: str) -> Executed | None:
        found = self._memory.get("sui.transaction", digest, Executed)
        return None if found is None or found.gone else found

    def users(self, object_id: str) -> list[Executed]:
        """The transactions in checkpoints that changed an object, the newest last."""
        digests = self._memory.get("sui.affected", object_id, list[str]) or []
        found = (self.find(one) for one in digests)
        return [one for one in found if one is not None]

    def touching(self, address: str) -> list[Executed]:
        """The transactions in checkpoints that `address` sent or that paid it, the newest last."""
        digests = self._memory.get("sui.touched", address, list[str]) or []
        found = (self.find(one) for one in digests)
        return [one for one in found if one is not None and one.checkpoint is not None]

    def reference_gas_price(self) -> int:
        return self._memory.get("sui.chain", "gas_price", int) or _REFERENCE_GAS_PRICE

    def checkpoint_digest(self, height: int) -> str:
        return str(base58.encode(bytes.fromhex(self.blocks.hash_of(height))))

    # ------------------------------------------------------------------ what happens

    def settle(self) -> None:
        """Puts into checkpoints what time has brought there."""
        self._checkpoint_pending(lambda one: self.blocks.first_after(one.entered))

    def accept(self, content: bytes, signatures: list[bytes]) -> Executed:
        """The transaction with its effects; Rejected otherwise. One that is known stays as it is."""
        transaction = checked(content, signatures)
        known = self.find(digest_of(content))
        if known is not None:
            return known
        coins = self._payment(transaction)
        check_gas(transaction, coins, self.reference_gas_price())
        executed = execute(content, transaction, coins, self.blocks.now())
        self._put(executed)
        self._set_pending([*self._pending_digests(), executed.digest])
        return executed

    def fund(self, owner: str, amount: int) -> str:
        """A coin out of nothing; its identifier."""
        number = self._memory.number("sui.coin")
        object_id = "0x" + hashlib.blake2b(f"coin {number}".encode(), digest_size=32).hexdigest()
        self._add(Coin(object_id=object_id, version=number, owner=owner, balance=amount))
        return object_id

    def hurry(self, executed: Executed) -> None:
        """It is in the newest checkpoint already."""
        self._land(executed, self.blocks.tip())

    def mine(self, count: int) -> None:
        """`count` checkpoints at once; the first takes what waits."""
        self.settle()
        height = self.blocks.mine(count)
        self._checkpoint_pending(lambda _one: height)

    def reorganise(self, depth: int) -> None:
        """The last `depth` checkpoints give way to others; what they held waits again."""
        self.settle()
        first, now = self.blocks.reorganise(depth), self.blocks.now()
        landed = [
            one
            for one in self._memory.all("sui.transaction", Executed)
            if one.checkpoint is not None and one.checkpoint >= first
        ]
        for one in sorted(landed, key=lambda one: -one.sequence):
            self._take_back(one, now)

    def drop(self, digest: str) -> bool:
        """Forgets what no checkpoint has yet, and what uses its coins; False if it is not there."""
        found = self.find(digest)
        if found is None or found.checkpoint is not None:
            return False
        made = {(coin.object_id, coin.version) for coin in found.produced}
        for one in self._pending():
            if made & {(coin.object_id, coin.version) for coin in one.consumed}:
                self.drop(one.digest)
        self._put(msgspec.structs.replace(found, gone=True))
        self._set_pending([one for one in self._pending_digests() if one != digest])
        return True

    def set_reference_gas_price(self, price: int) -> None:
        self._memory.put("sui.chain", "gas_price", price)

    # ------------------------------------------------------------------ rules

    def _payment(self, transaction: Transaction) -> list[Coin]:
        if any(isinstance(one, Owned) for one in transaction.inputs):
            raise Rejected("Could not find the referenced object: only gas coins are used here")
        locked = {
            (coin.object_id, coin.version): one.digest
            for one in self._pending()
            for coin in one.consumed
        }
        coins = []
        for reference in transaction.gas.payment:
            object_id, version = from_bytes(reference.object_id), reference.version
            rival = locked.get((object_id, version))
            if rival is not None:
                raise Rejected(
                    f"Object ({object_id}, SequenceNumber({version})) already locked by a"
                    f" different transaction: TransactionDigest({rival})"
                )
            coins.append(self._usable(object_id, version, reference.digest, transaction.sender))
        if len({coin.object_id for coin in coins}) != len(coins):
            raise Rejected("Mutable object cannot appear more than once in one transaction")
        return coins

    def _usable(self, object_id: str, version: int, digest: bytes, sender: str) -> Coin:
        coin = self.coin(object_id)
        if coin is None:
            raise Rejected(f"Could not find the referenced object {object_id} at version {version}")
        if coin.version != version or coin.digest != str(base58.encode(digest)):
            raise Rejected(
                f"Object ID {object_id} Version {version:#x} Digest {base58.encode(digest)}"
                f" is not available for consumption, current version: {coin.version:#x}"
            )
        if coin.owner != sender:
            raise Rejected(
                f"Transaction was not signed by the correct sender: Object {object_id} is owned by"
                f" account address {coin.owner}"
            )
        return coin

    def _checkpoint_pending(self, height_of: Callable[[Executed], int]) -> None:
        tip = self.blocks.tip()
        for one in self._pending():
            height = height_of(one)
            if height <= tip:
                self._land(one, height)

    def _land(self, one: Executed, height: int) -> None:
        for coin in one.consumed:
            self._remove(coin)
        for coin in one.produced:
            self._add(coin)
        for object_id in one.affected:
            known = self._memory.get("sui.affected", object_id, list[str]) or []
            self._memory.put("sui.affected", object_id, [*known, one.digest])
        for owner in {one.sender, *one.changes}:
            touched = self._memory.get("sui.touched", owner, list[str]) or []
            self._memory.put(
                "sui.touched", owner, [*(x for x in touched if x != one.digest), one.digest]
            )
        number = self._memory.number("sui.landed")
        self._put(msgspec.structs.replace(one, checkpoint=height, sequence=number))
        self._set_pending([other for other in self._pending_digests() if other != one.digest])

    def _take_back(self, one: Executed, now: float) -> None:
        for coin in one.produced:
            self._remove(coin)
        for coin in one.consumed:
            self._add(coin)
        for object_id in one.affected:
            known = self._memory.get("sui.affected", object_id, list[str]) or []
            self._memory.put("sui.affected", object_id, [x for x in known if x != one.digest])
        self._put(msgspec.structs.replace(one, checkpoint=None, entered=now))
        self._set_pending([one.digest, *self._pending_digests()])

    # ------------------------------------------------------------------ memory

    def _add(self, coin: Coin) -> None:
        self._memory.put("sui.coin", coin.object_id, coin)
        owned = self._owned(coin.owner)
        self._memory.put("sui.owner", coin.owner, sorted({*owned, coin.object_id}))

    def _remove(self, coin: Coin) -> None:
        self._memory.put("sui.coin", coin.object_id, None)
        left = [one for one in self._owned(coin.owner) if one != coin.object_id]
        self._memory.put("sui.owner", coin.owner, left)

    def _owned(self, owner: str) -> list[str]:
        return self._memory.get("sui.owner", owner, list[str]) or []

    def _put(self, one: Executed) -> None:
        self._memory.put("sui.transaction", one.digest, one)

    def _pending(self) -> list[Executed]:
        found = (self.find(one) for one in self._pending_digests())
        return [one for one in found if one is not None]

    def _pending_digests(self) -> list[str]:
        return self._memory.get("sui.chain", "pending", list[str]) or []

    def _set_pending(self, digests: list[str]) -> None:
        self._memory.put("sui.chain", "pending", digests)
