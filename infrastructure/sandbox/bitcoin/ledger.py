"""The chain itself: which transactions there are, in blocks or in the mempool, and what is spent."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

import msgspec
from embit.script import Script
from embit.transaction import Transaction, TransactionInput, TransactionOutput

from infrastructure.sandbox.bitcoin import scripts
from infrastructure.sandbox.blocks import BlockClock
from infrastructure.sandbox.frame.world import World

SECONDS_PER_BLOCK: Final = 600.0
# Where the main network stood early in 2026.
FIRST_HEIGHT: Final = 938_000
# Blocks further back than this are not reorganised here: nobody could tell why.
REORGANISE_MAX: Final = 100
_COINBASE_OUTPUT: Final = 0xFFFF_FFFF
_WEIGHT_PER_VBYTE: Final = 4
_WEIGHT_MAX: Final = 400_000

# Bitcoin Core's error codes of sendrawtransaction.
_DESERIALISATION: Final = -22
_REJECTED: Final = -26
_MISSING: Final = -25
_IN_CHAIN: Final = -27


class Rejected(Exception):
    """The node does not take a transaction: code and message as Bitcoin Core words them."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction; `height` None in the mempool. `gone`: dropped, as if it had never been."""

    txid: str
    raw: str
    fee: int
    entered: float
    height: int | None = None
    is_coinbase: bool = False
    gone: bool = False

    @property
    def parsed(self) -> Transaction:
        return Transaction.parse(bytes.fromhex(self.raw))


