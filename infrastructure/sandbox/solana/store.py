"""What survives `kill -9`: accounts, transactions and the chain's anchor, in one SQLite file.

A transaction and the accounts that it changed are one SQLite transaction, committed before the
node answers. In WAL mode that outlives the process; FULL makes it outlive the machine as well.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from solders.account import Account
from solders.pubkey import Pubkey

FILE_NAME: Final = "solana.sqlite3"
_CACHE_KIBIBYTES: Final = 4096

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS account (
    address BLOB PRIMARY KEY, lamports INTEGER NOT NULL, owner BLOB NOT NULL, data BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS landed (
    sequence INTEGER PRIMARY KEY, signature BLOB NOT NULL UNIQUE, slot INTEGER NOT NULL,
    unix_seconds INTEGER NOT NULL, error BLOB, wire BLOB NOT NULL, meta BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS mention (
    address BLOB NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (address, sequence)
) WITHOUT ROWID;
"""
_LANDED: Final = "sequence, signature, slot, unix_seconds, error, wire, meta"
_MENTIONS: Final = """
SELECT l.sequence, signature, slot, unix_seconds, error
FROM mention m JOIN landed l USING (sequence)
WHERE address = ? AND m.sequence < ? AND m.sequence > ? AND slot <= ?
ORDER BY m.sequence DESC LIMIT ?
"""
_SEQUENCE_MAX: Final = 2**63 - 1
# Accounts are rent-exempt: their rent epoch is the largest there is.
RENT_EPOCH: Final = 2**64 - 1


class Landed(NamedTuple):
    """A transaction in the ledger; `error` and `meta` are JSON."""

    sequence: int
    signature: bytes
    slot: int
    unix_seconds: int
    error: bytes | None
    wire: bytes
    meta: bytes


class Mention(NamedTuple):
    sequence: int
    signature: bytes
    slot: int
    unix_seconds: int
    error: bytes | None


class Store:
    def __init__(self, data_dir: Path | None) -> None:
        if data_dir is not None:
            data_dir.mkdir(parents=True, exist_ok=True)
        path = ":memory:" if data_dir is None else str(data_dir / FILE_NAME)
        # One event loop uses it; the loop's thread need not be the one that opened it.
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute(f"PRAGMA cache_size = -{_CACHE_KIBIBYTES}")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        self._db.close()

    def get(self, name: str) -> bytes | None:
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return None if row is None else bytes(row[0])

    def put(self, name: str, value: bytes) -> None:
        self._db.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, value),
        )

    def accounts(self) -> Iterator[tuple[Pubkey, Account]]:
        rows = self._db.execute("SELECT address, lamports, owner, data FROM account")
        for address, lamports, owner, data in rows:
            account = Account(
                lamports, data, Pubkey(owner), executable=False, rent_epoch=RENT_EPOCH
            )
            yield Pubkey(address), account

    def save_accounts(self, accounts: Iterable[tuple[Pubkey, Account | None]]) -> None:
        """None and accounts without lamports do not exist."""
        for address, account in accounts:
            if account is None or account.lamports == 0:
                self._db.execute("DELETE FROM account WHERE address = ?", (bytes(address),))
                continue
            row = (bytes(address), account.lamports, bytes(account.owner), account.data)
            self._db.execute("INSERT OR REPLACE INTO account VALUES (?, ?, ?, ?)", row)

    def save_landed(
        self,
        *,
        signature: bytes,
        slot: int,
        unix_seconds: int,
        error: bytes | None,
        wire: bytes,
        meta: bytes,
        mentioned: Sequence[Pubkey],
        changed: Iterable[tuple[Pubkey, Account | None]],
    ) -> None:
        """All of it or nothing; on return it is durable."""
        row = (signature, slot, unix_seconds, error, wire, meta)
        self._db.execute("BEGIN IMMEDIATE")
        try:
            cursor = self._db.execute(
                "INSERT INTO landed (signature, slot, unix_seconds, error, wire, meta)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                row,
            )
            mentions = [(bytes(address), cursor.lastrowid) for address in mentioned]
            self._db.executemany("INSERT OR IGNORE INTO mention VALUES (?, ?)", mentions)
            self.save_accounts(changed)
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def knows(self, signature: bytes) -> bool:
        query = "SELECT 1 FROM landed WHERE signature = ?"
        return self._db.execute(query, (signature,)).fetchone() is not None

    def landed(self, signature: bytes) -> Landed | None:
        query = f"SELECT {_LANDED} FROM landed WHERE signature = ?"  # noqa: S608 - own constant
        row = self._db.execute(query, (signature,)).fetchone()
        return None if row is None else Landed(*row)

    def status(self, signature: bytes) -> tuple[int, int, bytes | None] | None:
        """Slot, Unix seconds and error."""
        query = "SELECT slot, unix_seconds, error FROM landed WHERE signature = ?"
        row = self._db.execute(query, (signature,)).fetchone()
        return None if row is None else (row[0], row[1], row[2])

    def newest_slot(self) -> int:
        return int(
            self._db.execute(
                "SELECT coalesce((SELECT slot FROM landed ORDER BY sequence DESC LIMIT 1), 0)"
            ).fetchone()[0]
        )

    def landed_count(self) -> int:
        return int(self._db.execute("SELECT coalesce(max(sequence), 0) FROM landed").fetchone()[0])

    def mentions(
        self,
        address: Pubkey,
        *,
        before: bytes | None,
        until: bytes | None,
        slot_max: int,
        limit: int,
    ) -> list[Mention]:
        """Newest first, older than `before`, newer than `until`."""
        upper = _SEQUENCE_MAX if before is None else self._sequence(before)
        lower = 0 if until is None else self._sequence(until)
        query = (bytes(address), upper, lower, slot_max, limit)
        return [Mention(*row) for row in self._db.execute(_MENTIONS, query)]

    def _sequence(self, signature: bytes) -> int:
        found = self.landed(signature)
        return 0 if found is None else found.sequence
