"""What users of the simulated Ethereum pay bridges: by calls of the bridges' contracts."""

from collections.abc import Sequence

from domain.shared.assets import ETH
from infrastructure.sandbox import bridge_calls
from infrastructure.sandbox.ethereum.contracts import TOKENS
from infrastructure.sandbox.ethereum.ledger import Ledger
from infrastructure.sandbox.market import Credit


def credits_of(ledger: Ledger, transaction_hash: str) -> Sequence[Credit]:
    """Of a call that succeeded; what a bridge is paid in ETH is the transaction's own value."""
    ledger.settle()
    sent = ledger.find(transaction_hash)
    if sent is None or sent.height is None or not sent.succeeded:
        return ()
    call = bridge_calls.read_call(bytes.fromhex(sent.data[2:]))
    if call is None or sent.to not in bridge_calls.CONTRACTS:
        return ()
    if call.token is None:
        return (Credit(call.order, ETH.symbol, int(sent.value)),)
    return (Credit(call.order, TOKENS[call.token].symbol, call.amount),)
