"""The ledger: LiteSVM executes, the store remembers.

The runtime verifies signatures itself, always. It also checks blockhashes, but knows only one
valid blockhash, its own latest, where a network accepts the last 150. So its check stays on, and
is lifted for one call at a time, for a transaction whose blockhash the chain's clock finds among
the recent ones; what is stale or invented goes in with the check on, and the runtime refuses it.
Its memory of processed signatures is bounded and dies with the process, so the store's, which is
exact, is asked before it.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import orjson
from solders.account import Account
from solders.clock import Clock
from solders.litesvm import LiteSVM
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction
from solders.transaction_metadata import FailedTransactionMetadata, TransactionMetadata

from infrastructure.sandbox.solana.encoding import (
    Json,
    base58,
    is_writable,
    token_amount,
    token_state,
)
from infrastructure.sandbox.solana.store import Store
from infrastructure.sandbox.solana.timing import SLOTS_PER_EPOCH, ChainClock

ALREADY_PROCESSED: Final = "AlreadyProcessed"
# Enough for what can be replayed while its blockhash is valid at a development pace.
_RUNTIME_HISTORY: Final = 4096
_LOOKUP_TABLE_HEADER_BYTES: Final = 56
_MINT_DECIMALS_OFFSET: Final = 44
_ADDRESS_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Executed:
    """`error` is the runtime's, as JSON-RPC spells it; `landed` whether the ledger has it."""

    error: object
    landed: bool
    logs: list[str]
    units: int
    return_data: Json | None = None
    accounts: Mapping[Pubkey, Account] = field(default_factory=dict)
    """As a dry run leaves them, where it succeeds."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Every account of a transaction; those from lookup tables follow its own."""

    all: tuple[Pubkey, ...]
    writable: frozenset[int]
    loaded_writable: tuple[Pubkey, ...]
    loaded_readonly: tuple[Pubkey, ...]


@dataclass(frozen=True, slots=True)
class Balances:
    lamports: list[int]
    tokens: list[Json]


