import logging

import httpx
import pytest

from infrastructure.http import (
    RETRIES_MAX,
    HttpClient,
    HttpResponse,
    HttpTimeout,
    HttpUnavailable,
)

URL = "https://node.example/secret-key?token=hidden"


class Server:
    """Answers with what it is given, the last one for ever."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.client = HttpClient(transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_only_idempotent_calls_are_repeated() -> None:
    once, often = Server(httpx.ReadError("gone")), Server(httpx.ReadError("gone"))

    with pytest.raises(HttpTimeout):
        await once.client.request("POST", URL)
    with pytest.raises(HttpTimeout):
        await often.client.request("POST", URL, idempotent=True)

    assert (len(once.requests), len(often.requests)) == (1, 1 + RETRIES_MAX)


async def test_a_repetition_carries_the_same_request_id() -> None:
    server = Server(httpx.Response(503), httpx.Response(200))

    answer = await server.client.request("GET", URL, idempotent=True)

    assert answer.status == 200
    identities = {request.headers["x-request-id"] for request in server.requests}
    assert len(identities) == 1


async def test_no_connection_and_no_answer_are_told_apart() -> None:
    with pytest.raises(HttpUnavailable) as refused:
        await Server(httpx.ConnectError("refused")).client.request("GET", URL)
    with pytest.raises(HttpTimeout):
        await Server(httpx.ReadTimeout("slow")).client.request("GET", URL)
    assert refused.value.host == "node.example"


async def test_logs_hold_neither_paths_nor_queries_nor_headers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, logger="infrastructure.http")
    server = Server(httpx.Response(200, content=b"private"))

    await server.client.request("GET", URL, headers={"authorization": "hidden"})

    own = [record.getMessage() for record in caplog.records if record.name == "infrastructure.http"]
    assert own[0].startswith("GET node.example 200")
    for word in ("secret-key", "hidden", "private"):
        assert word not in "".join(own)


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), ("", None), ("soon", None), ("-1", None), ("²", None)]
)
def test_retry_after_is_read_in_seconds(header: str, seconds: float | None) -> None:
    response = HttpResponse(429, {"retry-after": header}, b"")

    assert response.retry_after_seconds == seconds
