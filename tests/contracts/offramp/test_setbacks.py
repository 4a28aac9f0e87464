"""Every status and every code of an answer, and which setback it is."""

import logging

import httpx
import pytest

from domain.provider.ports.answers import (
    Declined,
    NotAttempted,
    Unanswered,
)
from tests.contracts.offramp.answers import AN_ORDER, REFERENCES, adapters
from tests.contracts.offramp.wishes import (
    CUSTOMER,
    bank,
)

BOTH = pytest.mark.parametrize("name", ["bridge", "due"])


# ------------------------------------------------------------------ every status


@BOTH
@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 410, 451])
async def test_a_refusal_is_a_clear_no(name: str, status: int) -> None:
    adapter = adapters(lambda _: httpx.Response(status, json={}))[name]

    answers = [
        await adapter.register_bank_account(CUSTOMER, bank(), key="bank-1"),
        await adapter.check_withdrawal_status(REFERENCES[name]),
    ]

    for answer in answers:
        assert isinstance(answer, Declined)
        assert answer.code.startswith("PRV_")
        assert str(status) in answer.reason


@BOTH
@pytest.mark.parametrize("status", [408, 500, 501, 502, 503, 504, 302])
async def test_no_answer_is_unknown_where_something_may_have_changed(
    name: str, status: int
) -> None:
    adapter = adapters(lambda _: httpx.Response(status))[name]

    assert isinstance(await adapter.initiate_crypto_to_fiat(AN_ORDER), Unanswered)
    assert isinstance(
        await adapter.register_bank_account(CUSTOMER, bank(), key="bank-1"), Unanswered
    )
    assert isinstance(await adapter.check_withdrawal_status(REFERENCES[name]), NotAttempted)
    assert isinstance(await adapter.find_withdrawal(AN_ORDER), NotAttempted)


