"""What stands beside a transaction on a chain where its user pays the network."""

from dataclasses import dataclass

from domain.shared.assets import Chain


@dataclass(frozen=True, slots=True, kw_only=True)
class Gas:
    """What a network takes of the user themselves: base units of its own asset."""

    asset: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedMessage:
    """What the signed transaction is compared with, on a chain where it never gets too old.

    `commitment`: base64. `inputs`: what it spends and nothing else may, which alone can prove that
    it will never land. `is_approval`: it only lets a provider's contract take what the next one pays.
    """

    chain: Chain
    commitment: str
    inputs: tuple[str, ...]
    fee: Gas
    is_approval: bool = False
