"""What providers and chains give to be signed, each in its chain's own form."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountUse:
    """An account that a Solana instruction names; `address` in base58."""

    address: str
    is_signer: bool
    is_writable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SolanaInstruction:
    """`program` in base58."""

    program: str
    accounts: tuple[AccountUse, ...]
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SolanaInstructions:
    """Parts of a message that the platform composes with its fee payer and its own fee.

    `lookup_tables` are the addresses of the tables that the message may refer to.
    """

    instructions: tuple[SolanaInstruction, ...]
    lookup_tables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SolanaTransaction:
    """A whole transaction of a provider's making, in wire form, to be signed as it is."""

    wire: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class EthereumCall:
    """What a wallet is asked to send; amounts in wei. `spender`: whom `allowance` must be given
    first, in base units of the token `token`."""

    to: str
    data: bytes
    value: int
    gas_limit: int | None = None
    token: str | None = None
    spender: str | None = None
    allowance: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BitcoinPsbt:
    """A PSBT (BIP 174) in its binary form."""

    psbt: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiTransaction:
    """BCS bytes of a Sui TransactionData."""

    transaction: bytes


Unsigned = SolanaInstructions | SolanaTransaction | EthereumCall | BitcoinPsbt | SuiTransaction
