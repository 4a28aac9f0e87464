"""Reads the node's words: what a refusal means for a broadcast, what a status means: pure."""

from typing import Final

import msgspec

from infrastructure.chains.solana.errors import RpcRejected
from infrastructure.chains.solana.model import BroadcastKind, BroadcastOutcome, Level, Status
from infrastructure.chains.solana.wire import SignatureStatus

# The node answered before it handed the transaction on: preflight, signatures, parameters.
_DECLINING_CODES: Final = frozenset({-32002, -32003, -32600, -32601, -32602, -32013, -32015})
# Behind or without a slot to work on: it did not take the transaction.
_NOT_ATTEMPTED_CODES: Final = frozenset({-32004, -32005, -32016})
BLOCKHASH_EXPIRED: Final = "BlockhashNotFound"
"""Too old, or too new for this node."""
_ALREADY_PROCESSED: Final = "AlreadyProcessed"


def rejection(error: RpcRejected) -> BroadcastOutcome:
    cause = error.data.get("err") if isinstance(error.data, dict) else None
    reason = error_text(cause) or error.message
    if cause == _ALREADY_PROCESSED or "already been processed" in error.message:
        return BroadcastOutcome(kind=BroadcastKind.ACCEPTED, reason=reason)
    if error.code in _DECLINING_CODES:
        return BroadcastOutcome(kind=BroadcastKind.DECLINED, reason=reason)
    if error.code in _NOT_ATTEMPTED_CODES:
        return BroadcastOutcome(kind=BroadcastKind.NOT_ATTEMPTED, reason=reason)
    return BroadcastOutcome(kind=BroadcastKind.UNKNOWN, reason=reason)


def error_text(error: object) -> str | None:
    """The runtime's error as one text: a plain name, or its JSON."""
    if error is None or isinstance(error, str):
        return error
    return msgspec.json.encode(error).decode()


def status_of(answer: SignatureStatus | None) -> Status | None:
    if answer is None:
        return None
    # Nodes leave the level out of what they find in their history: that is final.
    level = Level(answer.confirmation_status or Level.FINALIZED)
    return Status(level=level, slot=answer.slot, error=error_text(answer.err))
