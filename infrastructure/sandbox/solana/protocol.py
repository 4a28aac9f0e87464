"""JSON-RPC 2.0 as Solana's nodes speak it: parameters in, results or coded errors out."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Final, cast

from solders.pubkey import Pubkey
from solders.signature import Signature

from infrastructure.sandbox.solana.encoding import Json
from infrastructure.sandbox.solana.node import SolanaNode
from infrastructure.sandbox.solana.timing import Commitment

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603
PREFLIGHT_FAILURE: Final = -32002
SIGNATURE_FAILURE: Final = -32003
UNSUPPORTED_VERSION: Final = -32015
MIN_CONTEXT_SLOT: Final = -32016

API_VERSION: Final = "2.3.0"
_COMMITMENTS: Final = ("processed", "confirmed", "finalized")


class RpcFailure(Exception):
    """Becomes the `error` member of the answer."""

    def __init__(self, code: int, message: str, data: object = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data

    def json(self) -> Json:
        error: Json = {"code": self.code, "message": self.message}
        return error if self.data is None else {**error, "data": self.data}


class Params:
    """The positional parameters of a call; a wrong one is an RpcFailure."""

    def __init__(self, values: Sequence[object]) -> None:
        self._values = values

    def _at(self, index: int) -> object:
        return self._values[index] if index < len(self._values) else None

    def text(self, index: int) -> str:
        value = self._at(index)
        if not isinstance(value, str):
            raise RpcFailure(INVALID_PARAMS, f"Invalid params: a string is expected at {index}")
        return value

    def integer(self, index: int) -> int:
        value = self._at(index)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise RpcFailure(INVALID_PARAMS, f"Invalid params: an integer is expected at {index}")
        return value

    def texts(self, index: int, count_max: int) -> list[str]:
        return _texts(self._at(index), f"at {index}", count_max)

    def address(self, index: int) -> Pubkey:
        return address_of(self.text(index))

    def options(self, index: int) -> "Options":
        value = self._at(index)
        if value is not None and not isinstance(value, dict):
            raise RpcFailure(INVALID_PARAMS, f"Invalid params: an object is expected at {index}")
        return Options(cast("Json", value or {}))


class Options:
    """The configuration object that most methods take last."""

    def __init__(self, values: Json) -> None:
        self._values = values

    def text(self, name: str, default: str = "") -> str:
        value = self._values.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise RpcFailure(INVALID_PARAMS, f"Invalid params: {name} is a string")
        return value

    def flag(self, name: str) -> bool:
        return self._values.get(name) is True

    def integer(self, name: str) -> int | None:
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise RpcFailure(INVALID_PARAMS, f"Invalid params: {name} is an integer")
        return value

    def options(self, name: str) -> "Options | None":
        value = self._values.get(name)
        return Options(cast("Json", value)) if isinstance(value, dict) else None

    def texts(self, name: str, count_max: int) -> list[str]:
        return _texts(self._values.get(name), f"in {name}", count_max)

    @property
    def commitment(self) -> Commitment:
        value = self.text("commitment", "finalized")
        if value not in _COMMITMENTS:
            raise RpcFailure(INVALID_PARAMS, f"Invalid params: unknown variant `{value}`")
        return cast("Commitment", value)


def _texts(value: object, place: str, count_max: int) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise RpcFailure(INVALID_PARAMS, f"Invalid params: strings are expected {place}")
    if len(value) > count_max:
        raise RpcFailure(INVALID_PARAMS, f"Too many inputs provided; max {count_max}")
    return value


Method = Callable[[SolanaNode, Params], object]


def contextual(node: SolanaNode, options: Options, value: object) -> Json:
    """`value` with the slot that it is of; refused where the caller asks for a later one."""
    slot = checked_slot(node, options)
    return {"context": {"apiVersion": API_VERSION, "slot": slot}, "value": value}


def checked_slot(node: SolanaNode, options: Options) -> int:
    slot = node.clock.slot(options.commitment)
    wanted = options.integer("minContextSlot")
    if wanted is not None and wanted > slot:
        message = "Minimum context slot has not been reached"
        raise RpcFailure(MIN_CONTEXT_SLOT, message, {"contextSlot": slot})
    return slot


def address_of(text: str) -> Pubkey:
    try:
        return Pubkey.from_string(text)
    except ValueError as error:
        raise RpcFailure(INVALID_PARAMS, f"Invalid param: {error}") from error


def signature_of(text: str) -> bytes:
    try:
        return bytes(Signature.from_string(text))
    except ValueError as error:
        raise RpcFailure(INVALID_PARAMS, f"Invalid param: {error}") from error


def base64_of(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise RpcFailure(INVALID_PARAMS, f"invalid base64 encoding: {error}") from error
