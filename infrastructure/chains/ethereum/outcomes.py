"""Reads the node's words: what a refusal means for a call or for a broadcast: pure.

Clients agree on few codes, so the words of geth, which others took over, decide.
"""

from typing import Final

from infrastructure.chains.ethereum.wire import Failure
from infrastructure.chains.nodes import (
    AlreadyKnown,
    Conflicting,
    NodeBusy,
    NodeError,
    NodeRefused,
    NodeSilent,
)

_REVERTED_CODE: Final = 3
_LIMIT_CODES: Final = frozenset({-32005, 429})
_INTERNAL_CODE: Final = -32603
_INVALID_CODES: Final = frozenset({-32600, -32601, -32602, -32700})

_KNOWN: Final = ("already known", "known transaction", "already imported", "already exists")
# Another transaction has the nonce, or may get it: this one may still be anywhere.
_CONFLICTS: Final = ("nonce too low", "replacement transaction", "transaction underpriced")
_NO: Final = {
    "insufficient funds": "TXN_INSUFFICIENT_BALANCE",
    "exceeds balance": "TXN_INSUFFICIENT_BALANCE",
    "intrinsic gas too low": "TXN_CHAIN_REFUSED",
    "exceeds block gas limit": "TXN_CHAIN_REFUSED",
    "gas limit": "TXN_CHAIN_REFUSED",
    "fee cap": "TXN_COST_ROSE",
    "max fee per gas less than": "TXN_COST_ROSE",
    "max priority fee": "TXN_CHAIN_REFUSED",
    "invalid sender": "TXN_CHAIN_REFUSED",
    "invalid chain id": "TXN_CHAIN_REFUSED",
    "type not supported": "TXN_CHAIN_REFUSED",
    "oversized data": "TXN_CHAIN_REFUSED",
    "nonce too high": "TXN_CHAIN_REFUSED",
    "rlp": "TXN_CHAIN_REFUSED",
}


class Reverted(NodeRefused):
    """What was tried would fail in the contract."""


def failure_of_read(failure: Failure) -> NodeError:
    """What an error means for a call that changes nothing."""
    message, code = failure.message, str(failure.code)
    if failure.code in _LIMIT_CODES:
        return NodeBusy(None)
    if failure.code == _REVERTED_CODE or "revert" in message.lower():
        return Reverted(message, code, catalogue_code="TXN_SIMULATION_FAILED")
    if failure.code == _INTERNAL_CODE:
        return NodeSilent(message)
    return NodeRefused(message, code, catalogue_code=_catalogue_code(message) or "PRV_DECLINED")


def failure_of_broadcast(failure: Failure) -> NodeError:
    """What an error means for a transaction; one that is not understood leaves it unknown."""
    message, code = failure.message, str(failure.code)
    low = message.lower()
    if failure.code in _LIMIT_CODES or "txpool is full" in low:
        return NodeBusy(None)
    if any(words in low for words in _KNOWN):
        return AlreadyKnown(message, code)
    if any(words in low for words in _CONFLICTS):
        return Conflicting(message, code)
    catalogue_code = _catalogue_code(message)
    if catalogue_code is None and failure.code in _INVALID_CODES:
        catalogue_code = "TXN_CHAIN_REFUSED"
    if catalogue_code is None:
        return NodeSilent(message)
    return NodeRefused(message, code, catalogue_code=catalogue_code)


def _catalogue_code(message: str) -> str | None:
    low = message.lower()
    return next((code for words, code in _NO.items() if words in low), None)