class Runtime:
    def __init__(self, store: Store, clock: ChainClock) -> None:
        self.clock = clock
        self.store = store
        self.svm = LiteSVM().with_transaction_history(_RUNTIME_HISTORY)
        self._clock_slot = -1
        self._decimals: dict[Pubkey, int] = {}
        for address, account in store.accounts():
            self.svm.set_account(address, account)

    def put_account(self, address: Pubkey, account: Account) -> None:
        """Sets an account as genesis does, past every program."""
        self.svm.set_account(address, account)
        self.store.save_accounts([(address, account)])

    def simulate(
        self, transaction: VersionedTransaction, *, verify: bool, any_blockhash: bool = False
    ) -> Executed:
        """A dry run; the ledger stays as it is."""
        if not any_blockhash and self._is_replay(transaction):
            return Executed(ALREADY_PROCESSED, landed=False, logs=[], units=0)
        self._tick()
        self.svm.with_blockhash_check(
            check=not any_blockhash
            and not self.clock.is_recent(transaction.message.recent_blockhash)
        )
        self.svm.with_sigverify(sigverify=verify)
        try:
            result = self.svm.simulate_transaction(transaction)
        finally:
            self.svm.with_sigverify(sigverify=True)
            self.svm.with_blockhash_check(check=True)
        if isinstance(result, FailedTransactionMetadata):
            return _executed(result)
        return replace(_executed(result.meta()), accounts=dict(result.post_accounts()))

    def execute(self, transaction: VersionedTransaction) -> Executed:
        """Runs it in the present slot; when it lands it is durable on return."""
        if self._is_replay(transaction):
            return Executed(ALREADY_PROCESSED, landed=False, logs=[], units=0)
        self._tick()
        keys = self._keys(transaction)
        before = self._balances(keys)
        self.svm.with_blockhash_check(
            check=not self.clock.is_recent(transaction.message.recent_blockhash)
        )
        try:
            result = self.svm.send_transaction(transaction)
        finally:
            self.svm.with_blockhash_check(check=True)
        executed = _executed(result)
        if executed.landed:
            meta = result.meta() if isinstance(result, FailedTransactionMetadata) else result
            self._remember(
                transaction, keys, executed, _meta(meta, keys, before, self._balances(keys))
            )
        return executed

    def decimals(self, mint: Pubkey) -> int:
        """Those of a mint; 0 where there is none."""
        if mint not in self._decimals:
            account = self.svm.get_account(mint)
            if account is None or len(account.data) <= _MINT_DECIMALS_OFFSET:
                return 0
            self._decimals[mint] = account.data[_MINT_DECIMALS_OFFSET]
        return self._decimals[mint]

    def _is_replay(self, transaction: VersionedTransaction) -> bool:
        """A stale blockhash is refused first, as nodes do: the check is left to the runtime."""
        return self.clock.is_recent(transaction.message.recent_blockhash) and self.store.knows(
            bytes(transaction.signatures[0])
        )

    def _tick(self) -> None:
        slot = self.clock.slot()
        if slot == self._clock_slot:
            return
        epoch = slot // SLOTS_PER_EPOCH
        self.svm.set_clock(
            Clock(
                slot=slot,
                epoch_start_timestamp=0,
                epoch=epoch,
                leader_schedule_epoch=epoch + 1,
                unix_timestamp=int(self.clock.now()),
            )
        )
        self._clock_slot = slot

    def _remember(
        self, transaction: VersionedTransaction, keys: Keys, executed: Executed, meta: Json
    ) -> None:
        error = None if executed.error is None else orjson.dumps(executed.error)
        touched = [key for index, key in enumerate(keys.all) if index in keys.writable]
        self.store.save_landed(
            signature=bytes(transaction.signatures[0]),
            slot=self._clock_slot,
            unix_seconds=int(self.clock.now()),
            error=error,
            wire=bytes(transaction),
            meta=orjson.dumps(meta),
            mentioned=keys.all,
            changed=[(key, self.svm.get_account(key)) for key in touched],
        )

    def _keys(self, transaction: VersionedTransaction) -> Keys:
        message = transaction.message
        own = message.account_keys
        writable: tuple[Pubkey, ...] = ()
        readonly: tuple[Pubkey, ...] = ()
        if isinstance(message, MessageV0):
            for lookup in message.address_table_lookups:
                writable += self._looked_up(lookup.account_key, lookup.writable_indexes)
                readonly += self._looked_up(lookup.account_key, lookup.readonly_indexes)
        changeable = {index for index in range(len(own)) if is_writable(message, index)}
        changeable |= set(range(len(own), len(own) + len(writable)))
        return Keys((*own, *writable, *readonly), frozenset(changeable), writable, readonly)

    def _looked_up(self, table: Pubkey, indexes: bytes) -> tuple[Pubkey, ...]:
        account = self.svm.get_account(table)
        data = b"" if account is None else account.data[_LOOKUP_TABLE_HEADER_BYTES:]
        starts = [index * _ADDRESS_BYTES for index in indexes]
        # A table that is too short is the runtime's to refuse.
        return tuple(
            Pubkey(data[start : start + _ADDRESS_BYTES])
            for start in starts
            if start + _ADDRESS_BYTES <= len(data)
        )

    def _balances(self, keys: Keys) -> Balances:
        lamports: list[int] = []
        tokens: list[Json] = []
        for index, key in enumerate(keys.all):
            if index not in keys.writable:
                # Programs are large and never change: not worth a copy.
                lamports.append(self.svm.get_balance(key) or 0)
                continue
            account = self.svm.get_account(key)
            lamports.append(0 if account is None else account.lamports)
            state = token_state(account)
            if account is not None and state is not None:
                amount = token_amount(state.amount, self.decimals(state.mint))
                tokens.append(
                    {
                        "accountIndex": index,
                        "mint": str(state.mint),
                        "owner": str(state.owner),
                        "programId": str(account.owner),
                        "uiTokenAmount": amount,
                    }
                )
        return Balances(lamports, tokens)


def _executed(result: TransactionMetadata | FailedTransactionMetadata) -> Executed:
    meta = result.meta() if isinstance(result, FailedTransactionMetadata) else result
    error = None
    if isinstance(result, FailedTransactionMetadata):
        error = orjson.loads(result.to_json())["err"]
    # What the runtime turns away at the door has neither a signature nor a fee.
    landed = meta.signature() != Signature.default()
    return Executed(error, landed, meta.logs(), meta.compute_units_consumed(), _return_data(meta))


def _return_data(meta: TransactionMetadata) -> Json | None:
    answer = meta.return_data()
    if not answer.data:
        return None
    return {
        "programId": str(answer.program_id),
        "data": [base64.b64encode(answer.data).decode(), "base64"],
    }


def _meta(meta: TransactionMetadata, keys: Keys, before: Balances, after: Balances) -> Json:
    inner = [
        {
            "index": index,
            "instructions": [
                {
                    "programIdIndex": item.instruction().program_id_index,
                    "accounts": list(item.instruction().accounts),
                    "data": base58(item.instruction().data),
                    "stackHeight": item.stack_height(),
                }
                for item in items
            ],
        }
        for index, items in enumerate(meta.inner_instructions())
        if items
    ]
    return {
        "fee": meta.fee(),
        "preBalances": before.lamports,
        "postBalances": after.lamports,
        "preTokenBalances": before.tokens,
        "postTokenBalances": after.tokens,
        "innerInstructions": inner,
        "logMessages": meta.logs(),
        "loadedAddresses": {
            "writable": [str(key) for key in keys.loaded_writable],
            "readonly": [str(key) for key in keys.loaded_readonly],
        },
        "computeUnitsConsumed": meta.compute_units_consumed(),
        "rewards": [],
    }
