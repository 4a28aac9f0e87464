"""What a cell of the matrix sees: a user at the API, and the sandbox from behind."""

import asyncio
import time
from dataclasses import dataclass
from typing import Final

import redis.asyncio

from infrastructure.chains.solana.addresses import associated_token_account
from infrastructure.db.invariants import check
from infrastructure.db.pool import Connection
from tests.integration.api.client import TERMINAL, Json, Person, sign

WAIT_SECONDS_MAX: Final = 25.0
_POLL_SECONDS: Final = 0.05
_SKIPPED_SECONDS: Final = 15
_SLOW: Final = ("lifi", "bridge", "due")
_CONFIRMED: Final = {"commitment": "confirmed"}
_SIGNERS: Final[dict[str, bool]] = {}  # whether the user is one, by signature
_SHOWN: Final = """query ($id: ID!) { transaction(id: $id) {
  id type state reason waitingOn fundsLocation provider receivedAmount
  userActions { id status payload } } }"""


@dataclass(frozen=True, slots=True)
class Ended:
    """`outcome` is a final state, the word of whom it waits for, or REFUSED; `reason` a code."""

    outcome: str
    reason: str | None = None
    provider: str | None = None
    received: str | None = None


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
        if payload["errors"]:
            return Ended("REFUSED", payload["errors"][0]["code"])
        identifier, done = payload["transaction"]["id"], set[str]()
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while True:
            found = (await self.person.data(_SHOWN, id=identifier))["transaction"]
            if found["state"] in TERMINAL:
                return Ended(
                    found["state"], found["reason"], found["provider"], found["receivedAmount"]
                )
            if found["waitingOn"] == "OPERATOR":
                return Ended("OPERATOR", found["fundsLocation"], found["provider"])
            assert time.monotonic() < deadline, found
            for action in found["userActions"]:
                if action["status"] == "PENDING" and action["id"] not in done:
                    await self._do(action, done)
            # Bridges and banks take their time; too far from ours, and what things cost is not believed.
            if done and found["provider"] in _SLOW:
                await self.control("clock", {"skip_seconds": _SKIPPED_SECONDS})
            await asyncio.sleep(_POLL_SECONDS)

    async def _do(self, action: Json, done: set[str]) -> None:
        """Pay or sign, as the action asks; what is not taken is tried again."""
        if action["payload"].startswith("http"):
            answer = await self.person.http.post(action["payload"], data={"outcome": "pay"})
            if answer.status_code < 400:
                done.add(action["id"])
            return
        signed = sign(action["payload"], self.person.keypair)
        if not (await self.person.submit(action["id"], signed))["errors"]:
            done.add(action["id"])

    async def verify(self) -> None:
        """Every invariant of ledger and log holds."""
        assert await check(self.connection) == []
