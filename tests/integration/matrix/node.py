"""What a Solana node shows of a user's transactions."""

from dataclasses import dataclass
from typing import Final

import httpx
from solders.pubkey import Pubkey

from infrastructure.chains.solana.addresses import associated_token_account
from tests.integration.api.client import Json

_CONFIRMED: Final = {"commitment": "confirmed"}
_SIGNERS: Final[dict[str, frozenset[str]]] = {}  # who they are never changes


@dataclass(frozen=True, slots=True)
class Node:
    http: httpx.AsyncClient
    url: str

    async def landed(self, owner: Pubkey) -> dict[str, bool]:
        """The newest thousand transactions that the chain has carried out for the owner, by their
        signatures; true for those that the owner has signed."""
        found: set[str] = set()
        for address in (owner, associated_token_account(owner)):
            rows = await self._call("getSignaturesForAddress", str(address), _CONFIRMED)
            found |= {row["signature"] for row in rows if row["err"] is None}
        return {each: str(owner) in await self._signers(each) for each in found}

    async def _signers(self, signature: str) -> frozenset[str]:
        if signature not in _SIGNERS:
            shown = await self._call(
                "getTransaction", signature, {**_CONFIRMED, "encoding": "json"}
            )
            message = shown["transaction"]["message"]
            count = message["header"]["numRequiredSignatures"]
            _SIGNERS[signature] = frozenset(message["accountKeys"][:count])
        return _SIGNERS[signature]

    async def _call(self, method: str, *params: object) -> Json:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return (await self.http.post(self.url, json=body)).json()["result"]
