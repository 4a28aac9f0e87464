"""Ethereum's JSON-RPC at one node, method by method: typed answers or NodeErrors, no policy."""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import msgspec
from msgspec.json import Decoder

from infrastructure.chains.ethereum.outcomes import failure_of_broadcast, failure_of_read
from infrastructure.chains.ethereum.proof import demand_hash
from infrastructure.chains.ethereum.wire import (
    AccountAccess,
    Answer,
    Block,
    Data,
    Failure,
    FeeHistory,
    FullBlock,
    Hash,
    PlacedLog,
    Quantity,
    Receipt,
    Transaction,
    quantity,
)
from infrastructure.chains.nodes import (
    Node,
    NodeContradicts,
    NodeError,
    NodeMalformed,
    NodeRefused,
    NodeUnreached,
)
from infrastructure.http import HttpResponse

# So many blocks tell what is paid to be included; half of the transactions paid more.
FEE_HISTORY_BLOCKS: Final = 10
REWARD_PERCENTILE: Final = 50
_CLIENT_ERROR: Final = 400
_WORD_BYTES: Final = 32

Result = TypeVar("Result")
_ANSWER: Final = Decoder(Answer)
_BLOCK: Final[Decoder[Block | None]] = Decoder(Block | None)
_DATA: Final[Decoder[str]] = Decoder(Data)
_FEE_HISTORY: Final[Decoder[FeeHistory]] = Decoder(FeeHistory)
_FULL_BLOCK: Final[Decoder[FullBlock | None]] = Decoder(FullBlock | None)
_ACCESS: Final[Decoder[list[AccountAccess] | None]] = Decoder(list[AccountAccess] | None)
_LOGS: Final[Decoder[list[PlacedLog]]] = Decoder(list[PlacedLog])
_HASH: Final[Decoder[str]] = Decoder(Hash)
_QUANTITY: Final[Decoder[str]] = Decoder(Quantity)
_RAW: Final[Decoder[msgspec.Raw]] = Decoder(msgspec.Raw)
_RECEIPT: Final[Decoder[Receipt | None]] = Decoder(Receipt | None)
_TRANSACTION: Final[Decoder[Transaction | None]] = Decoder(Transaction | None)


async def balance(node: Node, address: str, *, block: str = "latest") -> int:
    """Wei behind a block, the newest if none is named."""
    return quantity(await _read(node, "eth_getBalance", [address, block], _QUANTITY))


async def call_number(node: Node, contract: str, data: bytes) -> int:
    """The one number that a contract's function answers."""
    call = {"to": contract, "input": hexadecimal(data)}
    answer = await _read(node, "eth_call", [call, "latest"], _DATA)
    word = bytes.fromhex(answer[2:])
    if len(word) != _WORD_BYTES:
        raise NodeMalformed("eth_call: no single number")
    return int.from_bytes(word, "big")


async def transaction_count(node: Node, address: str, tag: str) -> int:
    """The account's next nonce, at `pending`, `latest` or `finalized`."""
    return quantity(await _read(node, "eth_getTransactionCount", [address, tag], _QUANTITY))


async def estimate_gas(node: Node, *, sender: str, recipient: str, value: int, data: bytes) -> int:
    """Raises `Reverted` where it would fail in the contract."""
    call = {
        "from": sender,
        "to": recipient,
        "value": hex(value),
        "input": hexadecimal(data),
    }
    return quantity(await _read(node, "eth_estimateGas", [call, "latest"], _QUANTITY))


async def fee_history(node: Node) -> FeeHistory:
    params = [hex(FEE_HISTORY_BLOCKS), "latest", [REWARD_PERCENTILE]]
    return await _read(node, "eth_feeHistory", params, _FEE_HISTORY)


async def transaction(node: Node, transaction_hash: str) -> Transaction | None:
    found = await _read(node, "eth_getTransactionByHash", [transaction_hash], _TRANSACTION)
    if found is not None and found.hash != transaction_hash:
        raise NodeContradicts("another transaction than the one asked for")
    return found


