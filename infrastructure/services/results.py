"""What an idempotency key's first use came to, given again."""

from uuid import UUID

from domain.shared.errors import IdempotencyConflict, Refused
from domain.shared.ids import TransactionId
from domain.shared.unit import JsonObject
from infrastructure.db.sends import StoredResult


def again(known: StoredResult, input_hash: str) -> TransactionId:
    """Raises `IdempotencyConflict` where the key came with another input."""
    if known.input_hash != input_hash:
        raise IdempotencyConflict(field="input.idempotencyKey")
    return result_of(known.result)


def result_of(result: JsonObject) -> TransactionId:
    """The transaction that was begun; raises the refusal where it was refused."""
    if "refused" in result:
        raise Refused(code=result["refused"], field=result["field"], **result["details"])
    return TransactionId(UUID(result["transaction_id"]))
