"""The sandbox's chain as somebody outside of the platform uses it, and its pace and faults."""

import base64
import struct
from typing import Any

import httpx
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.system_program import CreateAccountParams, create_account
from solders.transaction import Transaction

from bench.platform import Ready
from infrastructure.chains.solana.addresses import (
    TOKEN_ACCOUNT_BYTES,
    TOKEN_PROGRAM,
    USDC_MINT,
)

_INITIALISE_ACCOUNT = 18  # InitializeAccount3 of the token program: the owner is in its data
_LAMPORTS = 1_000_000_000


class Chain:
    def __init__(self, ready: Ready, http: httpx.AsyncClient) -> None:
        self._ready = ready
        self._http = http

    async def control(self, path: str, body: object = None, method: str = "POST") -> Any:  # noqa: ANN401 (JSON)
        url = f"{self._ready.sandbox_url}/control/solana/{path}"
        answer = await self._http.request(method, url, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def call(self, method: str, *params: object) -> Any:  # noqa: ANN401 (JSON)
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = (await self._http.post(self._ready.solana_rpc_url, json=body)).json()
        assert "error" not in answer, answer
        return answer["result"]

    async def token_account(self, program: Pubkey = TOKEN_PROGRAM) -> str:
        """A USDC account at an address that has a private key, so it lies on the curve."""
        payer, account = Keypair(), Keypair()
        await self.control("airdrop", {"address": str(payer.pubkey()), "lamports": _LAMPORTS})
        rent = await self.call("getMinimumBalanceForRentExemption", TOKEN_ACCOUNT_BYTES)
        latest = await self.call("getLatestBlockhash", {"commitment": "processed"})
        created = create_account(
            CreateAccountParams(
                from_pubkey=payer.pubkey(),
                to_pubkey=account.pubkey(),
                lamports=rent,
                space=TOKEN_ACCOUNT_BYTES,
                owner=program,
            )
        )
        initialised = Instruction(
            program,
            struct.pack("<B", _INITIALISE_ACCOUNT) + bytes(payer.pubkey()),
            [
                AccountMeta(account.pubkey(), is_signer=False, is_writable=True),
                AccountMeta(USDC_MINT, is_signer=False, is_writable=False),
            ],
        )
        blockhash = Hash.from_string(latest["value"]["blockhash"])
        message = Message.new_with_blockhash([created, initialised], payer.pubkey(), blockhash)
        transaction = Transaction([payer, account], message, blockhash)
        wire = base64.b64encode(bytes(transaction)).decode()
        await self.call("sendTransaction", wire, {"encoding": "base64"})
        return str(account.pubkey())
