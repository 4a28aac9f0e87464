"""The first money of the sandbox's chains: SOL for the fee payer, USDC for the demo users.

Each first gift asks the chain before, so that a second start, or one after a crash, gives nothing twice.
"""

from typing import Final

import msgspec
from solders.pubkey import Pubkey

from domain.shared.assets import Asset
from infrastructure.chains.solana.addresses import associated_token_account
from infrastructure.chains.solana.errors import RpcError
from infrastructure.chains.solana.rpc import SolanaRpc
from infrastructure.http import HttpClient, HttpError
from infrastructure.settings import StartupError

LAMPORTS_MIN: Final = 10_000_000_000
"""Ten SOL pay for a million signatures, or five thousand new token accounts."""
_LAMPORTS_GIVEN: Final = 1_000_000_000_000
_OK: Final = 200
_HEADERS: Final = {"content-type": "application/json"}


class _Funded(msgspec.Struct, frozen=True):
    transaction_hash: str


class Faucet:
    """The control API of the sandbox at `sandbox_url`; raises StartupError where it refuses."""

    def __init__(self, client: HttpClient, sandbox_url: str, rpc_url: str) -> None:
        self._client = client
        self._control = f"{sandbox_url}/control"
        self._rpc = SolanaRpc(client, (rpc_url,))

    async def fund_platform(self, *, fee_payer: Pubkey, treasury_owner: Pubkey) -> None:
        """SOL for the fee payer when it runs low, and the treasury's token account."""
        try:
            lamports = await self._rpc.balance(fee_payer, "processed")
        except RpcError as error:
            raise _unanswered(error) from None
        if lamports < LAMPORTS_MIN:
            await self._order(
                "solana/airdrop", {"address": str(fee_payer), "lamports": _LAMPORTS_GIVEN}
            )
        await self.fund_user(treasury_owner, "0")

    async def fund_user(self, owner: Pubkey, usdc: str) -> bool:
        """USDC for who never had an account for it; whether it was given now."""
        account = associated_token_account(owner)
        try:
            held = await self._rpc.token_balance(account, "processed")
        except RpcError as error:
            raise _unanswered(error) from None
        if held is None:
            await self._order("solana/mint", {"owner": str(owner), "amount": usdc})
        return held is None

    async def fund(self, asset: Asset, address: str, base_units: int) -> str:
        """More of any asset, each time; the hash of the transaction on the asset's own chain."""
        body: dict[str, str | int] = {
            "asset": asset.symbol,
            "address": address,
            "amount": str(base_units),
        }
        told = await self._order("fund", body)
        return msgspec.json.decode(told, type=_Funded).transaction_hash

    async def _order(self, name: str, body: dict[str, str | int]) -> bytes:
        try:
            answer = await self._client.request(
                "POST",
                f"{self._control}/{name}",
                content=msgspec.json.encode(body),
                headers=_HEADERS,
            )
        except HttpError as error:
            raise _unanswered(error) from None
        if answer.status != _OK:
            text = answer.body.decode(errors="replace")
            raise StartupError(f"the sandbox refuses to {name.removeprefix('solana/')}: {text}")
        return answer.body


def _unanswered(error: Exception) -> StartupError:
    return StartupError(f"the sandbox does not answer: {error}")
