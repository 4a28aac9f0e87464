"""The methods of the node's JSON-RPC."""

from collections.abc import Callable
from typing import Final, TypeVar

import msgspec

from infrastructure.sandbox.ethereum import contracts, encoding
from infrastructure.sandbox.ethereum.contracts import Effects, Revert, balance_cell
from infrastructure.sandbox.ethereum.ledger import (
    CHAIN_ID,
    SAFE_BLOCKS,
    Ledger,
    Rejected,
)
from infrastructure.sandbox.frame.world import World

INVALID_PARAMS: Final = -32602
REVERTED: Final = 3
FEE_HISTORY_MAX: Final = 1024
LOG_BLOCKS_MAX: Final = 10_000
STATE_BLOCKS: Final = 10_000
"""Accounts' balances are kept so far back."""

Param = TypeVar("Param")


class Call(msgspec.Struct, frozen=True, rename={"sender": "from"}):
    """A transaction's outline; what else wallets name in it is ignored."""

    to: str
    sender: str = "0x" + 40 * "0"
    value: str = "0x0"
    input: str = "0x"


class Wanted(msgspec.Struct, frozen=True, rename="camel"):
    """A filter of logs: each topic is one, or one of a list."""

    from_block: str
    to_block: str
    address: list[str]
    topics: list[str | list[str]] = []


