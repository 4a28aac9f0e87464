"""Reads the errors of the GraphQL service: what they mean for a query or for a transaction: pure.

The service wraps the validators' words, which decide; its own codes say whose fault it is.
"""

from typing import Final

from infrastructure.chains.nodes import (
    AlreadyKnown,
    Conflicting,
    NodeBusy,
    NodeError,
    NodeRefused,
    NodeSilent,
)
from infrastructure.chains.sui.wire import Failure

_LIMIT_CODES: Final = frozenset({"RATE_LIMITED", "TOO_MANY_REQUESTS"})
# The document or its variables were not taken, so nothing of it ran.
_NOT_RUN_CODES: Final = frozenset({"GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"})
_INPUT_CODE: Final = "BAD_USER_INPUT"

_KNOWN: Final = ("already finalized",)
# Another transaction has a coin, or may get it: this one may still be anywhere.
_CONFLICTS: Final = (
    "not available for consumption",
    "locked by a different transaction",
    "locked objects",
    "reserved for another transaction",
    "equivocated",
    "could not find the referenced object",
)
_NO: Final = {
    "lower than the needed amount": "TXN_INSUFFICIENT_BALANCE",
    "under reference gas price": "TXN_COST_ROSE",
    "invalid user signature": "TXN_CHAIN_REFUSED",
    "gas budget": "TXN_CHAIN_REFUSED",
    "gas price": "TXN_CHAIN_REFUSED",
    "invalid bcs": "TXN_CHAIN_REFUSED",
    "has expired": "TXN_CHAIN_REFUSED",
    "mutable object": "TXN_CHAIN_REFUSED",
    "is owned by account address": "TXN_CHAIN_REFUSED",
    "denied": "TXN_CHAIN_REFUSED",
}


def failure_of_read(failure: Failure) -> NodeError:
    """What an error means for a query."""
    code = failure.code
    if code in _LIMIT_CODES:
        return NodeBusy(None)
    if code == _INPUT_CODE or code in _NOT_RUN_CODES:
        return NodeRefused(failure.message, code)
    return NodeSilent(failure.message)


def failure_of_broadcast(failure: Failure) -> NodeError:
    """What an error means for a transaction; one that is not understood leaves it unknown."""
    message, code = failure.message, failure.code
    low = message.lower()
    if code in _LIMIT_CODES:
        return NodeBusy(None)
    if any(words in low for words in _KNOWN):
        return AlreadyKnown(message, code)
    # Validators may name several reasons at once: the one that leaves it open decides.
    if any(words in low for words in _CONFLICTS):
        return Conflicting(message, code)
    if code in _NOT_RUN_CODES:
        return NodeRefused(message, code, catalogue_code="TXN_CHAIN_REFUSED")
    catalogue_code = next((no for words, no in _NO.items() if words in low), None)
    if code != _INPUT_CODE or catalogue_code is None:
        return NodeSilent(message)
    return NodeRefused(message, code, catalogue_code=catalogue_code)
