"""What a cell of the matrix sees: a user at the API, and the sandbox from behind."""

from dataclasses import dataclass
from typing import Final

from infrastructure.db.invariants import check
from infrastructure.db.pool import Connection
from resolvers.ids import Kind, decode
from tests.integration.api.client import Json, Person
from tests.integration.breakers import forget_breakers
from tests.integration.matrix.leading import Ended, Leading
from tests.integration.matrix.node import Node

_TYPES: Final = "SELECT type FROM outbox WHERE stream_id = $1 ORDER BY sequence"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    person: Person
    connection: Connection

    async def control(self, path: str, body: object = None, method: str = "POST") -> None:
        url = f"{self.person.ready.sandbox_url}/control/{path}"
        answer = await self.person.http.request(method, url, json=body)
        assert answer.status_code == 200, answer.text

    async def calm(self) -> None:
        """No fault is set, and no provider is remembered to have failed."""
        await self.control("faults", method="DELETE")
        await self.control("solana/faults", method="DELETE")
        await self.control("solana/timing", {"confirm_ms": 0, "finalize_ms": 0})
        forget_breakers(self.person.ready)

    async def executed(self) -> dict[str, bool]:
        """The transactions of the user's that the chain has carried out, by their signatures; true
        for those that the user has signed."""
        node = Node(self.person.http, self.person.ready.solana_rpc_url)
        return await node.landed(self.person.keypair.pubkey())

    async def orders(self) -> int:
        """How many orders the providers have carried out, by their own books."""
        answer = await self.person.http.get(f"{self.person.ready.sandbox_url}/control/carried_out")
        return len(answer.json())

    async def published(self, transaction_id: str) -> list[str]:
        """The types of the transaction's events, in their order."""
        rows = await self.connection.fetch(_TYPES, decode(Kind.TRANSACTION, transaction_id))
        return [row["type"] for row in rows]

    async def lead(self, payload: Json) -> Ended:
        """What a begun transaction comes to when its user does all that is asked of them."""
        return await Leading(person=self.person).to_its_end(payload)

    async def verify(self) -> None:
        """Every invariant of ledger and log holds."""
        assert await check(self.connection) == []