class Methods:
    """Each takes the parameters as sent, and first lets the blocks come that are due."""

    def __init__(self, world: World, ledger: Ledger) -> None:
        self._world = world
        self._ledger = ledger

    def all(self) -> dict[str, Callable[[list[object]], object]]:
        return {
            "eth_chainId": lambda _params: hex(CHAIN_ID),
            "eth_blockNumber": lambda _params: hex(self._ledger.blocks.tip()),
            "eth_getBalance": self.get_balance,
            "eth_getTransactionCount": self.get_transaction_count,
            "eth_call": self.call,
            "eth_estimateGas": self.estimate_gas,
            "eth_feeHistory": self.fee_history,
            "eth_sendRawTransaction": self.send_raw_transaction,
            "eth_getTransactionByHash": self.get_transaction_by_hash,
            "eth_getTransactionReceipt": self.get_transaction_receipt,
            "eth_getBlockByNumber": self.get_block_by_number,
            "eth_getLogs": self.get_logs,
            "eth_getBlockAccessList": self.get_block_access_list,
        }

    def get_balance(self, params: list[object]) -> object:
        self._ledger.settle()
        height = self._height(_param(params, 1, str))
        if height < self._ledger.blocks.tip() - STATE_BLOCKS:
            raise Rejected("historical state is not available")
        balance = self._ledger.cell_at(balance_cell(_address(params)), height)
        return hex(self._distorted("eth_getBalance", balance))

    def get_transaction_count(self, params: list[object]) -> object:
        self._ledger.settle()
        address, tag = _address(params), _param(params, 1, str)
        if tag == "pending":
            return hex(self._ledger.pending_nonce(address))
        return hex(self._ledger.nonce(address, self._height(tag)))

    def call(self, params: list[object]) -> object:
        self._latest(params, 1)
        call = _param(params, 0, Call)
        if call.to.lower() not in contracts.TOKENS:
            return "0x"
        try:
            answer = contracts.run(
                self._ledger.cell,
                caller=call.sender.lower(),
                token=call.to.lower(),
                data=bytes.fromhex(call.input[2:]),
                effects=Effects(),
            )
        except Revert as error:
            raise Rejected(str(error), REVERTED) from None
        number = self._distorted("eth_call", int.from_bytes(answer, "big"))
        return f"0x{number:064x}"

    def estimate_gas(self, params: list[object]) -> object:
        self._latest(params, 1)
        call = _param(params, 0, Call)
        try:
            gas, _answer = self._ledger.try_out(
                sender=call.sender.lower(),
                to=call.to.lower(),
                value=int(call.value, 16),
                data=bytes.fromhex(call.input[2:]),
            )
        except Revert as error:
            raise Rejected(str(error), REVERTED) from None
        return hex(gas)

    def fee_history(self, params: list[object]) -> object:
        count = min(int(_param(params, 0, str), 16), FEE_HISTORY_MAX)
        fees, percentiles = self._ledger.fees(), _param(params, 2, list[float])
        base_fee = self._distorted("eth_feeHistory", fees.base_fee_wei)
        return {
            "oldestBlock": hex(self._ledger.blocks.tip() - count + 1),
            "baseFeePerGas": [hex(base_fee)] * (count + 1),
            "baseFeePerBlobGas": ["0x1"] * (count + 1),
            "gasUsedRatio": [0.5] * count,
            "blobGasUsedRatio": [0.0] * count,
            "reward": [[hex(fees.priority_fee_wei)] * len(percentiles)] * count,
        }

    def send_raw_transaction(self, params: list[object]) -> object:
        self._ledger.settle()
        try:
            raw = bytes.fromhex(_param(params, 0, str).removeprefix("0x"))
        except ValueError:
            raise Rejected("invalid argument 0: invalid hex string", INVALID_PARAMS) from None
        return self._ledger.accept(raw)

    def get_transaction_by_hash(self, params: list[object]) -> object:
        self._ledger.settle()
        sent = self._ledger.find(_param(params, 0, str))
        if sent is None:
            return None
        value = self._distorted("eth_getTransactionByHash", int(sent.value))
        return encoding.transaction(self._ledger, sent, value=value)

    def get_transaction_receipt(self, params: list[object]) -> object:
        self._ledger.settle()
        sent = self._ledger.find(_param(params, 0, str))
        if sent is None or sent.height is None:
            return None
        return encoding.receipt(self._ledger, sent)

    def get_block_by_number(self, params: list[object]) -> object:
        self._ledger.settle()
        height, whole = self._height(_param(params, 0, str)), _param(params, 1, bool)
        if height > self._ledger.blocks.tip():
            return None
        return encoding.block(self._ledger, height, whole=whole)

    def get_logs(self, params: list[object]) -> object:
        self._ledger.settle()
        wanted = _param(params, 0, Wanted)
        first, last = self._height(wanted.from_block), self._height(wanted.to_block)
        if last > self._ledger.blocks.tip() or not 0 <= last - first < LOG_BLOCKS_MAX:
            raise Rejected("block range is too large or not there", INVALID_PARAMS)
        contracts = {one.lower() for one in wanted.address}
        return [
            log
            for height in range(first, last + 1)
            for log in encoding.logs(self._ledger, height)
            if log["address"] in contracts and _fits(log["topics"], wanted.topics)
        ]

    def get_block_access_list(self, params: list[object]) -> object:
        self._ledger.settle()
        height = self._height(_param(params, 0, str))
        if height > self._ledger.blocks.tip():
            return None
        return encoding.access_list(self._ledger, height)

    def _height(self, tag: str) -> int:
        tip = self._ledger.blocks.tip()
        heights = {
            "latest": tip,
            "pending": tip,
            "safe": tip - SAFE_BLOCKS,
            "finalized": self._ledger.finalized(),
            "earliest": 0,
        }
        try:
            return heights[tag] if tag in heights else int(tag, 16)
        except ValueError:
            raise Rejected("invalid argument: block number", INVALID_PARAMS) from None

    def _latest(self, params: list[object], place: int) -> None:
        """Contracts' state is kept for the newest block alone."""
        self._ledger.settle()
        if self._height(_param(params, place, str)) != self._ledger.blocks.tip():
            raise Rejected("historical state is not available")

    def _distorted(self, method: str, amount: int) -> int:
        return self._world.faults.scaled(amount, "ethereum", method)


def _fits(topics: object, wanted: list[str | list[str]]) -> bool:
    found = topics if isinstance(topics, list) else []
    if len(found) < len(wanted):
        return False
    return all(
        one in ([choice] if isinstance(choice, str) else choice)
        for one, choice in zip(found, wanted, strict=False)
    )


def _address(params: list[object]) -> str:
    return _param(params, 0, str).lower()


def _param(params: list[object], place: int, kind: type[Param]) -> Param:
    try:
        return msgspec.convert(params[place], kind)
    except (IndexError, msgspec.ValidationError) as error:
        raise Rejected(f"invalid argument {place}: {error}", INVALID_PARAMS) from None
