"""Who gives SUI away on the simulated chain: by transactions like any other."""

import secrets
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infrastructure.chains.sui import addresses, building, coins
from infrastructure.chains.sui.addresses import ED25519_FLAG, of_ed25519_key
from infrastructure.chains.sui.building import Transfer
from infrastructure.chains.sui.model import Gas, ObjectRef
from infrastructure.chains.sui.signing import message
from infrastructure.sandbox.frame.world import World
from infrastructure.sandbox.sui.ledger import Ledger

_SECRET_BYTES: Final = 32


class Faucet:
    """Its key is made once for a world; what it gives comes out of nothing."""

    def __init__(self, world: World, ledger: Ledger) -> None:
        key = world.memory.once("sui.faucet", "key", lambda: secrets.token_hex(_SECRET_BYTES))
        self._key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(key))
        self._public = self._key.public_key().public_bytes_raw()
        self._address = of_ed25519_key(self._public)
        self._ledger = ledger

    def give(self, address: str, amount: int) -> str:
        """MIST for an address; the digest of a transaction in the newest checkpoint."""
        recipient = addresses.parse(address)
        self._ledger.settle()
        price = self._ledger.reference_gas_price()
        budget = coins.budget(price)
        payment = coin_reference(self._ledger, self._ledger.fund(self._address, amount + budget))
        content = building.encode(
            Transfer(
                sender=self._address,
                recipient=recipient,
                amount=amount,
                gas=Gas(payment=(payment,), owner=self._address, price=price, budget=budget),
            )
        )
        signature = ED25519_FLAG + self._key.sign(message(content)) + self._public
        executed = self._ledger.accept(content, [signature])
        self._ledger.hurry(executed)
        return executed.digest


def coin_reference(ledger: Ledger, object_id: str) -> ObjectRef:
    """A coin of the newest checkpoint as a transaction names it. LookupError where it is gone."""
    coin = ledger.coin(object_id)
    digest = None if coin is None else building.digest_bytes(coin.digest)
    if coin is None or digest is None:
        raise LookupError(object_id)
    return ObjectRef(
        object_id=addresses.to_bytes(coin.object_id), version=coin.version, digest=digest
    )
