"""Solana: signs transfers, swaps and calls of other programs, with lookup tables or without."""

from collections.abc import Iterator, Sequence
from typing import Final

from solders.instruction import CompiledInstruction
from solders.keypair import Keypair
from solders.message import to_bytes_versioned
from solders.pubkey import Pubkey
from solders.system_program import ID as SYSTEM_PROGRAM
from solders.transaction import VersionedTransaction

from domain.shared.assets import SOL, Asset
from infrastructure.chains.solana.addresses import (
    TOKEN_PROGRAM,
    USDC_MINT,
    WRAPPED_SOL_MINT,
    associated_token_account,
    parse_address,
)
from infrastructure.demo.device.refusal import WillNotSign, decode, demand_at_most, encode

# Rents of new accounts and tips, which swaps ask for beside the asset itself.
ASIDE_LAMPORTS_MAX: Final = 10_000_000
ASIDE_USDC_MAX: Final = 2_000_000
"""What may leave in fees beside an asset that is another than USDC."""
_TRANSFER_CHECKED: Final = 12
_TRANSFER_CHECKED_BYTES: Final = 10  # the instruction's number, an amount, the decimals
_CLOSE_ACCOUNT: Final = 9
_BURN_CHECKED: Final = 15
_BATCH: Final = b"\xff"
_BATCH_HEADER_BYTES: Final = 2
_MINT_POSITION: Final = 1
_OWNER_POSITION: Final = 3
# The system program's instructions that take lamports, each with the place of the amount.
_CREATE_ACCOUNT: Final = 0
_SYSTEM_TRANSFER: Final = 2
_AMOUNT: Final = slice(4, 12)

Keys = Sequence[Pubkey]


class SolanaKey:
    """A keypair whose transactions show what they move, but for what other programs take."""

    def __init__(self, keypair: Keypair) -> None:
        self._keypair = keypair

    @property
    def address(self) -> str:
        return str(self._keypair.pubkey())

    def sign(
        self, payload: str, asset: Asset, *, spends_at_most: int, gives_shares: bool = False
    ) -> str:
        """The transaction with our signature in our slot and the others as they were."""
        unsigned = _decode(payload)
        message, ours = unsigned.message, self._keypair.pubkey()
        signers = message.account_keys[: message.header.num_required_signatures]
        if ours not in signers:
            raise WillNotSign("the transaction does not ask for this key's signature")
        keys, instructions = message.account_keys, message.instructions
        moved = list(_tokens(keys, instructions, ours, asset, gives_shares=gives_shares))
        tokens = sum(amount for is_named, amount in moved if is_named)
        _judge(tokens, sum(_lamports(keys, instructions, ours)), asset, spends_at_most)
        demand_at_most(sum(amount for is_named, amount in moved if not is_named), ASIDE_USDC_MAX)
        signatures = unsigned.signatures
        signatures[signers.index(ours)] = self._keypair.sign_message(to_bytes_versioned(message))
        return encode(bytes(VersionedTransaction.populate(message, signatures)))


def _judge(tokens: int, lamports: int, asset: Asset, allowed: int) -> None:
    demand_at_most(tokens, allowed)
    if asset == SOL:
        demand_at_most(lamports, allowed + ASIDE_LAMPORTS_MAX)
    elif lamports > ASIDE_LAMPORTS_MAX:
        raise WillNotSign("the transaction moves SOL, which the user did not name")


def _decode(payload: str) -> VersionedTransaction:
    content = decode(payload, "Solana")
    try:
        return VersionedTransaction.from_bytes(content)
    except ValueError:
        raise WillNotSign("the payload is no Solana transaction") from None


