"""Solana's JSON-RPC, method by method: typed answers or typed errors, no policy.

Reads go to the first node that answers. A transaction is handed to the next node only when the one
before it was certainly never reached.
"""

import base64
from collections.abc import Sequence
from typing import Final, TypeVar

import msgspec
from msgspec.json import Decoder
from solders.pubkey import Pubkey

from infrastructure.chains.solana.errors import (
    RpcMalformed,
    RpcRateLimited,
    RpcRejected,
    RpcTimeout,
    RpcUnavailable,
)
from infrastructure.chains.solana.wire import (
    AccountData,
    Answer,
    Commitment,
    Contextual,
    EpochInfo,
    LatestBlockhash,
    SignatureInfo,
    SignatureStatus,
    Simulation,
    TokenAmount,
    TransactionRecord,
)
from infrastructure.http import HttpClient, HttpResponse, HttpTimeout, HttpUnavailable

# Bounds that the protocol itself sets.
STATUSES_MAX: Final = 256
ACCOUNTS_MAX: Final = 100
SIGNATURES_PAGE_MAX: Final = 1000
_HTTP_TOO_MANY: Final = 429
_HTTP_SERVER_ERROR: Final = 500
_INVALID_PARAMS: Final = -32602

Result = TypeVar("Result")
# Built once: each knows the type of one answer.
_ANSWER: Final = Decoder(Answer)
_ACCOUNT: Final[Decoder[Contextual[AccountData | None]]] = Decoder(Contextual[AccountData | None])
_ACCOUNTS: Final[Decoder[Contextual[list[AccountData | None]]]] = Decoder(
    Contextual[list[AccountData | None]]
)
_BALANCE: Final[Decoder[Contextual[int]]] = Decoder(Contextual[int])
_BLOCKHASH: Final[Decoder[Contextual[LatestBlockhash]]] = Decoder(Contextual[LatestBlockhash])
_EPOCH: Final[Decoder[EpochInfo]] = Decoder(EpochInfo)
_INTEGER: Final[Decoder[int]] = Decoder(int)
_SIGNATURES: Final[Decoder[list[SignatureInfo]]] = Decoder(list[SignatureInfo])
_SIMULATION: Final[Decoder[Contextual[Simulation]]] = Decoder(Contextual[Simulation])
_STATUSES: Final[Decoder[Contextual[list[SignatureStatus | None]]]] = Decoder(
    Contextual[list[SignatureStatus | None]]
)
_TEXT: Final[Decoder[str]] = Decoder(str)
_TOKEN_AMOUNT: Final[Decoder[Contextual[TokenAmount]]] = Decoder(Contextual[TokenAmount])
_TRANSACTION: Final[Decoder[TransactionRecord | None]] = Decoder(TransactionRecord | None)


