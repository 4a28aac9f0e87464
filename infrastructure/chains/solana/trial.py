"""What a transaction would do to somebody's accounts, by a dry run of it: pure.

A provider's program can do with its user's signature whatever it likes to what is theirs. So what
counts is not what it says but what is there afterwards: of each asset, and whose the accounts are.
"""

import base64
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from solders.pubkey import Pubkey
from solders.token.state import TokenAccount

from infrastructure.chains.solana.addresses import (
    TOKEN_2022_PROGRAM,
    TOKEN_ACCOUNT_BYTES,
    TOKEN_PROGRAM,
    USDC_MINT,
    WRAPPED_SOL_MINT,
    associated_token_account,
)
from infrastructure.chains.solana.model import SimulationResult
from infrastructure.chains.solana.wire import AccountData

LAMPORTS: Final = "lamports"
"""Stands for SOL where others are told apart by their mints."""
_TOKEN_PROGRAMS: Final = frozenset({str(TOKEN_PROGRAM), str(TOKEN_2022_PROGRAM)})
# With extensions, a byte behind the account says what it is; other kinds are as long without one.
_KIND_PLACE: Final = TOKEN_ACCOUNT_BYTES
_ACCOUNT: Final = 2
_MULTISIG_BYTES: Final = 355


@dataclass(frozen=True, slots=True)
class Account:
    """`token` where it is a token account."""

    lamports: int
    program: str
    token: TokenAccount | None

    @classmethod
    def of(cls, data: AccountData) -> "Account":
        content = base64.b64decode(data.data[0])
        is_token = data.owner in _TOKEN_PROGRAMS and _is_token_account(content)
        token = TokenAccount.from_bytes(content[:TOKEN_ACCOUNT_BYTES]) if is_token else None
        return cls(data.lamports, data.owner, token)

    def is_of(self, owner: Pubkey) -> bool:
        return self.token is not None and self.token.owner == owner


Accounts = Mapping[Pubkey, Account]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The accounts of a transaction that matter, before it and after it; the latter where it
    succeeds."""

    result: SimulationResult
    before: Accounts
    after: Accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """By how much `owner` must have more afterwards, at least, by mint, or `LAMPORTS`: where that is
    negative it is what may be spent. Of what is not named nothing may be gone."""

    owner: Pubkey
    least: Mapping[str, int]


def places_of(owner: Pubkey) -> frozenset[Pubkey]:
    """Where an owner holds what is ours, by convention."""
    tokens = (associated_token_account(owner, mint) for mint in (USDC_MINT, WRAPPED_SOL_MINT))
    return frozenset({owner, *tokens})


def watched(keys: Iterable[Pubkey], before: Accounts, owners: Iterable[Pubkey]) -> list[Pubkey]:
    """Of a transaction's accounts those that are the owners', or may become theirs."""
    people = list(owners)
    places = {place for owner in people for place in places_of(owner)}
    return [
        key
        for key in keys
        if key in places
        or ((account := before.get(key)) and any(account.is_of(owner) for owner in people))
    ]


def breach(trial: Trial, bounds: Iterable[Bounds]) -> str | None:
    """In what it goes beyond the bounds; None where in nothing."""
    for bound in bounds:
        had, has = (_holdings(each, bound.owner) for each in (trial.before, trial.after))
        for asset in had.keys() | has.keys() | bound.least.keys():
            change, least = has[asset] - had[asset], bound.least.get(asset, 0)
            if change < least:
                return f"{asset} changes by {change}, not by {least} at least"
        for address, account in trial.before.items():
            if address == bound.owner or account.is_of(bound.owner):
                lost = _given_away(account, trial.after.get(address), bound.owner)
                if lost:
                    return f"gives away the {lost} of an account"
        for address in places_of(bound.owner) - trial.before.keys():
            opened = trial.after.get(address)
            if opened is not None and opened.token is not None and not _is_own(opened, bound.owner):
                return "opens an account in somebody else's power"
    return None


def _holdings(accounts: Accounts, owner: Pubkey) -> Counter[str]:
    """Wrapped SOL, and what keeps accounts open, is SOL."""
    held: Counter[str] = Counter()
    for address, account in accounts.items():
        if address != owner and not account.is_of(owner):
            continue
        held[LAMPORTS] += account.lamports
        if account.token is not None and account.token.mint != WRAPPED_SOL_MINT:
            held[str(account.token.mint)] += account.token.amount
    return held


def _given_away(before: Account, after: Account | None, owner: Pubkey) -> str | None:
    """Which power over an account that is still there somebody else has now."""
    if after is None:
        return None
    if before.token is None:
        return None if after.program == before.program else "program"
    if after.token is None or after.token.owner != owner:
        return "ownership"
    if after.token.close_authority not in {None, owner, before.token.close_authority}:
        return "closing"
    more = after.token.delegated_amount > before.token.delegated_amount
    other = after.token.delegate not in {None, before.token.delegate}
    return "spending" if after.token.delegate is not None and (other or more) else None


def _is_own(account: Account, owner: Pubkey) -> bool:
    token = account.token
    return (
        token is not None
        and token.owner == owner
        and token.delegate is None
        and token.close_authority in {None, owner}
    )


def _is_token_account(content: bytes) -> bool:
    if len(content) == TOKEN_ACCOUNT_BYTES:
        return True
    return (
        len(content) > TOKEN_ACCOUNT_BYTES
        and len(content) != _MULTISIG_BYTES
        and content[_KIND_PLACE] == _ACCOUNT
    )
