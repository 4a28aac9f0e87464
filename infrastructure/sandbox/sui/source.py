"""How users of the simulated Sui pay a bridge: to an address that is an order's own."""

import hashlib
from collections.abc import Sequence
from typing import Final

from domain.shared.assets import SUI
from infrastructure.chains.sui import addresses, building, coins
from infrastructure.chains.sui.building import Transfer
from infrastructure.chains.sui.coins import Coin
from infrastructure.chains.sui.model import Gas
from infrastructure.sandbox.market import Credit, Payment
from infrastructure.sandbox.sui.faucet import coin_reference
from infrastructure.sandbox.sui.ledger import Ledger

_DOMAIN: Final = b"bridge:order:"


def payment_of(ledger: Ledger, *, sender: str, order: str, amount: int) -> Payment | None:
    """A transfer out of the sender's coins; None where they do not cover it with its gas."""
    owner = addresses.parse(sender)
    ledger.settle()
    recipient = addresses.from_bytes(hashlib.sha256(_DOMAIN + order.encode()).digest())
    price = ledger.reference_gas_price()
    budget = coins.budget(price)
    held = [
        Coin(reference=coin_reference(ledger, coin.object_id), balance=coin.balance)
        for coin in ledger.coins_of(owner)
    ]
    chosen = coins.select_largest_first(held, amount + budget)
    if chosen is None:
        return None
    gas = Gas(payment=chosen, owner=owner, price=price, budget=budget)
    transfer = Transfer(sender=owner, recipient=recipient, amount=amount, gas=gas)
    return Payment(building.encode(transfer), recipient)


def credits_of(ledger: Ledger, digest: str) -> Sequence[Credit]:
    """Whom a transaction in a checkpoint made richer."""
    ledger.settle()
    found = ledger.find(digest)
    if found is None or found.checkpoint is None or found.error is not None:
        return ()
    changes = found.changes.items()
    return tuple(Credit(owner, SUI.symbol, change) for owner, change in changes if change > 0)