def _tokens(
    keys: Keys,
    instructions: list[CompiledInstruction],
    owner: Pubkey,
    asset: Asset,
    *,
    gives_shares: bool,
) -> Iterator[tuple[bool, int]]:
    """Whether it is the asset, and base units, of each of the owner's token transfers; USDC may go
    beside it, in fees. Anything else that the token program
    could do with the owner's accounts is refused, but to close one to the owner's own profit, and
    to burn shares where the user gives them back."""
    mint = WRAPPED_SOL_MINT if asset == SOL else parse_address(asset.contract or "")
    for accounts, data in _token_steps(keys, instructions):
        if owner not in accounts:
            continue
        if data == bytes([_CLOSE_ACCOUNT]) and accounts[1:] == [owner, owner]:
            continue
        if _is_burn(accounts, data, owner) and gives_shares and accounts[_MINT_POSITION] != mint:
            continue
        is_transfer = len(data) == _TRANSFER_CHECKED_BYTES and data[0] == _TRANSFER_CHECKED
        if not is_transfer or accounts[_OWNER_POSITION : _OWNER_POSITION + 1] != [owner]:
            raise WillNotSign("the transaction does more with our tokens than move them")
        if _is_ours(accounts, owner):
            continue
        # A mint out of a lookup table could be any: it counts as the asset's own.
        is_named = accounts[_MINT_POSITION] in {mint, None}
        if not is_named and accounts[_MINT_POSITION] != USDC_MINT:
            raise WillNotSign("the transaction moves a token that the user did not name")
        yield is_named, int.from_bytes(data[1:9], "little")


def _token_steps(
    keys: Keys, instructions: list[CompiledInstruction]
) -> Iterator[tuple[list[Pubkey | None], bytes]]:
    """The token program's instructions, and those of its batches, with their accounts."""
    for instruction in instructions:
        if keys[instruction.program_id_index] != TOKEN_PROGRAM:
            continue
        accounts = [_key(keys, index) for index in instruction.accounts]
        data = bytes(instruction.data)
        if data[:1] == _BATCH:
            yield from _steps_of_batch(accounts, data[1:])
        else:
            yield accounts, data


def _steps_of_batch(
    accounts: list[Pubkey | None], data: bytes
) -> Iterator[tuple[list[Pubkey | None], bytes]]:
    """Each step says how many accounts and how many bytes are its own (SIMD-0266)."""
    while data:
        if len(data) < _BATCH_HEADER_BYTES:
            raise WillNotSign("the transaction has a batch that cannot be read")
        taken, size = data[0], data[1]
        body = data[_BATCH_HEADER_BYTES : _BATCH_HEADER_BYTES + size]
        if len(accounts) < taken or len(body) < size:
            raise WillNotSign("the transaction has a batch that cannot be read")
        yield accounts[:taken], body
        accounts, data = accounts[taken:], data[_BATCH_HEADER_BYTES + size :]


def _is_burn(accounts: list[Pubkey | None], data: bytes, owner: Pubkey) -> bool:
    return data[:1] == bytes([_BURN_CHECKED]) and accounts[2:] == [owner]


def _is_ours(accounts: list[Pubkey | None], owner: Pubkey) -> bool:
    """Whether it comes to the owner's own account: what we are given, approved as its taker."""
    _source, mint, target, *_ = accounts
    return mint is not None and target == associated_token_account(owner, mint)


def _lamports(keys: Keys, instructions: list[CompiledInstruction], owner: Pubkey) -> Iterator[int]:
    """What the owner gives to others, or to new accounts, by the system program."""
    for instruction in instructions:
        if keys[instruction.program_id_index] != SYSTEM_PROGRAM or not instruction.accounts:
            continue
        data = bytes(instruction.data)
        if _key(keys, instruction.accounts[0]) != owner:
            continue
        if int.from_bytes(data[:4], "little") not in {_CREATE_ACCOUNT, _SYSTEM_TRANSFER}:
            raise WillNotSign("the transaction gives the account itself away")
        yield int.from_bytes(data[_AMOUNT], "little")


def _key(keys: Keys, index: int) -> Pubkey | None:
    """None for what comes out of a lookup table, which the bytes do not show."""
    return keys[index] if index < len(keys) else None
