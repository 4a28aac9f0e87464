"""Sui: signs TransactionData in BCS and answers the signature alone, as wallets do."""

from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.shared.assets import Asset
from infrastructure.chains.sui.addresses import ED25519_FLAG, of_ed25519_key, to_bytes
from infrastructure.chains.sui.bcs import NotBcs
from infrastructure.chains.sui.model import (
    Argument,
    Pure,
    SplitCoins,
    Transaction,
    TransferObjects,
)
from infrastructure.chains.sui.reading import read
from infrastructure.chains.sui.signing import message
from infrastructure.demo.device.refusal import (
    WillNotSign,
    decode,
    demand_at_most,
    demand_cost_at_most,
    encode,
)

# One SUI: wallets ask twice beyond that.
BUDGET_MIST_MAX: Final = 10**9
_U64_BYTES: Final = 8


class SuiKey:
    """An Ed25519 key."""

    def __init__(self, secret: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(secret)
        self._public = self._key.public_key().public_bytes_raw()

    @property
    def address(self) -> str:
        return of_ed25519_key(self._public)

    def sign(self, payload: str, asset: Asset, *, spends_at_most: int) -> str:  # noqa: ARG002 - there is one asset on this chain
        """What is split off our coins counts; gas is bounded by itself."""
        content = decode(payload, "Sui")
        try:
            transaction = read(content)
        except NotBcs:
            raise WillNotSign("the payload is no Sui transaction") from None
        if self.address not in {transaction.sender, transaction.gas.owner}:
            raise WillNotSign("the transaction does not ask for this key's signature")
        demand_at_most(_spent(transaction, to_bytes(self.address)), spends_at_most)
        demand_cost_at_most(transaction.gas.budget, BUDGET_MIST_MAX)
        return encode(ED25519_FLAG + self._key.sign(message(content)) + self._public)


def _spent(transaction: Transaction, ours: bytes) -> int:
    """MIST that are split off; what gives a whole coin away is refused."""
    spent = 0
    for command in transaction.commands:
        match command:
            case SplitCoins(_, amounts):
                spent += sum(_amount(transaction, one) for one in amounts)
            case TransferObjects(objects, recipient):
                whole = any(one.kind != "RESULT" for one in objects)
                if whole and _pure(transaction, recipient) != ours:
                    raise WillNotSign("the transaction gives whole coins away")
            case _:
                pass
    return spent


def _amount(transaction: Transaction, argument: Argument) -> int:
    content = _pure(transaction, argument)
    if content is None or len(content) != _U64_BYTES:
        raise WillNotSign("the transaction splits off what cannot be read")
    return int.from_bytes(content, "little")


def _pure(transaction: Transaction, argument: Argument) -> bytes | None:
    """The plain bytes that an argument names."""
    if argument.kind != "INPUT" or argument.index >= len(transaction.inputs):
        return None
    found = transaction.inputs[argument.index]
    return found.content if isinstance(found, Pure) else None