@BOTH
async def test_a_key_that_is_not_accepted_is_reported(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    adapter = adapters(lambda _: httpx.Response(401, json={}))[name]

    with caplog.at_level(logging.ERROR):
        answer = await adapter.check_withdrawal_status(REFERENCES[name])

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_MISCONFIGURED"
    assert "not accepted" in caplog.text


@BOTH
async def test_who_cannot_be_reached_was_not_attempted(name: str) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    adapter = adapters(refuse)[name]

    assert isinstance(await adapter.initiate_crypto_to_fiat(AN_ORDER), NotAttempted)
    assert isinstance(
        await adapter.register_bank_account(CUSTOMER, bank(), key="bank-1"), NotAttempted
    )
    assert isinstance(await adapter.check_withdrawal_status(REFERENCES[name]), NotAttempted)
    assert not await adapter.healthy()


@BOTH
async def test_a_connection_that_breaks_leaves_it_unknown(name: str) -> None:
    def break_off(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("broken", request=request)

    adapter = adapters(break_off)[name]

    assert isinstance(await adapter.initiate_crypto_to_fiat(AN_ORDER), Unanswered)
    assert isinstance(await adapter.check_withdrawal_status(REFERENCES[name]), NotAttempted)


@BOTH
async def test_a_change_is_sent_once(name: str) -> None:
    sent: list[str] = []

    def away(request: httpx.Request) -> httpx.Response:
        sent.append(request.method)
        return httpx.Response(503)

    await adapters(away)[name].initiate_crypto_to_fiat(AN_ORDER)

    assert sent == ["POST"]


@BOTH
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"id": 1}', b"<html>"])
async def test_an_unreadable_answer_is_no_answer(name: str, body: bytes) -> None:
    adapter = adapters(lambda _: httpx.Response(200, content=body))[name]

    assert isinstance(await adapter.initiate_crypto_to_fiat(AN_ORDER), Unanswered)
    assert isinstance(await adapter.check_withdrawal_status(REFERENCES[name]), NotAttempted)


@BOTH
async def test_what_the_user_entered_is_in_no_reason(name: str) -> None:
    def repeat(request: httpx.Request) -> httpx.Response:
        told = {"message": request.content.decode(), "error_code": "err_recipient_invalid"}
        return httpx.Response(400, json={**told, "code": "invalid_parameters"})

    answer = await adapters(repeat)[name].register_bank_account(CUSTOMER, bank(), key="bank-1")

    assert isinstance(answer, Declined)
    assert "000123456789" not in repr(answer)
    assert "Ada" not in repr(answer)


# ------------------------------------------------------------------ codes

BRIDGE_CODES = {
    "invalid_parameters": "PRV_INVALID",
    "developer_limits_exceeded": "PRV_LIMIT",
    "requires_active_kyc_status": "PRV_CUSTOMER_NOT_READY",
    "deactivated_external_account": "PRV_BANK_ACCOUNT",
    "not_allowed": "PRV_UNSUPPORTED",
    "frozen": "PRV_DECLINED",
    "anything_else": "PRV_DECLINED",
}
DUE_CODES = {
    "err_quote_limit_below_minimum": "PRV_LIMIT",
    "err_policy_transfer_limit_exceeded": "PRV_LIMIT",
    "err_policy_breached": "PRV_DECLINED",
    "err_kyc_not_passed": "PRV_CUSTOMER_NOT_READY",
    "err_recipient_invalidated": "PRV_BANK_ACCOUNT",
    "err_recipient_type_not_supported": "PRV_UNSUPPORTED",
    "err_channel_restricted": "PRV_UNSUPPORTED",
    "err_transfer_invalid_destination_id": "PRV_INVALID",
    "err_platform_deactivated": "PRV_MISCONFIGURED",
    "err_anything_else": "PRV_DECLINED",
}


@pytest.mark.parametrize(("told", "code"), BRIDGE_CODES.items())
async def test_what_bridge_says_has_a_code_of_ours(told: str, code: str) -> None:
    body = {"code": told, "message": "words", "source": {"key": "amount"}}
    adapter = adapters(lambda _: httpx.Response(400, json=body))["bridge"]

    answer = await adapter.initiate_crypto_to_fiat(AN_ORDER)

    assert isinstance(answer, Declined)
    assert (answer.code, answer.provider_code) == (code, told)
    assert "at amount" in answer.reason


@pytest.mark.parametrize(("told", "code"), DUE_CODES.items())
async def test_what_due_says_has_a_code_of_ours(told: str, code: str) -> None:
    body = {"error_code": told, "message": "words", "http_code": 400, "details": {"memo": 1}}
    adapter = adapters(lambda _: httpx.Response(400, json=body))["due"]

    answer = await adapter.initiate_crypto_to_fiat(AN_ORDER)

    assert isinstance(answer, Declined)
    assert (answer.code, answer.provider_code) == (code, told)
    assert "at memo" in answer.reason


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "duplicate_record"),
        (400, "not_truly_idempotent"),
        (409, "duplicate_record"),
        (422, "not_truly_idempotent"),
        (422, None),
    ],
)
async def test_a_key_of_bridge_that_was_used_before_means_that_something_is_there(
    status: int, code: str | None
) -> None:
    adapter = adapters(lambda _: httpx.Response(status, json={"code": code}))["bridge"]

    assert isinstance(await adapter.initiate_crypto_to_fiat(AN_ORDER), Unanswered)


async def test_a_body_that_bridge_cannot_process_is_a_clear_no() -> None:
    told = {"code": "unprocessable_entity"}
    adapter = adapters(lambda _: httpx.Response(422, json=told))["bridge"]

    assert isinstance(await adapter.initiate_crypto_to_fiat(AN_ORDER), Declined)


async def test_a_conflict_at_due_means_that_something_may_be_there() -> None:
    adapter = adapters(lambda _: httpx.Response(409, json={}))["due"]

    assert isinstance(await adapter.initiate_crypto_to_fiat(AN_ORDER), Unanswered)
