"""What the simulated validators make of a transaction: its signature, its gas, its effects: pure."""

import hashlib
from dataclasses import dataclass, field
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from embit import base58

from infrastructure.chains.sui.bcs import NotBcs
from infrastructure.chains.sui.model import (
    Argument,
    Command,
    Pure,
    SplitCoins,
    Transaction,
    TransferObjects,
)
from infrastructure.chains.sui.reading import read

COMPUTATION_UNITS: Final = 1_000
# Of one coin as long as it is there; what it gives back when it goes is a hundredth less.
STORAGE_MIST: Final = 988_000
REBATE_MIST: Final = 978_120
BUDGET_MAX: Final = 50 * 10**9
PAYMENT_COINS_MAX: Final = 256
_SIGNATURE_BYTES: Final = 97
_KEY_AT: Final = 65
_U64_BYTES: Final = 8
_ADDRESS_BYTES: Final = 32
_NEW_OBJECT: Final = b"\xf1"


class Rejected(Exception):
    """The validators' own no, in their words."""


class Coin(msgspec.Struct, frozen=True, kw_only=True):
    """A coin object of SUI at one version; the balance in MIST."""

    object_id: str
    version: int
    owner: str
    balance: int

    @property
    def content(self) -> bytes:
        """Move's Coin in BCS."""
        return bytes.fromhex(self.object_id[2:]) + self.balance.to_bytes(_U64_BYTES, "little")

    @property
    def digest(self) -> str:
        body = self.content + self.version.to_bytes(_U64_BYTES, "little") + self.owner.encode()
        return str(base58.encode(hashlib.blake2b(body, digest_size=32).digest()))


