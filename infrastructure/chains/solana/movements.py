"""Reads what a transaction moved from the node's own balances before and after: pure."""

import base64

from solders.transaction import VersionedTransaction

from infrastructure.chains.solana.model import Footprint, LamportMovement, TokenMovement
from infrastructure.chains.solana.wire import TokenBalance, TransactionMeta, TransactionRecord


def token_movements(record: TransactionRecord) -> list[TokenMovement]:
    """One movement for each token account whose balance changed; none if it failed."""
    meta = record.meta
    if meta is None or meta.err is not None:
        return []
    keys, first_use = _accounts(record, meta)
    before = _by_account(meta.pre_token_balances)
    after = _by_account(meta.post_token_balances)
    moved = []
    for account_index in sorted(before.keys() | after.keys()):
        balance = after.get(account_index) or before[account_index]
        delta = _amount(after.get(account_index)) - _amount(before.get(account_index))
        if delta == 0:
            continue
        moved.append(
            TokenMovement(
                account=keys[account_index],
                owner=balance.owner,
                mint=balance.mint,
                delta_base_units=delta,
                instruction_index=first_use.get(account_index, -1),
            )
        )
    return moved


def lamport_movements(record: TransactionRecord) -> list[LamportMovement]:
    """One for each address whose lamports changed; none if the transaction failed."""
    meta = record.meta
    if meta is None or meta.err is not None:
        return []
    keys, first_use = _accounts(record, meta)
    balances = zip(keys, meta.pre_balances, meta.post_balances, strict=False)
    return [
        LamportMovement(
            account=key,
            delta_lamports=after - before,
            instruction_index=first_use.get(index, -1),
        )
        for index, (key, before, after) in enumerate(balances)
        if after != before
    ]


def footprint_of(record: TransactionRecord) -> Footprint | None:
    """What the transaction left; None where the node does not tell its balances."""
    if record.meta is None:
        return None
    return Footprint(
        movements=tuple(token_movements(record)),
        lamports_spent=record.meta.pre_balances[0] - record.meta.post_balances[0],
        lamports=tuple(lamport_movements(record)),
    )


def _accounts(record: TransactionRecord, meta: TransactionMeta) -> tuple[list[str], dict[int, int]]:
    """All accounts in their order, and the first instruction that names each."""
    message = VersionedTransaction.from_bytes(base64.b64decode(record.transaction[0])).message
    loaded = meta.loaded_addresses
    keys = [str(key) for key in message.account_keys]
    if loaded is not None:
        keys += [*loaded.writable, *loaded.readonly]
    first_use: dict[int, int] = {}
    for index, instruction in enumerate(message.instructions):
        for account_index in instruction.accounts:
            first_use.setdefault(account_index, index)
    return keys, first_use


def _by_account(balances: list[TokenBalance] | None) -> dict[int, TokenBalance]:
    return {balance.account_index: balance for balance in balances or ()}


def _amount(balance: TokenBalance | None) -> int:
    return 0 if balance is None else int(balance.ui_token_amount.amount)
