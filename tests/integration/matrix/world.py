"""What a cell of the matrix sees: a user at the API, and the sandbox from behind."""

from dataclasses import dataclass
from typing import Final

import redis.asyncio

from infrastructure.chains.solana.addresses import associated_token_account
from infrastructure.db.invariants import check
from infrastructure.db.pool import Connection
from tests.integration.api.client import Json, Person
from tests.integration.matrix.leading import Ended, Leading

_CONFIRMED: Final = {"commitment": "confirmed"}
_SIGNERS: Final[dict[str, bool]] = {}  # whether the user is one, by signature


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
        async with redis.asyncio.Redis.from_url(self.person.ready.redis_url) as client:
            async for key in client.scan_iter("diboas:guard:*"):
                await client.delete(key)

    async def executed(self) -> dict[str, bool]:
        """The transactions of the user's that the chain has carried out, by their signatures; true
        for those that the user has signed."""
        owner = self.person.keypair.pubkey()
        found: set[str] = set()
        for address in (owner, associated_token_account(owner)):
            rows = await self._call("getSignaturesForAddress", str(address), _CONFIRMED)
            found |= {row["signature"] for row in rows if row["err"] is None}
        return {each: await self._is_own(each) for each in found}

    async def orders(self) -> int:
        """How many orders the providers have carried out, by their own books."""
        answer = await self.person.http.get(f"{self.person.ready.sandbox_url}/control/carried_out")
        return len(answer.json())

    async def _is_own(self, signature: str) -> bool:
        known = _SIGNERS.get(signature)
        if known is None:
            shown = await self._call(
                "getTransaction", signature, {**_CONFIRMED, "encoding": "json"}
            )
            message = shown["transaction"]["message"]
            signers = message["accountKeys"][: message["header"]["numRequiredSignatures"]]
            known = _SIGNERS[signature] = self.person.address in signers
        return known

    async def _call(self, method: str, *params: object) -> Json:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = await self.person.http.post(self.person.ready.solana_rpc_url, json=body)
        return answer.json()["result"]

    async def lead(self, payload: Json) -> Ended:
        """What a begun transaction comes to when its user does all that is asked of them."""
        return await Leading(person=self.person).to_its_end(payload)

    async def verify(self) -> None:
        """Every invariant of ledger and log holds."""
        assert await check(self.connection) == []
