"""Identifiers, and how one is derived from another.

Everything a handler creates is named after what it stems from, so that deciding twice gives the
same identifiers and a repeated commit is recognised.
"""

from functools import lru_cache
from typing import NewType
from uuid import UUID, uuid5

UserId = NewType("UserId", UUID)
WalletId = NewType("WalletId", UUID)
TransactionId = NewType("TransactionId", UUID)
StreamId = NewType("StreamId", UUID)
EventId = NewType("EventId", UUID)
HoldId = NewType("HoldId", UUID)
EffectId = NewType("EffectId", UUID)
ActionId = NewType("ActionId", UUID)
AccountId = NewType("AccountId", UUID)
JournalId = NewType("JournalId", UUID)

ACCOUNT_NAMESPACE = UUID("6f0a4d1c-61f1-5c0e-9f6e-3a0d6a3f8f11")
ACCOUNTS_REMEMBERED_MAX = 65_536
"""Some 15 MB; hashing a code again and again was a third of what committing costs here."""


def derived(parent: UUID, *parts: str | int) -> UUID:
    """The identifier of the thing that `parts` name beneath `parent`; always the same."""
    return uuid5(parent, ":".join(str(part) for part in parts))


@lru_cache(maxsize=ACCOUNTS_REMEMBERED_MAX)
def account_id(code: str) -> AccountId:
    """The identifier of the ledger account with this code."""
    return AccountId(uuid5(ACCOUNT_NAMESPACE, code))