class Executed(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction with its effects; `checkpoint` None until it is in one. `changes` are by
    owner. `gone`: forgotten before any checkpoint had it."""

    digest: str
    content: bytes
    sender: str
    error: str | None
    computation: int
    storage: int
    rebate: int
    version: int
    consumed: list[Coin]
    produced: list[Coin]
    changes: dict[str, int]
    entered: float
    checkpoint: int | None = None
    sequence: int = 0
    gone: bool = False

    @property
    def affected(self) -> set[str]:
        return {coin.object_id for coin in (*self.consumed, *self.produced)}


def digest_of(content: bytes) -> str:
    return str(base58.encode(_hash(b"TransactionData::" + content)))


def checked(content: bytes, signatures: list[bytes]) -> Transaction:
    """A transaction of what is simulated here, rightly signed; Rejected otherwise."""
    try:
        transaction = read(content)
    except NotBcs as error:
        raise Rejected(f"Invalid BCS for TransactionData: {error}") from None
    if len(signatures) != 1 or len(signatures[0]) != _SIGNATURE_BYTES or signatures[0][0] != 0:
        raise Rejected("Invalid user signature: one of Ed25519 is expected here")
    signature, key = signatures[0][1:_KEY_AT], signatures[0][_KEY_AT:]
    if "0x" + _hash(b"\0" + key).hex() != transaction.sender:
        raise Rejected("Invalid user signature: Expect one signer signature from the sender")
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, _hash(b"\0\0\0" + content))
    except (InvalidSignature, ValueError):
        raise Rejected("Invalid user signature: Signature is not valid") from None
    return transaction


def check_gas(transaction: Transaction, coins: list[Coin], reference_price: int) -> None:
    """Rejected where gas is not paid for as it must be."""
    gas = transaction.gas
    if gas.price < reference_price:
        raise Rejected(f"Gas price {gas.price} under reference gas price (RGP) {reference_price}")
    least = COMPUTATION_UNITS * gas.price
    if not least <= gas.budget <= BUDGET_MAX:
        raise Rejected(f"Gas budget: {gas.budget} is lower than min: {least}, or higher than max")
    if gas.owner != transaction.sender or not 0 < len(coins) <= PAYMENT_COINS_MAX:
        raise Rejected("Gas budget: no coins of the sender's own pay for it")
    held = sum(coin.balance for coin in coins)
    if held < gas.budget:
        raise Rejected(
            f"Balance of gas object {held} is lower than the needed amount: {gas.budget}"
        )


class Failed(Exception):
    """A command fails: gas is charged, nothing else happens."""


@dataclass(slots=True)
class _Run:
    """What commands have made of the gas coin so far. `made`: coins by command and part, each
    with its amount and, once it has one, its owner."""

    left: int
    transaction: Transaction
    made: dict[tuple[int, int], tuple[int, str]] = field(default_factory=dict)

    def carry_out(self, place: int, command: Command) -> None:
        match command:
            case SplitCoins():
                self.split(place, command)
            case TransferObjects():
                self.transfer(command)
            case _:
                raise Failed(f"FunctionNotFound in command {place}: {command.name}")

    def end(self) -> list[tuple[int, str]]:
        """The new coins, each with its owner."""
        made = list(self.made.values())
        if any(not owner for _, owner in made):
            raise Failed("UnusedValueWithoutDrop")
        return made

    def split(self, place: int, command: SplitCoins) -> None:
        if command.coin.kind != "GAS_COIN":
            raise Failed(f"InvariantViolation in command {place}: not simulated here")
        for part, argument in enumerate(command.amounts):
            amount = int.from_bytes(self.pure(argument, _U64_BYTES), "little")
            if amount > self.left:
                raise Failed(f"InsufficientCoinBalance in command {place}")
            self.left -= amount
            self.made[place, part] = (amount, "")

    def transfer(self, command: TransferObjects) -> None:
        recipient = "0x" + self.pure(command.recipient, _ADDRESS_BYTES).hex()
        for one in command.objects:
            found = (one.index, one.part or 0)
            if one.kind != "RESULT" or found not in self.made:
                raise Failed("CommandArgumentError: not simulated here")
            self.made[found] = (self.made[found][0], recipient)

    def pure(self, argument: Argument, length: int) -> bytes:
        inputs = self.transaction.inputs
        found = inputs[argument.index] if argument.index < len(inputs) else None
        if argument.kind != "INPUT" or not isinstance(found, Pure) or len(found.content) != length:
            raise Failed("CommandArgumentError: InvalidBCSBytes")
        return found.content


def execute(content: bytes, transaction: Transaction, coins: list[Coin], now: float) -> Executed:
    """The effects of a transaction that pays with `coins`."""
    error, made = _run(transaction, sum(coin.balance for coin in coins))
    computation = COMPUTATION_UNITS * transaction.gas.price
    storage, rebate = (1 + len(made)) * STORAGE_MIST, len(coins) * REBATE_MIST
    digest = _hash(b"TransactionData::" + content)
    version = 1 + max(coin.version for coin in coins)
    rest = sum(coin.balance for coin in coins) - sum(amount for amount, _ in made)
    first = msgspec.structs.replace(
        coins[0], version=version, balance=rest - computation - storage + rebate
    )
    created = [
        Coin(
            object_id="0x" + _hash(_NEW_OBJECT + digest + place.to_bytes(8, "little")).hex(),
            version=version,
            owner=owner,
            balance=amount,
        )
        for place, (amount, owner) in enumerate(made)
    ]
    produced = [first, *created]
    return Executed(
        digest=digest_of(content),
        content=content,
        sender=transaction.sender,
        error=error,
        computation=computation,
        storage=storage,
        rebate=rebate,
        version=version,
        consumed=coins,
        produced=produced,
        changes=_changes(coins, produced),
        entered=now,
    )


def _run(transaction: Transaction, held: int) -> tuple[str | None, list[tuple[int, str]]]:
    run = _Run(held - transaction.gas.budget, transaction)
    try:
        for place, command in enumerate(transaction.commands):
            run.carry_out(place, command)
        return None, run.end()
    except Failed as failure:
        return str(failure), []


def _changes(before: list[Coin], after: list[Coin]) -> dict[str, int]:
    changes: dict[str, int] = {}
    for sign, coins in ((-1, before), (1, after)):
        for coin in coins:
            changes[coin.owner] = changes.get(coin.owner, 0) + sign * coin.balance
    return {owner: change for owner, change in changes.items() if change}


def _hash(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=32).digest()