class Ledger:
    def __init__(self, world: World, *, seconds_per_block: float = SECONDS_PER_BLOCK) -> None:
        self._memory = world.memory
        self.blocks = BlockClock(
            world, "bitcoin", seconds_per_block=seconds_per_block, first_height=FIRST_HEIGHT
        )

    # ------------------------------------------------------------------ what there is

    def find(self, txid: str) -> Kept | None:
        kept = self._memory.get("bitcoin.transaction", txid, Kept)
        return None if kept is None or kept.gone else kept

    def spender(self, txid: str, vout: int) -> str | None:
        """The transaction that spends an output."""
        return self._memory.get("bitcoin.spend", f"{txid}:{vout}", str) or None

    def output(self, txid: str, vout: int) -> TransactionOutput | None:
        kept = self.find(txid)
        outputs = [] if kept is None else kept.parsed.vout
        return outputs[vout] if vout < len(outputs) else None

    def outputs_of(self, address: str) -> Iterator[tuple[Kept, int, TransactionOutput]]:
        """All outputs that ever paid to `address`, spent or not."""
        for outpoint in self._memory.get("bitcoin.address", address, list[str]) or []:
            txid, _, vout = outpoint.partition(":")
            kept = self.find(txid)
            if kept is not None:
                yield kept, int(vout), kept.parsed.vout[int(vout)]

    def history_of(self, address: str) -> list[Kept]:
        """The transactions in blocks that paid `address` or spent what it had, the newest first."""
        found: dict[str, Kept] = {}
        for kept, vout, _paid in self.outputs_of(address):
            spender = self.spender(kept.txid, vout)
            spent = None if spender is None else self.find(spender)
            for one in (kept, spent):
                if one is not None and one.height is not None:
                    found[one.txid] = one
        return sorted(found.values(), key=lambda one: (one.height or 0, one.txid), reverse=True)

    def fee_rate(self) -> Decimal:
        """Satoshi a virtual byte for the next block."""
        return Decimal(self._memory.get("bitcoin.chain", "fee_rate", str) or "12.5")

    # ------------------------------------------------------------------ what happens

    def settle(self) -> None:
        """Moves the mempool into the blocks that time has brought."""
        for kept in self._mempool():
            height = self.blocks.first_after(kept.entered)
            if height <= self.blocks.tip():
                self._move(kept, height)

    def accept(self, raw: bytes) -> str:
        """Takes a transaction into the mempool and answers its identifier; Rejected otherwise."""
        transaction = scripts.decode(raw)
        if transaction is None:
            raise Rejected(
                _DESERIALISATION, "TX decode failed. Make sure the tx has at least one input."
            )
        txid = str(transaction.txid().hex())
        known = self.find(txid)
        if known is not None and known.height is None:
            return txid
        if known is not None and self._has_unspent(known):
            raise Rejected(_IN_CHAIN, "Transaction outputs already in utxo set")
        fee = self._judge(transaction)
        self._keep(Kept(txid=txid, raw=raw.hex(), fee=fee, entered=self.blocks.now()))
        return txid

    def fund(self, script: bytes, amount: int, *, confirmed: bool) -> str:
        """Coins out of nothing: in the block at the tip, or in the mempool."""
        number = self._memory.number("bitcoin.coinbase")
        mark = Script(b"\x08" + number.to_bytes(8, "little"))
        transaction = Transaction(
            vin=[TransactionInput(bytes(32), _COINBASE_OUTPUT, script_sig=mark)],
            vout=[TransactionOutput(amount, Script(script))],
        )
        kept = Kept(
            txid=transaction.txid().hex(),
            raw=transaction.serialize().hex(),
            fee=0,
            entered=self.blocks.now(),
            height=self.blocks.tip() if confirmed else None,
            is_coinbase=True,
        )
        self._keep(kept)
        return kept.txid

    def mine(self, count: int) -> None:
        """`count` blocks at once; the first takes the whole mempool."""
        self.settle()
        height = self.blocks.mine(count)
        for kept in self._mempool():
            self._move(kept, height)

    def reorganise(self, depth: int) -> None:
        """The last `depth` blocks give way to others, empty ones; what they held is in the mempool
        again and lands with the next block."""
        self.settle()
        first, now = self.blocks.reorganise(depth), self.blocks.now()
        for kept in self._memory.all("bitcoin.transaction", Kept):
            if not kept.gone and kept.height is not None and kept.height >= first:
                self._put(msgspec.structs.replace(kept, height=None, entered=now))
                self._set_mempool([*self._mempool_ids(), kept.txid])

    def drop(self, txid: str) -> bool:
        """Forgets a transaction of the mempool and what depends on it; False if it is not there."""
        kept = self.find(txid)
        if kept is None or kept.height is not None:
            return False
        for vout in range(len(kept.parsed.vout)):
            child = self.spender(txid, vout)
            if child is not None:
                self.drop(child)
        for spent in kept.parsed.vin:
            self._memory.put("bitcoin.spend", f"{spent.txid.hex()}:{spent.vout}", "")
        self._put(msgspec.structs.replace(kept, gone=True))
        self._set_mempool([other for other in self._mempool_ids() if other != txid])
        return True

    def set_fee_rate(self, rate: Decimal) -> None:
        self._memory.put("bitcoin.chain", "fee_rate", str(rate))

    # ------------------------------------------------------------------ rules

    def _judge(self, transaction: Transaction) -> int:
        """The fee of a transaction that may enter the mempool; Rejected otherwise."""
        spent = self._spent(transaction)
        if any(map(scripts.is_dust, transaction.vout)):
            raise Rejected(_REJECTED, "dust")
        fee = sum(one.value for one in spent) - sum(one.value for one in transaction.vout)
        _size, weight = scripts.sizes(transaction)
        if fee < 0:
            raise Rejected(_REJECTED, "bad-txns-in-belowout")
        if weight > _WEIGHT_MAX:
            raise Rejected(_REJECTED, "tx-size")
        relay_fee = -(-weight // _WEIGHT_PER_VBYTE)
        if fee < relay_fee:
            raise Rejected(_REJECTED, f"min relay fee not met, {fee} < {relay_fee}")
        for index in range(len(transaction.vin)):
            if not scripts.is_signed(transaction, index, spent):
                raise Rejected(
                    _REJECTED, "mempool-script-verify-flag-failed (Script failed an OP_EQUALVERIFY)"
                )
        return int(fee)

    def _spent(self, transaction: Transaction) -> list[TransactionOutput]:
        outpoints = [(one.txid.hex(), one.vout) for one in transaction.vin]
        if len(set(outpoints)) != len(outpoints):
            raise Rejected(_REJECTED, "bad-txns-inputs-duplicate")
        found = []
        for txid, vout in outpoints:
            output, spender = self.output(txid, vout), self.spender(txid, vout)
            rival = None if spender is None else self.find(spender)
            if rival is not None and rival.height is None:
                raise Rejected(_REJECTED, "txn-mempool-conflict")
            if output is None or rival is not None:
                raise Rejected(_MISSING, "bad-txns-inputs-missingorspent")
            found.append(output)
        return found

    def _has_unspent(self, kept: Kept) -> bool:
        return any(self.spender(kept.txid, vout) is None for vout in range(len(kept.parsed.vout)))

    # ------------------------------------------------------------------ memory

    def _keep(self, kept: Kept) -> None:
        transaction = kept.parsed
        self._put(kept)
        for spent in transaction.vin:
            self._memory.put("bitcoin.spend", f"{spent.txid.hex()}:{spent.vout}", kept.txid)
        for vout, output in enumerate(transaction.vout):
            address = scripts.address_of(output.script_pubkey.data)
            if address is not None:
                self._note_output(address, f"{kept.txid}:{vout}")
        if kept.height is None:
            self._set_mempool([*self._mempool_ids(), kept.txid])

    def _note_output(self, address: str, outpoint: str) -> None:
        known = self._memory.get("bitcoin.address", address, list[str]) or []
        if outpoint not in known:
            self._memory.put("bitcoin.address", address, [*known, outpoint])

    def _move(self, kept: Kept, height: int) -> None:
        self._put(msgspec.structs.replace(kept, height=height))
        self._set_mempool([other for other in self._mempool_ids() if other != kept.txid])

    def _put(self, kept: Kept) -> None:
        self._memory.put("bitcoin.transaction", kept.txid, kept)

    def _mempool(self) -> list[Kept]:
        found = (self.find(txid) for txid in self._mempool_ids())
        return [kept for kept in found if kept is not None]

    def _mempool_ids(self) -> list[str]:
        return self._memory.get("bitcoin.chain", "mempool", list[str]) or []

    def _set_mempool(self, txids: list[str]) -> None:
        self._memory.put("bitcoin.chain", "mempool", txids)
