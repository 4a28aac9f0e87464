"""Methods about the chain's time, fees and identity."""

from typing import Final

from solders.hash import Hash
from solders.message import from_bytes_versioned

from infrastructure.chains.solana.building import LAMPORTS_PER_SIGNATURE
from infrastructure.sandbox.solana.encoding import Json
from infrastructure.sandbox.solana.node import SolanaNode
from infrastructure.sandbox.solana.protocol import (
    INVALID_PARAMS,
    Method,
    Params,
    RpcFailure,
    base64_of,
    checked_slot,
    contextual,
)
from infrastructure.sandbox.solana.timing import SLOTS_PER_EPOCH, block_height

_FEATURE_SET: Final = 3_640_012_085
_FEE_SLOTS: Final = 150
# The largest account that there can be.
_ACCOUNT_BYTES_MAX: Final = 10 * 1024 * 1024


def get_latest_blockhash(node: SolanaNode, params: Params) -> object:
    options = params.options(0)
    slot = checked_slot(node, options)
    value = {
        "blockhash": str(node.clock.blockhash(slot)),
        "lastValidBlockHeight": node.clock.last_valid_height(slot),
    }
    return contextual(node, options, value)


def is_blockhash_valid(node: SolanaNode, params: Params) -> object:
    return contextual(node, params.options(1), node.clock.is_recent(_blockhash_of(params.text(0))))


def get_block_height(node: SolanaNode, params: Params) -> object:
    return block_height(checked_slot(node, params.options(0)))


def get_slot(node: SolanaNode, params: Params) -> object:
    return checked_slot(node, params.options(0))


def get_epoch_info(node: SolanaNode, params: Params) -> object:
    slot = checked_slot(node, params.options(0))
    answer: Json = {
        "absoluteSlot": slot,
        "blockHeight": block_height(slot),
        "epoch": slot // SLOTS_PER_EPOCH,
        "slotIndex": slot % SLOTS_PER_EPOCH,
        "slotsInEpoch": SLOTS_PER_EPOCH,
        "transactionCount": node.store.landed_count(),
    }
    return answer


def get_fee_for_message(node: SolanaNode, params: Params) -> object:
    """The base fee alone: the sandbox has no queue that a priority fee could jump."""
    try:
        message = from_bytes_versioned(base64_of(params.text(0)))
    except ValueError as error:
        raise RpcFailure(INVALID_PARAMS, f"invalid message: {error}") from error
    fee = message.header.num_required_signatures * LAMPORTS_PER_SIGNATURE
    valid = node.clock.is_recent(message.recent_blockhash)
    return contextual(node, params.options(1), fee if valid else None)


def get_minimum_balance_for_rent_exemption(node: SolanaNode, params: Params) -> object:
    data_bytes = params.integer(0)
    if data_bytes > _ACCOUNT_BYTES_MAX:
        raise RpcFailure(INVALID_PARAMS, f"Invalid params: no account has {data_bytes} bytes")
    return node.runtime.svm.minimum_balance_for_rent_exemption(data_bytes)


def get_recent_prioritization_fees(node: SolanaNode, _params: Params) -> object:
    newest = node.clock.slot()
    slots = range(newest - _FEE_SLOTS + 1, newest + 1)
    return [{"slot": slot, "prioritizationFee": 0} for slot in slots]


def get_health(_node: SolanaNode, _params: Params) -> object:
    return "ok"


def get_version(_node: SolanaNode, _params: Params) -> object:
    return {"solana-core": "2.3.0", "feature-set": _FEATURE_SET}


def get_genesis_hash(node: SolanaNode, _params: Params) -> object:
    return str(node.genesis_hash)


def _blockhash_of(text: str) -> Hash:
    try:
        return Hash.from_string(text)
    except ValueError as error:
        raise RpcFailure(INVALID_PARAMS, f"Invalid param: {error}") from error


METHODS: Final[dict[str, Method]] = {
    "getLatestBlockhash": get_latest_blockhash,
    "isBlockhashValid": is_blockhash_valid,
    "getBlockHeight": get_block_height,
    "getSlot": get_slot,
    "getEpochInfo": get_epoch_info,
    "getFeeForMessage": get_fee_for_message,
    "getMinimumBalanceForRentExemption": get_minimum_balance_for_rent_exemption,
    "getRecentPrioritizationFees": get_recent_prioritization_fees,
    "getHealth": get_health,
    "getVersion": get_version,
    "getGenesisHash": get_genesis_hash,
}
