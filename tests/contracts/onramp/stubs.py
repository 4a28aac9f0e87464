"""A client that answers what a test says, for answers that no sandbox gives."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import msgspec

from infrastructure.http import HttpClient, HttpError, HttpResponse
from infrastructure.providers.coinbase.adapter import CoinbaseOnRamp
from infrastructure.providers.coinbase.signing import CdpKey
from infrastructure.providers.stripe.adapter import StripeOnRamp
from tests.contracts.worlds import NOON

# 64 bytes: the seed is 32 of one, its public key follows.
ED25519_SECRET = (
    "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQGKiOPddAnxlf1S2y08ul1yymcJvx2UEhvzdIgBtA9vXA=="
)
API_KEY_ID = "organizations/1/apiKeys/2"

Answer = HttpResponse | HttpError
Script = Callable[[str, str], Answer]


class StubClient(HttpClient):
    """Asks `script` with method and URL; counts."""

    def __init__(self, script: Script) -> None:
        # Without a client below: opening one loads certificates, at 20 ms each.
        self._script = script
        self.asked: list[tuple[str, str, Mapping[str, str]]] = []

    async def close(self) -> None:
        """There is nothing to close."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        content: bytes | None = None,  # noqa: ARG002 - the client's own signature
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float | None = None,
        idempotent: bool = False,  # noqa: ARG002 - the client's own signature
    ) -> HttpResponse:
        assert timeout_seconds is not None, "every call has a deadline"
        self.asked.append((method, url, headers or {}))
        answer = self._script(method, url)
        if isinstance(answer, HttpError):
            raise answer
        return answer


def noon() -> datetime:
    return datetime.fromtimestamp(NOON, UTC)


def always(answer: Answer) -> StubClient:
    return StubClient(lambda _method, _url: answer)


def told(status: int, body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return HttpResponse(status, headers or {}, content)


def coinbase(client: HttpClient) -> CoinbaseOnRamp:
    return CoinbaseOnRamp(
        client,
        platform_url="https://api.cdp.coinbase.com/platform",
        history_url="https://api.developer.coinbase.com/onramp/v1",
        key=CdpKey(API_KEY_ID, ED25519_SECRET),
        webhook_secret="secret",
        us_state="CA",
        clock=noon,
    )


def stripe(client: HttpClient) -> StripeOnRamp:
    return StripeOnRamp(
        client,
        base_url="https://api.stripe.com",
        secret_key="sk_test_1",
        webhook_secret="whsec_1",
        clock=noon,
    )
