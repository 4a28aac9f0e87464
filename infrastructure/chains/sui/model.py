"""Sui's transactions as the adapter knows them; integers in MIST and objects' versions."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectRef:
    """An object at one version; `object_id` and `digest` are 32 bytes each."""

    object_id: bytes
    version: int
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Gas:
    """`payment` are the coins that pay, merged into the first of them. `price` in MIST per gas
    unit; `budget`: the most that it may cost."""

    payment: tuple[ObjectRef, ...]
    owner: str
    price: int
    budget: int


@dataclass(frozen=True, slots=True)
class Argument:
    """GAS_COIN, INPUT (`index`), or RESULT of the command `index`, its `part` where given."""

    kind: str
    index: int = 0
    part: int | None = None


@dataclass(frozen=True, slots=True)
class Pure:
    """Plain bytes among the inputs."""

    content: bytes


@dataclass(frozen=True, slots=True)
class Owned:
    """An object among the inputs that only its owner can use."""

    reference: ObjectRef


@dataclass(frozen=True, slots=True)
class Shared:
    """An object among the inputs that anybody can use."""

    object_id: bytes


@dataclass(frozen=True, slots=True)
class SplitCoins:
    coin: Argument
    amounts: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class TransferObjects:
    objects: tuple[Argument, ...]
    recipient: Argument


@dataclass(frozen=True, slots=True)
class OtherCommand:
    """One that is passed on as it is; `arguments` are all that it is given."""

    name: str
    arguments: tuple[Argument, ...] = ()


Input = Pure | Owned | Shared
Command = SplitCoins | TransferObjects | OtherCommand


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """TransactionData of version 1 that holds a programmable transaction."""

    sender: str
    gas: Gas
    inputs: tuple[Input, ...]
    commands: tuple[Command, ...]

    @property
    def spent(self) -> tuple[ObjectRef, ...]:
        """The objects that it uses up, each at its version: gas first."""
        owned = (one.reference for one in self.inputs if isinstance(one, Owned))
        return (*self.gas.payment, *owned)
