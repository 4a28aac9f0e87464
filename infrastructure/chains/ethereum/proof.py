"""The hash of a transaction as a node tells it: where it is the one asked for, no field is a lie.

The order of the fields is that of EIP-155, EIP-2930, EIP-1559, EIP-4844 and EIP-7702.
"""

from collections.abc import Mapping
from typing import Final

import msgspec
import rlp  # type: ignore[import-untyped]  # ships no types
from eth_utils.crypto import keccak

from infrastructure.chains.nodes import NodeContradicts, NodeMalformed

_FIRST: Final = ("chainId", "nonce")
_CALL: Final = ("gas", "to", "value", "input")
_FEES: Final = ("maxPriorityFeePerGas", "maxFeePerGas")
_SIGNATURE: Final = ("yParity", "r", "s")
_BLOBS: Final = ("maxFeePerBlobGas", "blobVersionedHashes")
_AUTHORISATION: Final = ("chainId", "address", "nonce", "yParity", "r", "s")
_ORDERS: Final[dict[str, tuple[str, ...]]] = {
    "0x0": ("nonce", "gasPrice", *_CALL, "v", "r", "s"),
    "0x1": (*_FIRST, "gasPrice", *_CALL, "accessList", *_SIGNATURE),
    "0x2": (*_FIRST, *_FEES, *_CALL, "accessList", *_SIGNATURE),
    "0x3": (*_FIRST, *_FEES, *_CALL, "accessList", *_BLOBS, *_SIGNATURE),
    "0x4": (*_FIRST, *_FEES, *_CALL, "accessList", "authorizationList", *_SIGNATURE),
}
# Their leading zeros count; of numbers none are written.
_BYTES: Final = frozenset({"to", "input", "address", "storageKeys", "blobVersionedHashes"})

Fields = Mapping[str, object]


def demand_hash(content: bytes, transaction_hash: str) -> None:
    """NodeContradicts where the transaction in JSON is another than the hash says."""
    if hash_of(msgspec.json.decode(content, type=dict[str, object])) != transaction_hash:
        raise NodeContradicts("the transaction's content does not fit its hash")


def hash_of(fields: Fields) -> str:
    """NodeMalformed where something is missing, or the type is not known."""
    kind = fields.get("type", "0x0")
    try:
        order = _ORDERS[str(kind)]
        encoded = rlp.encode([_item(name, _field(fields, name)) for name in order])
    except (KeyError, TypeError, ValueError) as error:
        raise NodeMalformed("a transaction that cannot be hashed") from error
    prefix = b"" if kind == "0x0" else bytes([int(str(kind), 16)])
    return "0x" + keccak(prefix + encoded).hex()


def _field(fields: Fields, name: str) -> object:
    # Older nodes call the parity of typed transactions v.
    if name == "yParity" and name not in fields:
        return fields["v"]
    return fields[name]


def _item(name: str, value: object) -> object:
    if isinstance(value, list):
        return [_listed(name, element) for element in value]
    if value is None and name == "to":
        return b""
    if not isinstance(value, str):
        raise TypeError(name)
    if name in _BYTES:
        return bytes.fromhex(value.removeprefix("0x"))
    return int(value, 16)


def _listed(name: str, element: object) -> object:
    if name == "accessList":
        inside = msgspec.convert(element, dict[str, object])
        return [_item("address", inside["address"]), _item("storageKeys", inside["storageKeys"])]
    if name == "authorizationList":
        inside = msgspec.convert(element, dict[str, object])
        return [_item(part, _field(inside, part)) for part in _AUTHORISATION]
    return _item(name, element)
