"""Blocks, transactions and receipts in the form that JSON-RPC answers."""

from typing import Final

from infrastructure.sandbox.ethereum.ledger import BLOCK_GAS_LIMIT, CHAIN_ID, Ledger
from infrastructure.sandbox.ethereum.transactions import Sent

Json = dict[str, object]

EMPTY_HASH: Final = "0x" + 64 * "0"
EMPTY_BLOOM: Final = "0x" + 512 * "0"
NO_UNCLES: Final = "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347"
MINER: Final = "0x" + 38 * "0" + "f1"


def block_hash(ledger: Ledger, height: int) -> str:
    return "0x" + ledger.blocks.hash_of(height)


def block(ledger: Ledger, height: int, *, whole: bool) -> Json:
    """With its transactions in full, or by their hashes."""
    held = ledger.in_block(height)
    return {
        "number": hex(height),
        "hash": block_hash(ledger, height),
        "parentHash": block_hash(ledger, height - 1),
        "timestamp": hex(ledger.blocks.time_of(height)),
        "baseFeePerGas": hex(ledger.fees().base_fee_wei),
        "gasLimit": hex(BLOCK_GAS_LIMIT),
        "gasUsed": hex(sum(sent.gas_used for sent in held)),
        "miner": MINER,
        "nonce": "0x" + 16 * "0",
        "sha3Uncles": NO_UNCLES,
        "logsBloom": EMPTY_BLOOM,
        "transactionsRoot": EMPTY_HASH,
        "stateRoot": EMPTY_HASH,
        "receiptsRoot": EMPTY_HASH,
        "mixHash": EMPTY_HASH,
        "extraData": "0x",
        "difficulty": "0x0",
        "size": "0x400",
        "uncles": [],
        "transactions": [transaction(ledger, sent) if whole else sent.hash for sent in held],
    }


def transaction(ledger: Ledger, sent: Sent, *, value: int | None = None) -> Json:
    """`value` is told in place of the real one."""
    place: Json = dict.fromkeys(("blockHash", "blockNumber", "blockTimestamp", "transactionIndex"))
    if sent.height is not None:
        place = {
            "blockHash": block_hash(ledger, sent.height),
            "blockNumber": hex(sent.height),
            "blockTimestamp": hex(ledger.blocks.time_of(sent.height)),
            "transactionIndex": hex(_index(ledger, sent)),
        }
    return {
        **place,
        "hash": sent.hash,
        "type": "0x2",
        "chainId": hex(CHAIN_ID),
        "from": sent.sender,
        "to": sent.to,
        "nonce": hex(sent.nonce),
        "value": hex(int(sent.value) if value is None else value),
        "input": sent.data,
        "gas": hex(sent.gas),
        "gasPrice": hex(sent.max_fee if sent.height is None else sent.price),
        "maxFeePerGas": hex(sent.max_fee),
        "maxPriorityFeePerGas": hex(sent.priority_fee),
        "accessList": [],
        "yParity": hex(sent.y_parity),
        "v": hex(sent.y_parity),
        "r": hex(int(sent.r)),
        "s": hex(int(sent.s)),
    }


def receipt(ledger: Ledger, sent: Sent) -> Json:
    """Of a transaction that is in a block."""
    height, index = sent.height or 0, _index(ledger, sent)
    before = ledger.in_block(height)[:index]
    place: Json = {
        "blockHash": block_hash(ledger, height),
        "blockNumber": hex(height),
        "transactionHash": sent.hash,
        "transactionIndex": hex(index),
    }
    first_log = sum(len(one.logs) for one in before)
    return {
        **place,
        "type": "0x2",
        "from": sent.sender,
        "to": sent.to,
        "status": hex(int(sent.succeeded)),
        "gasUsed": hex(sent.gas_used),
        "cumulativeGasUsed": hex(sent.gas_used + sum(one.gas_used for one in before)),
        "effectiveGasPrice": hex(sent.price),
        "contractAddress": None,
        "logsBloom": EMPTY_BLOOM,
        "logs": [
            {
                **place,
                "address": log.address,
                "topics": log.topics,
                "data": log.data,
                "logIndex": hex(number),
                "removed": False,
            }
            for number, log in enumerate(sent.logs, first_log)
        ],
    }


def logs(ledger: Ledger, height: int) -> list[Json]:
    """All of a block."""
    found: list[Json] = []
    for sent in ledger.in_block(height):
        of_one = receipt(ledger, sent)["logs"]
        found += of_one if isinstance(of_one, list) else []
    return found


def access_list(ledger: Ledger, height: int) -> list[Json]:
    """What a block did to accounts' ETH, the balances behind each transaction."""
    balances: dict[str, list[Json]] = {}
    left: dict[str, int] = {}
    for place, sent in enumerate(ledger.in_block(height), 1):
        for cell, change in sent.changes.items():
            kind, _, address = cell.partition(":")
            if kind != "balance":
                continue
            before = left.get(cell)
            left[cell] = (ledger.cell_at(cell, height - 1) if before is None else before) + int(
                change
            )
            changed: Json = {"index": hex(place), "value": hex(left[cell])}
            balances.setdefault(address, []).append(changed)
    return [
        {
            "address": address,
            "storageChanges": [],
            "storageReads": [],
            "balanceChanges": changes,
            "nonceChanges": [],
            "codeChanges": [],
        }
        for address, changes in sorted(balances.items())
    ]


def _index(ledger: Ledger, sent: Sent) -> int:
    return [one.hash for one in ledger.in_block(sent.height or 0)].index(sent.hash)
