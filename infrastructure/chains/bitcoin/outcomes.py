"""Reads what a node says to a broadcast that it does not take: pure.

Esplora passes Bitcoin Core's error on as text: the code and message of `sendrawtransaction`.
"""

import re
from typing import Final

from infrastructure.chains.nodes import AlreadyKnown, Conflicting, NodeRefused

_CORE_ERROR: Final = re.compile(r'"code"\s*:\s*(-?\d+).*?"message"\s*:\s*"([^"]*)"', re.DOTALL)
_KNOWN: Final = (
    "already in block chain",
    "already in utxo set",
    "txn-already-in-mempool",
    "txn-already-known",
)
# Something else spends an input, or it is not there (yet): the transaction may still be anywhere.
_CONFLICTS: Final = (
    "missing inputs",
    "missing-inputs",
    "missingorspent",
    "txn-mempool-conflict",
    "insufficient fee",
    "bad-txns-spends-conflicting-tx",
    "too many potential replacements",
    "replacement-adds-unconfirmed",
)
_FEES: Final = ("min relay fee not met", "mempool min fee not met", "max-fee-exceeded")


def refusal_of(status: int, text: str) -> NodeRefused:
    found = _CORE_ERROR.search(text)
    code, message = (found[1], found[2]) if found else (str(status), text[:200])
    low = message.lower()
    if any(words in low for words in _KNOWN):
        return AlreadyKnown(message, code)
    if any(words in low for words in _CONFLICTS):
        return Conflicting(message, code)
    if any(words in low for words in _FEES):
        return NodeRefused(message, code, catalogue_code="TXN_COST_ROSE")
    return NodeRefused(message, code, catalogue_code="TXN_CHAIN_REFUSED")
