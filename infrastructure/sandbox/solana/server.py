"""The node's HTTP side: JSON-RPC calls and batches, with the faults that are set."""

import asyncio
import logging
from typing import Final, cast

import orjson
from starlette.requests import Request
from starlette.responses import Response

from infrastructure.sandbox.solana import methods_accounts, methods_chain, methods_transactions
from infrastructure.sandbox.solana.encoding import Json
from infrastructure.sandbox.solana.faults import Fault
from infrastructure.sandbox.solana.node import SolanaNode
from infrastructure.sandbox.solana.protocol import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    Method,
    Params,
    RpcFailure,
)

logger = logging.getLogger(__name__)

METHODS: Final[dict[str, Method]] = {
    **methods_chain.METHODS,
    **methods_accounts.METHODS,
    **methods_transactions.METHODS,
}
# Public nodes take 50 KiB; a batch of sends fits well below this.
BODY_BYTES_MAX: Final = 2 * 1024 * 1024
BATCH_MAX: Final = 1000
_TOO_LARGE: Final = 413
_TOO_MANY_REQUESTS: Final = 429
_GATEWAY_TIMEOUT: Final = 504


class HttpFailure(Exception):
    """The whole HTTP request is answered with a status, as a proxy in front of a node would."""

    def __init__(self, status: int, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.headers = headers or {}


class SolanaServer:
    def __init__(self, node: SolanaNode) -> None:
        self._node = node

    async def handle(self, request: Request) -> Response:
        body = await request.body()
        if len(body) > BODY_BYTES_MAX:
            return Response(status_code=_TOO_LARGE)
        try:
            answer = await self._answer(body)
        except HttpFailure as failure:
            return Response(status_code=failure.status, headers=failure.headers)
        content = b"" if answer is None else orjson.dumps(answer)
        return Response(content, media_type="application/json")

    async def _answer(self, body: bytes) -> object:
        try:
            asked = orjson.loads(body)
        except orjson.JSONDecodeError:
            return _failed(None, RpcFailure(PARSE_ERROR, "Parse error"))
        if not isinstance(asked, list):
            return await self._call(asked)
        if not 0 < len(asked) <= BATCH_MAX:
            return _failed(None, RpcFailure(INVALID_REQUEST, "Invalid request"))
        answers = [await self._call(item) for item in asked]
        # Notifications are carried out and not answered.
        return [answer for answer in answers if answer is not None] or None

    async def _call(self, asked: object) -> Json | None:
        if not isinstance(asked, dict) or not isinstance(asked.get("method"), str):
            return _failed(None, RpcFailure(INVALID_REQUEST, "Invalid request"))
        identity = asked.get("id")
        try:
            result = await self._with_faults(asked["method"], asked.get("params"))
        except RpcFailure as failure:
            answer = _failed(identity, failure)
        else:
            answer = {"jsonrpc": "2.0", "result": result, "id": identity}
        return answer if "id" in asked else None

    async def _with_faults(self, method: str, params: object) -> object:
        take = self._node.faults.take
        if (fault := take("latency", method)) is not None:
            await asyncio.sleep(fault.latency_ms / 1000)
        if (fault := take("rate_limit", method)) is not None:
            retry_after = {"retry-after": str(fault.retry_after_seconds)}
            raise HttpFailure(_TOO_MANY_REQUESTS, retry_after)
        if (fault := take("error", method)) is not None:
            raise _error_of(fault)
        if (fault := take("timeout_before_executing", method)) is not None:
            await _hang(fault)
        late = take("timeout_after_executing", method)
        try:
            return self._execute(method, params)
        finally:
            if late is not None:
                await _hang(late)

    def _execute(self, method: str, params: object) -> object:
        known = METHODS.get(method)
        if known is None:
            raise RpcFailure(METHOD_NOT_FOUND, "Method not found")
        if params is not None and not isinstance(params, list):
            raise RpcFailure(INVALID_PARAMS, "`params` should be an array")
        try:
            return known(self._node, Params(cast("list[object]", params or [])))
        except RpcFailure:
            raise
        except Exception as error:
            logger.exception("%s failed", method)
            raise RpcFailure(INTERNAL_ERROR, "Internal error") from error


def _error_of(fault: Fault) -> Exception:
    if fault.http_status is not None:
        return HttpFailure(fault.http_status)
    return RpcFailure(fault.code, fault.message)


async def _hang(fault: Fault) -> None:
    await asyncio.sleep(fault.hang_ms / 1000)
    raise HttpFailure(_GATEWAY_TIMEOUT)


def _failed(identity: object, failure: RpcFailure) -> Json:
    return {"jsonrpc": "2.0", "error": failure.json(), "id": identity}
