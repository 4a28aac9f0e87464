"""What simulated providers remember over a restart: JSON documents in one SQLite file."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeVar

import msgspec

FILE_NAME: Final = "providers.sqlite3"
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS document (
    collection TEXT NOT NULL, id TEXT NOT NULL, sequence INTEGER NOT NULL, content BLOB NOT NULL,
    PRIMARY KEY (collection, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""

Document = TypeVar("Document")


class Memory:
    """Collections of documents by their identifier. A write is durable when it returns."""

    def __init__(self, data_dir: Path | None) -> None:
        if data_dir is not None:
            data_dir.mkdir(parents=True, exist_ok=True)
        path = ":memory:" if data_dir is None else str(data_dir / FILE_NAME)
        # One event loop uses it; the loop's thread need not be the one that opened it.
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        self._db.close()

    def number(self, name: str) -> int:
        """1, 2, 3 … for each name."""
        row = self._db.execute(
            "INSERT INTO counter VALUES (?, 1)"
            " ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
            (name,),
        ).fetchone()
        return int(row[0])

    def put(self, collection: str, identifier: str, document: object) -> None:
        content = msgspec.json.encode(document)
        self._db.execute(
            "INSERT INTO document VALUES (?, ?, ?, ?)"
            " ON CONFLICT (collection, id) DO UPDATE SET content = excluded.content",
            (collection, identifier, self.number("document"), content),
        )

    def get(self, collection: str, identifier: str, kind: type[Document]) -> Document | None:
        row = self._db.execute(
            "SELECT content FROM document WHERE collection = ? AND id = ?", (collection, identifier)
        ).fetchone()
        return None if row is None else msgspec.json.decode(row[0], type=kind)

    def all(self, collection: str, kind: type[Document]) -> Iterator[Document]:
        """In the order in which they were first put."""
        for _identifier, document in self.items(collection, kind):
            yield document

    def items(self, collection: str, kind: type[Document]) -> Iterator[tuple[str, Document]]:
        """With their identifiers."""
        rows = self._db.execute(
            "SELECT id, content FROM document WHERE collection = ? ORDER BY sequence", (collection,)
        ).fetchall()
        for identifier, content in rows:
            yield identifier, msgspec.json.decode(content, type=kind)

    def once(self, collection: str, identifier: str, make: Callable[[], str]) -> str:
        """The text that was made the first time."""
        known = self.get(collection, identifier, str)
        if known is None:
            known = make()
            self.put(collection, identifier, known)
        return known