class SolanaRpc:
    """`urls` in order of preference, at least one; `at(url)` narrows to a single node."""

    def __init__(self, client: HttpClient, urls: Sequence[str]) -> None:
        if not urls:
            raise ValueError("at least one RPC URL is needed")
        self._client = client
        self.urls = tuple(urls)

    def at(self, url: str) -> "SolanaRpc":
        return SolanaRpc(self._client, (url,))

    async def health(self) -> bool:
        try:
            return await self._read("getHealth", [], _TEXT) == "ok"
        except RpcRejected:
            return False

    async def latest_blockhash(
        self, commitment: Commitment = "confirmed"
    ) -> tuple[LatestBlockhash, int]:
        """The blockhash, and the slot at which the node answered."""
        answer = await self._read("getLatestBlockhash", [{"commitment": commitment}], _BLOCKHASH)
        return answer.value, answer.context.slot

    async def block_height(self, commitment: Commitment = "finalized") -> int:
        return await self._read("getBlockHeight", [{"commitment": commitment}], _INTEGER)

    async def slot(self, commitment: Commitment = "finalized") -> int:
        return await self._read("getSlot", [{"commitment": commitment}], _INTEGER)

    async def epoch_info(self, commitment: Commitment = "finalized") -> EpochInfo:
        """Slot and block height of one and the same bank."""
        return await self._read("getEpochInfo", [{"commitment": commitment}], _EPOCH)

    async def account(
        self, address: Pubkey, commitment: Commitment = "confirmed"
    ) -> AccountData | None:
        options = {"encoding": "base64", "commitment": commitment}
        answer = await self._read("getAccountInfo", [str(address), options], _ACCOUNT)
        return answer.value

    async def multiple_accounts(
        self, addresses: Sequence[Pubkey], commitment: Commitment = "confirmed"
    ) -> list[AccountData | None]:
        """In the order of `addresses`, at most ACCOUNTS_MAX."""
        options = {"encoding": "base64", "commitment": commitment}
        answer = await self._read(
            "getMultipleAccounts",
            [[str(address) for address in addresses], options],
            _ACCOUNTS,
        )
        return answer.value

    async def balance(self, address: Pubkey, commitment: Commitment = "confirmed") -> int:
        """Lamports; 0 for an account that does not exist."""
        options = {"commitment": commitment}
        answer = await self._read("getBalance", [str(address), options], _BALANCE)
        return answer.value

    async def token_balance(
        self, token_account: Pubkey, commitment: Commitment = "confirmed"
    ) -> int | None:
        """Base units; None where no such token account exists."""
        params = [str(token_account), {"commitment": commitment}]
        try:
            answer = await self._read("getTokenAccountBalance", params, _TOKEN_AMOUNT)
        except RpcRejected as error:
            if error.code == _INVALID_PARAMS and "could not find account" in error.message:
                return None
            raise
        return int(answer.value.amount)

    async def signature_statuses(
        self, signatures: Sequence[str], *, search_transaction_history: bool
    ) -> tuple[list[SignatureStatus | None], int]:
        """In the order of `signatures`, at most STATUSES_MAX; and the slot of the answer."""
        options = {"searchTransactionHistory": search_transaction_history}
        answer = await self._read(
            "getSignatureStatuses",
            [list(signatures), options],
            _STATUSES,
        )
        if len(answer.value) != len(signatures):
            raise RpcMalformed("getSignatureStatuses: as many statuses as signatures expected")
        return answer.value, answer.context.slot

    async def simulate(
        self, transaction: bytes, *, verify: bool = True, watched: Sequence[Pubkey] = ()
    ) -> Simulation:
        """With the `watched` accounts, of the transaction's own, as it would leave them."""
        options: dict[str, object] = {
            "encoding": "base64",
            "sigVerify": verify,
            "commitment": "processed",
        }
        if watched:
            addresses = [str(address) for address in watched]
            options["accounts"] = {"encoding": "base64", "addresses": addresses}
        answer = await self._read("simulateTransaction", [_text(transaction), options], _SIMULATION)
        found = answer.value.accounts
        if watched and answer.value.err is None and (found is None or len(found) != len(watched)):
            raise RpcMalformed("simulateTransaction: as many accounts as asked for expected")
        return answer.value

    async def send(
        self, transaction: bytes, *, skip_preflight: bool = False, max_retries: int = 0
    ) -> str:
        """The signature that the node accepted; never repeated after an unknown outcome."""
        options = {
            "encoding": "base64",
            "skipPreflight": skip_preflight,
            "preflightCommitment": "processed",
            "maxRetries": max_retries,
        }
        params: Sequence[object] = [_text(transaction), options]
        for url in self.urls[:-1]:
            try:
                return await self._call(url, "sendTransaction", params, _TEXT, idempotent=False)
            except RpcUnavailable:
                continue
        return await self._call(self.urls[-1], "sendTransaction", params, _TEXT, idempotent=False)

    async def transaction(
        self, signature: str, commitment: Commitment = "confirmed"
    ) -> TransactionRecord | None:
        options = {
            "encoding": "base64",
            "commitment": commitment,
            "maxSupportedTransactionVersion": 0,
        }
        return await self._read("getTransaction", [signature, options], _TRANSACTION)

    async def minimum_balance_for_rent_exemption(self, data_bytes: int) -> int:
        return await self._read("getMinimumBalanceForRentExemption", [data_bytes], _INTEGER)

    async def signatures_for_address(
        self,
        address: Pubkey,
        *,
        before: str | None = None,
        until: str | None = None,
        limit: int = SIGNATURES_PAGE_MAX,
        commitment: Commitment = "finalized",
    ) -> list[SignatureInfo]:
        """Newest first, older than `before`, newer than `until`."""
        options: dict[str, object] = {"limit": limit, "commitment": commitment}
        if before is not None:
            options["before"] = before
        if until is not None:
            options["until"] = until
        return await self._read("getSignaturesForAddress", [str(address), options], _SIGNATURES)

    async def _read(
        self, method: str, params: Sequence[object], decoder: Decoder[Result]
    ) -> Result:
        for url in self.urls[:-1]:
            try:
                return await self._call(url, method, params, decoder, idempotent=True)
            except (RpcUnavailable, RpcTimeout, RpcRateLimited, RpcMalformed):
                continue
        return await self._call(self.urls[-1], method, params, decoder, idempotent=True)

    async def _call(
        self,
        url: str,
        method: str,
        params: Sequence[object],
        decoder: Decoder[Result],
        *,
        idempotent: bool,
    ) -> Result:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        try:
            response = await self._client.request(
                "POST",
                url,
                content=msgspec.json.encode(body),
                headers={"content-type": "application/json"},
                idempotent=idempotent,
            )
        except HttpUnavailable as error:
            raise RpcUnavailable(str(error)) from error
        except HttpTimeout as error:
            raise RpcTimeout(str(error)) from error
        return _result(method, response, decoder)


def _result(method: str, response: HttpResponse, decoder: Decoder[Result]) -> Result:
    if response.status == _HTTP_TOO_MANY:
        raise RpcRateLimited(response.retry_after_seconds)
    if response.status >= _HTTP_SERVER_ERROR:
        # A proxy in front of the node may have passed the request on before it gave up.
        raise RpcTimeout(f"{method}: HTTP {response.status}")
    try:
        answer = _ANSWER.decode(response.body)
        if answer.error is not None:
            raise RpcRejected(answer.error.code, answer.error.message, answer.error.data)
        return decoder.decode(answer.result)
    except msgspec.MsgspecError as error:
        raise RpcMalformed(f"{method}: HTTP {response.status}: {error}") from error


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
