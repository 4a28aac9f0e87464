"""The first schema: roles, identity, ledger, event log, transactions, effects, operations."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    for file in sorted(SQL.glob("*.sql")):
        # As it stands: `op.execute` would take colons in it for parameters.
        op.get_context().impl.static_output(file.read_text(encoding="utf-8"))
