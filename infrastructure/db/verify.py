"""`diboas verify`: whether every invariant holds in a database."""

from infrastructure.db.invariants import INVARIANTS, check
from infrastructure.db.pool import connect


async def run(database_url: str) -> int:
    """Print a line for each violation and one at the end; 0 when there is none, else 1."""
    connection = await connect(database_url)
    try:
        violations = await check(connection)
    finally:
        await connection.close()
    for violation in violations:
        print(f"BROKEN  {violation.invariant}: {violation.detail}")  # noqa: T201  its output
    if violations:
        broken = len({violation.invariant for violation in violations})
        print(f"{broken} of {len(INVARIANTS)} invariants are broken")  # noqa: T201  its output
        return 1
    print(f"{len(INVARIANTS)} invariants hold")  # noqa: T201  its output
    return 0
