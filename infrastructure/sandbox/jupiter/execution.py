"""Jupiter sends what it assembled: once for each order, whatever is asked again."""

import base64
import binascii
from datetime import datetime
from typing import Final

import msgspec
from solders.message import to_bytes_versioned
from solders.transaction import VersionedTransaction

from infrastructure.sandbox.frame.server import ProviderError
from infrastructure.sandbox.frame.world import World
from infrastructure.sandbox.jupiter.pool import Pool
from infrastructure.sandbox.jupiter.swaps import Json

MISSING_ORDER: Final = -1
INVALID_TRANSACTION: Final = -2
INVALID_MESSAGE: Final = -3
NOT_LANDED: Final = -1000
UNKNOWN: Final = -1001
NOT_SIGNED: Final = -1003
_ORDERS: Final = "jupiter_order"
_RESULTS: Final = "jupiter_result"


class Order(msgspec.Struct, frozen=True):
    """`message` in base64, as it must be signed."""

    request_id: str
    message: str
    until: datetime
    input_amount: int
    output_amount: int


class ExecuteBody(msgspec.Struct, frozen=True, rename="camel"):
    signed_transaction: str
    request_id: str


class Executions:
    def __init__(self, world: World, pool: Pool) -> None:
        self._world = world
        self._pool = pool
        self._next_end: tuple[int, bool] | None = None

    def remember(self, order: Order) -> None:
        self._world.memory.put(_ORDERS, order.request_id, order)

    def end_next_with(self, code: int, *, sent: bool) -> None:
        self._next_end = (code, sent)

    def execute(self, body: bytes) -> Json:
        """The same order again is answered as the first time."""
        try:
            asked = msgspec.json.decode(body, type=ExecuteBody)
            wire = base64.b64decode(asked.signed_transaction, validate=True)
            transaction = VersionedTransaction.from_bytes(wire)
        except (msgspec.MsgspecError, binascii.Error, ValueError):
            raise _refused(INVALID_TRANSACTION, "Invalid signed transaction") from None
        order = self._world.memory.get(_ORDERS, asked.request_id, Order)
        if order is None:
            raise _refused(MISSING_ORDER, "Missing cached order")
        known = self._world.memory.get(_RESULTS, asked.request_id, dict[str, object])
        if known is not None:
            return known
        if order.until <= self._world.clock.now():
            raise _refused(MISSING_ORDER, "Missing cached order")
        if in_base64(bytes(transaction.message)) != order.message:
            raise _refused(INVALID_MESSAGE, "Invalid message bytes")
        if not _all_signed(transaction):
            return {"status": "Failed", "error": "Not fully signed", "code": NOT_SIGNED}
        result = self._send(transaction, order)
        self._world.memory.put(_RESULTS, asked.request_id, result)
        return result

    def _send(self, transaction: VersionedTransaction, order: Order) -> Json:
        simulated, self._next_end = self._next_end, None
        if simulated is not None and not simulated[1]:
            return {"status": "Failed", "error": "Simulated", "code": simulated[0]}
        executed = self._pool.execute(transaction)
        signature = str(transaction.signatures[0])
        if simulated is not None:
            return {"status": "Failed", "error": "Simulated", "code": simulated[0]}
        if not executed.landed:
            return {"status": "Failed", "error": str(executed.error), "code": NOT_LANDED}
        if executed.error is not None:
            return {
                "status": "Failed",
                "signature": signature,
                "error": str(executed.error),
                "code": UNKNOWN,
            }
        return {
            "status": "Success",
            "signature": signature,
            "slot": "0",
            "code": 0,
            "totalInputAmount": str(order.input_amount),
            "totalOutputAmount": str(order.output_amount),
            "inputAmountResult": str(order.input_amount),
            "outputAmountResult": str(order.output_amount),
            "swapEvents": [],
        }


def in_base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _all_signed(transaction: VersionedTransaction) -> bool:
    message = transaction.message
    raw = to_bytes_versioned(message)
    signers = message.account_keys[: message.header.num_required_signatures]
    return len(transaction.signatures) == len(signers) and all(
        signature.verify(signer, raw)
        for signature, signer in zip(transaction.signatures, signers, strict=True)
    )


def _refused(code: int, reason: str) -> ProviderError:
    return ProviderError(400, {"error": reason, "code": code})