async def proven_transaction(node: Node, transaction_hash: str) -> Transaction | None:
    """As `transaction`, of which the node cannot lie about anything that was signed."""
    content = await _read(node, "eth_getTransactionByHash", [transaction_hash], _RAW)
    found = _decoded("eth_getTransactionByHash", content, _TRANSACTION)
    if found is not None:
        demand_hash(content, transaction_hash)
    return found


async def receipt(node: Node, transaction_hash: str) -> Receipt | None:
    """None until it is in a block."""
    found = await _read(node, "eth_getTransactionReceipt", [transaction_hash], _RECEIPT)
    if found is not None and found.transaction_hash != transaction_hash:
        raise NodeContradicts("the receipt of another transaction")
    return found


async def block(node: Node, number_or_tag: str) -> Block | None:
    """Without its transactions."""
    return await _read(node, "eth_getBlockByNumber", [number_or_tag, False], _BLOCK)


async def full_block(node: Node, number: int) -> FullBlock:
    """With its transactions."""
    found = await _read(node, "eth_getBlockByNumber", [hex(number), True], _FULL_BLOCK)
    if found is None:
        raise NodeUnreached("the node is behind")
    if quantity(found.number) != number:
        raise NodeContradicts("another block than the one asked for")
    return found


async def access_list(node: Node, number: int) -> list[AccountAccess] | None:
    """What the block did to accounts; None where the node does not keep it."""
    try:
        return await _read(node, "eth_getBlockAccessList", [hex(number)], _ACCESS)
    except NodeRefused:
        return None


async def logs(
    node: Node, *, contracts: Sequence[str], topic: str, first: int, last: int
) -> list[PlacedLog]:
    """What `contracts` logged under `topic` in the blocks from `first` to `last`."""
    wanted = {
        "fromBlock": hex(first),
        "toBlock": hex(last),
        "address": list(contracts),
        "topics": [topic],
    }
    return await _read(node, "eth_getLogs", [wanted], _LOGS)


async def block_number(node: Node) -> int:
    return quantity(await _read(node, "eth_blockNumber", [], _QUANTITY))


async def send(node: Node, raw: bytes) -> str:
    """The hash that the node gives it; a refusal of `outcomes` otherwise."""
    return await _call(
        node,
        "eth_sendRawTransaction",
        [hexadecimal(raw)],
        _HASH,
        idempotent=False,
        failed=failure_of_broadcast,
    )


def hexadecimal(content: bytes) -> str:
    return "0x" + content.hex()


async def _read(
    node: Node, method: str, params: Sequence[object], decoder: Decoder[Result]
) -> Result:
    return await _call(node, method, params, decoder, idempotent=True, failed=failure_of_read)


async def _call(
    node: Node,
    method: str,
    params: Sequence[object],
    decoder: Decoder[Result],
    *,
    idempotent: bool,
    failed: Callable[[Failure], NodeError],
) -> Result:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    response = await node.ask(
        "POST",
        content=msgspec.json.encode(body),
        headers={"content-type": "application/json"},
        idempotent=idempotent,
    )
    try:
        answer = _decoded(method, response.body, _ANSWER)
    except NodeMalformed as error:
        if response.status >= _CLIENT_ERROR:
            raise _no(response) from error
        response.unreadable()
        raise
    if answer.error is not None:
        raise failed(answer.error)
    if response.status >= _CLIENT_ERROR:
        raise _no(response)
    return _decoded(method, answer.result, decoder)


def _decoded(method: str, content: bytes, decoder: Decoder[Result]) -> Result:
    try:
        return decoder.decode(content)
    except msgspec.MsgspecError as error:
        raise NodeMalformed(f"{method}: {error}") from error


def _no(response: HttpResponse) -> NodeRefused:
    return NodeRefused(f"HTTP {response.status}", str(response.status))
